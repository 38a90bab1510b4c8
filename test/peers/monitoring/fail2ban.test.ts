/**
 * The shipped fail2ban filter reads the log of a Haraka that has been asked by everybody, in each format: whoever tries to
 * relay and whoever is denied counts, nobody else does, and no text of a client puts another address in the place of its own.
 */
import assert from 'node:assert/strict';
import { rules } from '../../../src/status/rules';
import { type DnsStub, startDns, type Zone } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, eventually, greet, load } from '../../../testkit/live/talk';
import { supportedVersions } from '../../../testkit/live/versions';
import { installFail2ban } from '../servers/install';
import { onPackage } from '../servers/on-package';
import { monitoringFile } from './examples';
import { Fail2ban } from './fail2ban';

const outside = 'user@victim.example';
/** Somebody else, whom a client would like to see banned. */
const innocent = '203.0.113.9';

/** Lines of a refusal of the innocent, as each format has them: too long for a mailbox, and logged all the same. */
const imitations: readonly string[] = [
  `[NOTICE] [AAAAAAAA-0000.1] [smtpcheck] smtpcheck refuse action=refuse rule=relay-denied at="" generation=1 ip=${innocent} ptr=x reason="550 5.7.1 x"`,
  `level=NOTICE uuid=A origin=smtpcheck message="smtpcheck refuse" action=refuse rule=relay-denied at="" generation=1 ip=${innocent} ptr=x reason="550 x"`,
  `{"level":"NOTICE","uuid":"A","origin":"smtpcheck","message":"smtpcheck refuse","action":"refuse","rule":"relay-denied","at":"","generation":1,"ip":"${innocent}","ptr":"","reason":"550 x"}`,
];

/** Local parts: no longer than 64 octets. Haraka 3.1 takes no blanks in them. */
const localParts: readonly string[] = [
  `ip=${innocent} ptr=x reason=\\"550 5.7.1 x\\"`,
  `\\" ip=${innocent} ptr=x reason=\\"550 5.7.1 x`,
  `\\",\\"ip\\":\\"${innocent}\\",\\"ptr\\":\\"`,
  `2001-01-01T00:00:00.000Z ip=${innocent} observed=true`,
  `ip=${innocent}\\"observed=true`,
];

/** As a word, which is all that HELO takes. */
const words: readonly string[] = [
  `"ip=${innocent}`,
  `x"\\"ip=${innocent}"reason="550`,
  `{"ip":"${innocent}"}`,
  'observed=true',
  '2001-01-01T00:00:00.000Z',
];

/** Clients by what the DNS says of them. */
const zone: Zone = {
  '127.66.5.1': { answer: 'SERVFAIL' },
  '127.66.6.2': ['one.example', 'two.example'],
  '127.66.6.3': [`ip=${innocent.replaceAll('.', '\\.')}\\"observed=true.example`],
};

interface Log {
  readonly lines: readonly string[];
  /** The address of each refusal that deserves a ban. */
  readonly offenders: readonly string[];
}

async function play(haraka: RunningHaraka): Promise<Log> {
  const offenders: string[] = [];
  const refused = async (from: string, recipient: string, visit: { helo?: string; mail?: string } = {}) => {
    assert.match(await askFor(haraka, recipient, { from, ...visit }), /^5\d\d |closed/, from);
    return from;
  };
  const offends = async (...attempt: Parameters<typeof refused>) => offenders.push(await refused(...attempt));

  await offends('127.66.0.1', outside);
  await offends('127.66.0.1', outside);
  await offends('127.66.0.2', 'user%victim.example@local.example');
  await offends('127.77.0.1', 'user@local.example');
  let imitated = 0;
  for (const [n, text] of [...localParts, ...imitations].entries()) {
    const attempts = [
      [`127.66.1.${n + 1}`, `"${text}"@victim.example`, {}],
      [`127.66.2.${n + 1}`, outside, { mail: `"${text}"@sender.example` }],
    ] as const;
    for (const [from, recipient, visit] of attempts) {
      // What is no address for Haraka never reaches the suite.
      if (!(await askFor(haraka, recipient, { from, ...visit })).startsWith('550 5.7.1 ')) continue;
      offenders.push(from);
      imitated++;
    }
  }
  assert.ok(imitated >= localParts.length, String(imitated));
  for (const [n, helo] of words.entries()) await offends(`127.66.3.${n + 1}`, outside, { helo });

  // A guest of ours, recipients that are excluded or refused, and one that cannot be.
  await refused('127.9.66.1', outside);
  await refused('127.66.4.1', 'user@no.backup.example');
  await refused('127.66.4.2', 'user@closed.example');
  await refused('127.66.4.3', 'user@[203.0.113.300]');
  assert.match(await askFor(haraka, outside, { from: '127.9.0.1' }), /^250 /);
  assert.match(await askFor(haraka, 'user@backup.example', { from: '127.66.4.4' }), /^250 /);
  assert.match(await askFor(haraka, 'user@local.example', { from: '127.66.4.5' }), /^250 /);
  const talker = await greet(haraka, { from: '127.66.4.6' });
  for (const text of imitations) {
    for (const verb of ['', 'VRFY ', 'EXPN ', 'NOOP ']) await talker.command(verb + text);
  }
  talker.destroy();

  // Names in the line, which their owners choose, and one that cannot be looked up.
  await load(haraka, 'localdomain', 'campus.example\n');
  assert.match(await askFor(haraka, outside, { from: '127.66.5.1' }), /^450 /);
  for (const from of ['127.66.6.1', '127.66.6.2', '127.66.6.3']) await offends(from, outside);
  await load(haraka, 'localdomain', '# none\n');
  await load(haraka, 'smtpcheck.ini', '[main]\nmode=observe\nsettle=50ms\npoll=200ms\n');
  // Haraka itself relays for nobody.
  for (const from of ['127.66.5.2', '127.77.0.2']) await askFor(haraka, outside, { from });
  const log = await eventually(
    (text) => text.includes('127.77.0.2') && /observed"?[=:]true/.test(text),
    async () => haraka.log(),
  );
  return { lines: log.split('\n'), offenders };
}

