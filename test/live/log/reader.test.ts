/** What a running Haraka logs of its decisions, in each of its formats, is read as the status server has it, whatever clients say. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { LoggedDecision } from '../../../src/cli/log/decision-line';
import { LogReader } from '../../../src/cli/log/log-reader';
import type { Decision } from '../../../src/status/answers';
import { makeFolder } from '../../../testkit/folder';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connect } from '../../../testkit/live/smtp-client';
import { type Decisions, statusJson } from '../../../testkit/live/status-client';
import { eventually } from '../../../testkit/live/talk';
import { runsInFull, supportedVersions } from '../../../testkit/live/versions';

const line =
  'smtpcheck permit action=permit rule=destination at=relay.to:1 generation=1 ip=192.0.2.9 ptr="" helo=x from=<a@b> rcpt=<c@d> reason=""';
/** What imitates keys, the end of a quoted value, whole lines of every format, and what Haraka and the suite escape. */
const hostile = [
  'x ip=192.0.2.9 rule=destination',
  'x" ip=192.0.2.9 helo="y',
  String.raw`x\" ip=192.0.2.9 rule=destination`,
  String.raw`x\\" ip=192.0.2.9`,
  String.raw`\n[NOTICE] [-] [smtpcheck] ${line}`,
  `[NOTICE] [-] [smtpcheck] ${line}`,
  `level=NOTICE uuid=- origin=smtpcheck message="smtpcheck permit" ${line.slice('smtpcheck permit '.length)}`,
  '{"level":"NOTICE","origin":"smtpcheck","message":"smtpcheck permit","action":"permit","ip":"192.0.2.9"}',
  '=',
  String.raw`\u001b\t`,
];

async function speak(haraka: RunningHaraka): Promise<void> {
  // A local part has 64 octets at most.
  const quotedPart = (text: string) => `"${text.slice(0, 40).replace(/["\\]/g, '\\$&')}"`;
  const dialogues = [
    ...hostile.map((text) => [`EHLO ${text}`]),
    ...hostile.map((text) => [
      'EHLO client.example',
      `MAIL FROM:<${quotedPart(text)}@sender.example>`,
      `RCPT TO:<${quotedPart(text)}@victim.example>`,
      `RCPT TO:<${quotedPart(text)}@backup.example>`,
    ]),
    [`VRFY ${line}`, `EXPN ${line}`],
  ];
  for (const commands of dialogues) {
    const client = await connect({ port: haraka.port, localAddress: '127.50.0.1' });
    for (const command of commands) await client.command(command);
    client.destroy();
  }
  (await connect({ port: haraka.port, localAddress: '127.77.0.1' })).destroy();
}

/** The fields that both have. */
function common(
  decision: Pick<Decision, 'outcome' | 'rule' | 'ip' | 'helo' | 'rcpt' | 'reply'> & { readonly at: string },
) {
  const { outcome, rule, ip, helo, rcpt, reply, at } = decision;
  return { outcome, rule, ip, helo, rcpt, reply, at };
}

/** The server has decisions of one millisecond in another order. */
function sorted(decisions: readonly ReturnType<typeof common>[]): readonly string[] {
  return decisions.map((decision) => JSON.stringify(decision)).sort();
}

async function read(files: Readonly<Record<string, string | Buffer>>, names = Object.keys(files), stdin?: string) {
  const decisions: LoggedDecision[] = [];
  const quiet = { write() {} };
  const pieces = stdin === undefined ? {} : { stdin: piecesOf(stdin) };
  const io = { stdout: quiet, stderr: quiet, env: {}, cwd: makeFolder(files).path, ...pieces };
  const reader = new LogReader(names, io, undefined);
  await reader.read((decision) => decisions.push(decision));
  return { decisions, tally: reader.tally };
}

/** In pieces that end anywhere, inside of characters too. */
async function* piecesOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}

