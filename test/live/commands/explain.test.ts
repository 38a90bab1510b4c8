/**
 * `smtpcheck explain` against a running Haraka with the same folder: the same lines, reply by reply. Codes must be equal
 * always, and the text too where the suite made the reply.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { playSession } from '../../../src/cli/explain/command';
import type { PlayedSession } from '../../../src/cli/explain/print';
import { type Case, clientOf, mailboxOf, readCases } from '../../../testkit/live/corpus';
import { type CorpusSite, startCorpusSite } from '../../../testkit/live/corpus-site';
import { type DnsStub, startDns, type Zone } from '../../../testkit/live/dns';
import { listeners, type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { noIpv6, withoutIpv6 } from '../../../testkit/live/ipv6';
import { connect, type Reply, type SmtpClient } from '../../../testkit/live/smtp-client';
import { load, said } from '../../../testkit/live/talk';
import { runsInFull, supportedVersions } from '../../../testkit/live/versions';

/** Cases of the corpus that no list of single commands can tell, or not to their end, and why. */
const notPlayedWhole: Readonly<Record<string, string>> = {
  'sh-control-04': 'a bare LF makes two commands of one write',
  'sh-wire-04': 'three commands in one write (pipelining)',
  'sh-piggyback-05': 'played up to its DATA: explain takes no message',
  'scope-32': 'played up to its DATA: explain takes no message',
  'scope-34': 'five commands in one write (pipelining)',
  'sh-wire-06': 'played up to its DATA: explain takes no message',
  'sh-wire-07': 'played up to its DATA: explain takes no message',
};

/** Cases where the parser of Haraka 3.1 answers otherwise than that of 3.3, which explain follows. */
const otherIn31: Readonly<Record<string, string>> = {
  'sh-control-08': '3.1 leaves a control character in a HELO name to the suite, which words its refusal otherwise',
  'sh-control-09': 'likewise',
  'sh-control-10': 'likewise',
  'sh-control-18': '3.1 hands a domain with a C1 control to the plugins, of which the suite refuses it',
  'sh-length-05': '3.1 hands a label over 63 octets to the plugins, of which the suite refuses it',
  'sh-legit-21': '3.1 answers 501 to any blank in a path',
};

/** Likewise commands, left out of random sessions with 3.1. */
const otherCommandsIn31: readonly { readonly command: RegExp; readonly reason: string }[] = [
  { command: /[\uff01-\uff5e]/, reason: '3.1 encodes full-width letters, which 3.3 maps to plain ones' },
  { command: /^RCPT TO:<>$/, reason: '3.1 answers 501, and 3.3 asks the plugins about the empty path' },
  { command: /^(?:MAIL|RCPT)$/, reason: '3.1 does without FROM: and TO:, and takes a bare MAIL for one from <>' },
  {
    command: /@constructor>$/,
    reason: 'where the suite only observes, in_host_list of 3.1 takes it for a local domain',
  },
];

const cases = readCases();

describe('the cases of the corpus that explain cannot play', () => {
  it('are these and no others', () => {
    const left = cases.filter((attack) => playableLines(attack).length < linesOf(attack).length).map(({ id }) => id);
    assert.deepEqual(left.sort(), Object.keys(notPlayedWhole).sort());
  });
});