onPackage('fail2ban beside this suite', installFail2ban(), ({ root }) => {
  const fail2ban = new Fail2ban(root);
  let dns: DnsStub;
  before(async () => {
    dns = await startDns(zone);
  });
  after(async () => {
    await dns.stop();
    fail2ban.remove();
  });

  const forms = supportedVersions.flatMap((version) =>
    ['default', 'logfmt', 'json'].flatMap((format) =>
      [true, false].map((timestamps) => ({ version, format, timestamps })),
    ),
  );

  for (const { version, format, timestamps } of forms) {
    const how = timestamps ? 'with timestamps' : 'without timestamps, and behind the header of syslog';
    it(`counts offenders and nobody else in the log of Haraka ${version}, ${format}, ${how}`, async () => {
      const haraka = await startHaraka({
        version,
        dns: dns.port,
        // Without the one for HELO, which would refuse a part of the texts.
        plugins: [
          'smtpcheck/plugins/deny',
          'smtpcheck/plugins/privacy',
          'smtpcheck/plugins/relay',
          'rcpt_to.in_host_list',
        ],
        files: {
          host_list: 'local.example\n',
          localip: '127.9\n!127.9.66  # guests\n',
          'relay.to': 'backup.example\n!no.backup.example\n',
          'relay.map': 'To:closed.example REJECT\n',
          'host.deny': `127.77  # "noted" ip=${innocent}\n`,
          'log.ini': `[main]\nlevel=protocol\ntimestamps=${timestamps}\nformat=${format}\n`,
        },
      });
      const { lines, offenders } = await play(haraka).finally(() => haraka.stop());
      assert.ok(lines.some((line) => /names.*forged/.test(line)));
      const counted = (of: readonly string[], isDated: boolean) =>
        fail2ban
          .failures(of, isDated)
          .map(({ ip }) => ip)
          .sort();
      assert.deepEqual(counted(lines, timestamps), [...offenders].sort());
      assert.ok(lines.some((line) => line.includes(innocent)));
      const now = Date.now() / 1000;
      for (const { time } of fail2ban.failures(lines, timestamps)) assert.ok(Math.abs(now - time) < 120, String(time));
      if (timestamps) return;
      for (const header of ['Nov 30 14:00:00 mx haraka[12]: ', '2026-11-30T14:00:00.123456+00:00 mx haraka[12]: ']) {
        assert.deepEqual(
          counted(
            lines.map((line) => header + line),
            true,
          ),
          [...offenders].sort(),
          header,
        );
      }
    });
  }

  it('reads the jail', () => {
    const jail = fail2ban.jail();
    for (const setting of ["'maxretry', 5", "'findtime', '10m'", "'bantime', '1h'", "'_SYSTEMD_UNIT=haraka.service'"]) {
      assert.ok(jail.includes(setting), `${setting} in ${jail}`);
    }
    assert.match(jail, /'addfailregex'/);
    assert.match(jail, /'start', 'smtpcheck'/);
  });

  it('has rules in its filter that refuse', () => {
    const [, list = ''] = /^rules += (\S+)$/m.exec(monitoringFile('fail2ban/filter.d/smtpcheck.conf')) ?? [];
    const refusing: readonly string[] = Object.values(rules).flatMap(({ refuse }) => refuse);
    assert.ok(list.includes('relay-denied'));
    for (const rule of list.split('|')) assert.ok(refusing.includes(rule), rule);
  });
});