for (const version of supportedVersions) {
  const formats = runsInFull(version) ? ['default', 'logfmt', 'json'] : ['default'];
  for (const format of formats) {
    describe(`the decisions in a log of Haraka ${version} in the format ${format}`, () => {
      let dns: DnsStub;
      let haraka: RunningHaraka;
      let log = '';
      let expected: readonly ReturnType<typeof common>[] = [];
      before(async () => {
        dns = await startDns({ '127.50.0.1': ['lab.campus.example'], 'lab.campus.example': { A: ['192.0.2.99'] } });
        haraka = await startHaraka({
          version,
          plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
          files: {
            host_list: 'local.example\n',
            localdomain: 'campus.example  # "the" campus = all\n',
            'relay.to': 'backup.example # spare\n',
            'host.deny': '127.77\n',
            'smtpcheck.ini': '[privacy]\nflags=goaway\n',
            'log.ini': `[main]\nlevel=protocol\ntimestamps=${format === 'default'}\nformat=${format}\n`,
          },
          dns: dns.port,
        });
        await speak(haraka);
        const asked = 'decisions.json?outcome=permit&outcome=refuse&outcome=defer';
        const { decisions } = await eventually(
          ({ decisions: found }) => found.some(({ ip }) => ip === '127.77.0.1'),
          () => statusJson<Decisions>(haraka, asked),
        );
        const placeOf = ({ entry }: Decisions['decisions'][number]) =>
          entry ? `${(entry as { file?: string }).file}:${entry.line}` : '';
        expected = decisions.map((one) => common({ ...one, at: placeOf(one) }));
        await haraka.waitForLog(/client-denied-network/);
        log = haraka.log();
      });
      after(async () => {
        await haraka?.stop();
        await dns?.stop();
      });

      it('are those that were made, with the words of the clients as they were', async () => {
        assert.ok(expected.length > 1.5 * hostile.length, String(expected.length));
        const { decisions, tally } = await read({ 'haraka.log': log });
        assert.deepEqual(sorted(decisions.map(common)), sorted(expected));
        assert.equal(tally.unreadable, 0, tally.firstUnreadable);
        assert.ok(decisions.every(({ ip }) => ip !== '192.0.2.9'));
      });

      it('have the comment of the entry, the names of the client, and their time where it is logged', async () => {
        const { decisions } = await read({ 'haraka.log': log });
        assert.ok(decisions.some(({ note }) => note === 'spare'));
        const refused = decisions.filter(({ rule }) => rule === 'relay-denied');
        assert.ok(refused.length > 0);
        for (const { names } of refused) {
          assert.deepEqual([names?.claimed, names?.confirmed, names?.areChecked], [['lab.campus.example'], [], true]);
        }
        const isRecent = (time: number | undefined) => time !== undefined && Math.abs(Date.now() - time) < 600_000;
        assert.ok(decisions.every(({ time }) => (format === 'default' ? isRecent(time) : time === undefined)));
      });

      it('are the same behind the prefixes of syslog, journald and containers, gzipped and from a pipe', async () => {
        const now = new Date();
        const iso = now.toISOString();
        const month = now.toLocaleString('en', { month: 'short' });
        const syslog = `${month} ${String(now.getDate()).padStart(2)} ${now.toTimeString().slice(0, 8)}`;
        const prefixes = [
          `${syslog} mx haraka[123]: `,
          `<134>${syslog} mx haraka: `,
          `${iso} mx.example.org haraka[123]: `,
          `<134>1 ${iso} mx haraka 123 - - `,
          `${iso.replace('Z', '+00:00')} stdout F `,
          `${iso} `,
        ];
        const wrappers = [
          ...prefixes.map((prefix) => (text: string) => prefix + text),
          (MESSAGE: string) => JSON.stringify({ __REALTIME_TIMESTAMP: `${now.getTime()}000`, MESSAGE, _PID: '1' }),
          (text: string) => JSON.stringify({ log: `${text}\n`, stream: 'stdout', time: iso }),
        ];
        for (const wrap of wrappers) {
          const prefix = wrap('');
          const lines = log.split('\n').map((text) => (text === '' ? '' : wrap(text)));
          const { decisions, tally } = await read(
            { 'a.gz': gzipSync(lines.join('\n')) },
            ['a.gz', '-'],
            lines.join('\n'),
          );
          assert.deepEqual(sorted(decisions.map(common)), sorted([...expected, ...expected]), prefix);
          assert.deepEqual([tally.unreadable, tally.withoutTime], [0, 0], prefix);
          const time = decisions[0]?.time ?? 0;
          assert.ok(Math.abs(time - now.getTime()) < 600_000, `${prefix} ${new Date(time).toISOString()}`);
        }
      });

      it('that are cut off anywhere are counted, and never read', async () => {
        const whole =
          log
            .split('\n')
            .find((text) => /^\S* ?\[INFO|^level=INFO|^{"level":"INFO/.test(text) && text.includes('destination')) ??
          '';
        const end = format === 'json' ? whole.length - 1 : whole.indexOf('reason=') + 'reason='.length;
        const begin = whole.search(/smtpcheck permit"?,? ?"?action/) + 26;
        for (let length = begin; length < end; length += 7) {
          const { decisions, tally } = await read({ 'haraka.log': `${whole.slice(0, length)}\n` });
          assert.deepEqual([decisions.length, tally.unreadable], [0, 1], whole.slice(0, length));
          assert.equal(tally.firstUnreadable, 'haraka.log:1');
        }
      });
    });
  }
}