for (const version of supportedVersions) {
  describe(`explain and Haraka ${version} on the attack corpus`, () => {
    let site: CorpusSite;
    before(async () => {
      site = await startCorpusSite(version);
    });
    after(() => site?.stop());

    for (const [number, attack] of cases.entries()) {
      if (!runsInFull(version) && !otherIn31[attack.id]) continue;
      const { address, listener } = clientOf(number, attack);
      const lines = playableLines(attack);
      const remark = notPlayedWhole[attack.id];
      if (!listeners.includes(listener)) {
        it(`${attack.id}: ${noIpv6}`, withoutIpv6);
        continue;
      }
      const exception = version === '3.1' ? otherIn31[attack.id] : undefined;
      const told = [remark, exception].filter(Boolean).map((text) => ` (${text})`);
      it(`${exception ? 'differ' : 'agree'} on ${attack.id}${told.join('')}`, async () => {
        const host = listener === 'ipv6' ? '::1' : '127.0.0.1';
        const client = await connect({ port: site.haraka.ports[listener] ?? 0, host, localAddress: address });
        try {
          const session = await explained(site.haraka, address, lines);
          const differences = await compare(client, session);
          if (exception) {
            assert.notDeepEqual(differences, [], 'no longer an exception');
            return;
          }
          assert.deepEqual(differences, [], client.transcript);
          await checkDispositions(site.haraka, client, session);
        } finally {
          client.destroy();
        }
      });
    }

    if (!runsInFull(version)) return;

    it('agree when the names are given instead of asked for', async () => {
      for (const [number, attack] of cases.entries()) {
        if (!attack.client_dns) continue;
        const { address } = clientOf(number, attack);
        const { ptr, confirmed } = attack.client_dns;
        const names = {
          ptr: ptr.filter((n) => confirmed.includes(n)),
          forgedPtr: ptr.filter((n) => !confirmed.includes(n)),
        };
        const lines = playableLines(attack);
        const given = await playSession(
          folderOf(site.haraka),
          { ip: address, ...names, dns: false, dnsFailure: false },
          lines,
        );
        const asked = await explained(site.haraka, address, lines);
        assert.deepEqual(
          given.steps.map(({ reply }) => reply.code),
          asked.steps.map(({ reply }) => reply.code),
          attack.id,
        );
      }
    });
  });

  if (!runsInFull(version)) continue;

  describe(`explain and Haraka ${version} on random sessions`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;
    before(async () => {
      stub = await startDns(zone);
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
        files: { me: 'mx.local.example\n', host_list: 'local.example\n', 'smtpcheck.ini': settingsText(stub, []) },
        dns: stub.port,
      });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    it('agree on 150 of them, under 15 policies', async function () {
      this.timeout(180_000);
      let played = 0;
      const rules = new Set<string>();
      await fc.assert(
        fc.asyncProperty(policies, fc.array(sessions, { minLength: 10, maxLength: 10 }), async (policy, several) => {
          await load(haraka, 'smtpcheck.ini', settingsText(stub, policy.settings));
          for (const [name, entries] of Object.entries(policy.lists)) await load(haraka, name, entries.join('\n'));
          for (const { address, lines } of several) {
            played++;
            const common = version === '3.3' ? lines : lines.filter(isCommon);
            for (const rule of await agree(haraka, address, common)) rules.add(rule);
          }
        }),
        { seed: 20261135, numRuns: 15, endOnFailure: true },
      );
      assert.equal(played, 150);
      assert.deepEqual(
        telling.filter((rule) => !rules.has(rule)),
        [],
        'never came into play',
      );
    });
  });
}

function isCommon(line: string): boolean {
  return !otherCommandsIn31.some(({ command }) => command.test(line));
}

/** Resolves with the rules that had a say. */
async function agree(haraka: RunningHaraka, address: string, lines: readonly string[]): Promise<readonly string[]> {
  const client = await connect({ port: haraka.port, localAddress: address });
  try {
    const session = await explained(haraka, address, lines);
    assert.deepEqual(await compare(client, session), [], client.transcript);
    return session.steps.flatMap((step) => step.trace.map(({ decision }) => `${decision.outcome} ${decision.rule}`));
  } finally {
    client.destroy();
  }
}

function folderOf(haraka: RunningHaraka) {
  return { path: haraka.directory, config: haraka.configFile('') };
}

function explained(haraka: RunningHaraka, ip: string, lines: readonly string[]): Promise<PlayedSession> {
  return playSession(folderOf(haraka), { ip, ptr: [], forgedPtr: [], dns: true, dnsFailure: false }, lines);
}

/** Plays the same to the server, and tells each reply that is another. Ends where a message would begin. */
async function compare(client: SmtpClient, { steps }: PlayedSession): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const { command, reply } of steps) {
    const real: Reply = command === '(connect)' ? client.greeting : await client.command(command);
    const isOurs = [real.text, reply.text].some((text) => /^[245]\.\d+\.\d+ /.test(text));
    const same = real.code === reply.code && (!isOurs || real.text === reply.text);
    if (!same) differences.push(`${command}: ${said(real)}, and explain says ${reply.code} ${reply.text}`);
    if (real.code === 354) break;
  }
  return differences;
}

/** Each accepted recipient is found where explain says that it goes. */
async function checkDispositions(haraka: RunningHaraka, client: SmtpClient, session: PlayedSession): Promise<void> {
  if (session.recipients.length === 0 || session.steps.at(-1)?.command === 'DATA') return;
  const before = new Set((await haraka.queued()).map(({ id }) => id));
  assert.equal((await client.command('DATA')).code, 354);
  assert.equal((await client.message('Subject: recipients\n\ntext\n')).code, 250);
  const found = (await haraka.queued())
    .filter(({ id }) => !before.has(id))
    .flatMap(({ via, recipients }) => recipients.map((recipient) => `${via} ${mailboxOf(recipient)}`));
  const vias = { relay: ['outbound'], local: ['local'], discard: [] };
  const expected = session.recipients.flatMap(({ address, disposition }) =>
    vias[disposition].map((via) => `${via} ${mailboxOf(address.slice(1, -1))}`),
  );
  assert.deepEqual(found.sort(), expected.sort());
}

function linesOf({ helo, mail, rcpts, raw }: Case): readonly string[] {
  const hello = helo ? [`EHLO ${helo}`] : [];
  return raw
    ? [...hello, ...raw]
    : [...hello, `MAIL FROM:<${mail}>`, ...rcpts.map((recipient) => `RCPT TO:<${recipient}>`)];
}

/** Up to the first that is more than one command, or that follows DATA. */
function playableLines(attack: Case): readonly string[] {
  const lines = linesOf(attack);
  const data = lines.indexOf('DATA');
  const end = lines.findIndex((line, i) => line.includes('\n') || (data >= 0 && i > data));
  return end < 0 ? lines : lines.slice(0, end);
}

const zone: Zone = {
  '127.66.5.1': ['lab.campus.example'],
  'lab.campus.example': { A: ['127.66.5.1'] },
  '127.66.5.2': ['pc.guest.campus.example'],
  'pc.guest.campus.example': { A: ['127.66.5.2'] },
  '127.66.5.3': ['lab.campus.example'],
  '127.66.5.4': ['host.spam.example'],
  'host.spam.example': { A: ['127.66.5.4'] },
  '127.66.5.5': { answer: 'SERVFAIL' },
  '127.66.5.6': ['nobody.example', 'mail.other.example'],
  'mail.other.example': { A: ['127.66.5.6', '192.0.2.9'] },
  '127.66.5.7': ['broken.campus.example'],
  'broken.campus.example': { answer: 'SERVFAIL' },
  '127.66.5.8': ['ok.good.spam.example'],
};

const clients = [
  ...['127.66.1.1', '127.66.1.7', '127.66.1.8', '127.66.2.1', '127.66.3.1', '127.66.4.1', '127.66.9.1'],
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((last) => `127.66.5.${last}`),
];

const vocabulary = {
  localip: ['127.66.1', '!127.66.1.7', '127.66.2.1', '127.66.0.0/16', '!127.66.3'],
  localdomain: ['campus.example', '!guest.campus.example', '=mail.other.example'],
  'relay.to': [
    'backup.example',
    '!old.backup.example',
    'user@one.example',
    'two.example  [192.0.2.5]:25',
    '192.0.2.25',
  ],
  'host.deny': ['127.66.9', 'spam.example', '!good.spam.example', '127.66.1.8'],
  'relay.map': [
    ...['To:map.example RELAY', 'To:drop.example DISCARD', 'To:no.example ERROR:5.1.1:550 No such user here'],
    ...['To:later.example 451 4.3.2 Later', 'To:user@map.example REJECT', 'Connect:127.66.4 RELAY'],
    ...['Connect:guest.campus.example REJECT', 'Connect:lab.campus.example RELAY', 'Connect:other.example 450 Not yet'],
  ],
} as const;

const settings = [
  ['[main]\nmode=observe', '[relay]\nrestriction=false', '[relay]\nmode=observe', '[deny]\nmode=observe'],
  ['[deny]\nat=rcpt', '[privacy]\nvrfy_reply=502'],
  ['[deny]\non_dns_failure=defer'],
  ['[privacy]\nflags=goaway,noetrn', '[privacy]\nflags=', '[privacy]\nflags=needvrfyhelo,needexpnhelo'],
  ['[helo]\nmode=observe', '[privacy]\nmode=observe'],
] as const;

const policies = fc.record({
  settings: fc.tuple(...settings.map((some) => fc.option(fc.constantFrom(...some), { freq: 2 }))),
  lists: fc.record({
    localip: fc.subarray([...vocabulary.localip]),
    localdomain: fc.subarray([...vocabulary.localdomain]),
    'relay.to': fc.subarray([...vocabulary['relay.to']]),
    'host.deny': fc.subarray([...vocabulary['host.deny']]),
    'relay.map': fc.subarray([...vocabulary['relay.map']]),
  }),
});

/** Sections may come in several parts. Changes are to be noticed soon. */
function settingsText(stub: DnsStub, some: readonly (string | null)[]): string {
  return [...some, '[main]\nsettle=50ms\npoll=200ms', `[dns]\nservers=127.0.0.1:${stub.port}`]
    .filter((text) => text !== null)
    .map((text) => `${text}\n`)
    .join('\n');
}

/** What 150 sessions must have met, so that they prove something. */
const telling = [
  ...['permit client-network', 'permit client-domain', 'permit destination', 'permit relay-map', 'permit postmaster'],
  ...['refuse relay-denied', 'refuse relay-map', 'defer relay-map', 'defer name-unknown', 'pass restriction-off'],
  ...['refuse client-excluded', 'refuse routed-local-part', 'refuse impossible-domain', 'permit own-address'],
  ...['refuse client-denied-network', 'refuse client-denied-domain', 'defer client-name-unknown', 'pass deny-at-rcpt'],
  ...['refuse hello-malformed', 'refuse novrfy', 'refuse noexpn', 'refuse noetrn', 'refuse noverb'],
];

const domains = [
  ...['local.example', 'LOCAL.example', 'victim.example', 'backup.example', 'sub.backup.example', 'old.backup.example'],
  ...['one.example', 'two.example', 'map.example', 'drop.example', 'no.example', 'later.example', 'constructor'],
  ...[
    '[192.0.2.25]',
    '[192.0.2.26]',
    '[127.0.0.1]',
    '[IPv6:::ffff:192.0.2.25]',
    'xn--bcher-kva.example',
    'bücher.example',
    'ｌocal.example',
  ],
];
const localParts = [
  'user',
  'USER',
  'other',
  'a%victim.example',
  'b!c',
  '"a@b"',
  'list-return-5=user=victim.example',
  '"user"',
];
const mailboxes = fc
  .tuple(fc.constantFrom(...localParts), fc.constantFrom(...domains))
  .map(([user, at]) => `${user}@${at}`);
const greetings = [
  'EHLO client.example',
  'HELO client.example',
  'EHLO bad*name',
  'EHLO',
  'EHLO [127.66.1.1] more',
  'ehlo x',
];
const senders = [
  '<>',
  '<a@sender.example>',
  '<a@local.example>',
  '<broken',
  '<a@sender.example> SIZE=99',
  '<a@b.example> size=99999999999',
  '<a@b.example> BODY=8BITMIME X=99999999999',
];
const others = [
  ...[
    'RSET',
    'RSET now',
    'NOOP',
    'HELP',
    'QUIT',
    'QUIT now',
    'DATA',
    'DATA now',
    'VRFY user',
    'EXPN list',
    'expn list',
  ],
  ...[
    'ETRN x',
    'VERB',
    'BDAT 1',
    'AUTH PLAIN',
    'XCLIENT ADDR=127.66.1.1',
    '',
    ' MAIL FROM:<>',
    'RCPT',
    'MAIL',
    'SAML FROM:<>',
  ],
  ...[
    'RCPT TO:<postmaster>',
    'RCPT TO:<>',
    'RCPT TO:user',
    'RCPT TO: <user@victim.example>',
    'PROXY TCP4 1.2.3.4 1.2.3.5 1 2',
  ],
];

const commands = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...greetings) },
  { weight: 3, arbitrary: fc.constantFrom(...senders).map((path) => `MAIL FROM:${path}`) },
  { weight: 8, arbitrary: mailboxes.map((mailbox) => `RCPT TO:<${mailbox}>`) },
  { weight: 3, arbitrary: fc.constantFrom(...others) },
);

/** Most begin as a mail does, so that they come to recipients. */
const sessions = fc.record({
  address: fc.constantFrom(...clients),
  lines: fc
    .tuple(
      fc.constantFrom<readonly string[]>(
        ['EHLO c.example', 'MAIL FROM:<a@sender.example>'],
        ['HELO c.example', 'MAIL FROM:<>'],
        [],
      ),
      fc.array(commands, { minLength: 1, maxLength: 10 }),
    )
    .map(([beginning, rest]) => [...beginning, ...rest]),
});
