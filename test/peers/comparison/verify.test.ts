/**
 * `verify` before a real Postfix in all its moods, beside a backup that is a Postfix with reject_unverified_recipient: which
 * recipients of the same primary each of the two accepts.
 */
import assert from 'node:assert/strict';
import { freePort } from '../../../examples/haraka-directory';
import { certificateFile, keyFile } from '../../../testkit/fakes/listener';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, deliver, eventually, load } from '../../../testkit/live/talk';
import { type NameServer, serveAtPort53 } from '../servers/name-server';
import { onPeers } from '../servers/on-package';
import { startPostfix } from '../servers/postfix';
import type { Server } from '../servers/server';

type Verdict = 'accepted' | 'refused' | 'deferred';
/** Of a mailbox that the primary has, and of one that it does not have. */
type Verdicts = readonly [known: Verdict, unknown: Verdict];

interface Mood {
  /** Options of the primary's smtpd; absent where nothing listens. */
  readonly options?: readonly string[];
  /** With `unsure=accept`, and with `unsure=defer`. */
  readonly accepting: Verdicts;
  readonly deferring: Verdicts;
  readonly postfix: Verdicts;
}

const knows: Verdicts = ['accepted', 'refused'];
const acceptsBoth: Verdicts = ['accepted', 'accepted'];
const defersBoth: Verdicts = ['deferred', 'deferred'];
const refusesBoth: Verdicts = ['refused', 'refused'];

const moods: Readonly<Record<string, Mood>> = {
  up: { options: [], accepting: knows, deferring: knows, postfix: knows },
  slow: {
    options: ['smtpd_recipient_restrictions = sleep 1, permit'],
    ...{ accepting: knows, deferring: knows, postfix: knows },
  },
  'with-another-name-in-its-certificate': {
    options: [
      'smtpd_tls_security_level = may',
      `smtpd_tls_cert_file = ${certificateFile}`,
      `smtpd_tls_key_file = ${keyFile}`,
    ],
    ...{ accepting: knows, deferring: knows, postfix: knows },
  },
  stopped: { accepting: acceptsBoth, deferring: defersBoth, postfix: defersBoth },
  tarpitting: {
    options: ['smtpd_delay_reject = no', 'smtpd_client_restrictions = sleep 60, permit'],
    ...{ accepting: acceptsBoth, deferring: defersBoth, postfix: defersBoth },
  },
  greylisting: {
    options: ['smtpd_recipient_restrictions = check_client_access static:{451 4.7.1 Greylisted}'],
    ...{ accepting: acceptsBoth, deferring: defersBoth, postfix: defersBoth },
  },
  // Postfix asks under a name of its own, which the primary would bounce to.
  'refusing-the-null-sender': {
    options: ['smtpd_recipient_restrictions = check_sender_access inline:{<>=REJECT}'],
    ...{ accepting: acceptsBoth, deferring: defersBoth, postfix: knows },
  },
  'refusing-the-null-sender-at-mail': {
    options: ['smtpd_delay_reject = no', 'smtpd_sender_restrictions = check_sender_access inline:{<>=REJECT}'],
    ...{ accepting: acceptsBoth, deferring: defersBoth, postfix: knows },
  },
  // To Postfix any 5xx says that there is no such mailbox, also one that is about the backup.
  'refusing-us': {
    options: ['smtpd_client_restrictions = check_client_access static:REJECT'],
    ...{ accepting: acceptsBoth, deferring: defersBoth, postfix: refusesBoth },
  },
  'refusing-us-at-once': {
    options: ['smtpd_delay_reject = no', 'smtpd_client_restrictions = check_client_access static:REJECT'],
    ...{ accepting: acceptsBoth, deferring: defersBoth, postfix: defersBoth },
  },
  'accepting-everything': {
    options: ['local_recipient_maps ='],
    ...{ accepting: acceptsBoth, deferring: acceptsBoth, postfix: acceptsBoth },
  },
};

function verdictOf(reply: string): Verdict {
  if (reply.startsWith('2')) return 'accepted';
  return reply.startsWith('4') ? 'deferred' : 'refused';
}

const tlsManager = 'tlsmgr unix - - n 1000? 1 tlsmgr\n';

/** What Postfix needs to ask another server. */
const asking = [
  'verify unix - - n - 1 verify',
  'qmgr unix n - n 1 1 qmgr',
  'smtp unix - - n - - smtp',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  tlsManager,
].join('\n');

onPeers('verify, and reject_unverified_recipient of a real Postfix', ['postfix'], ({ postfix: root }) => {
  let stub: DnsStub;
  let names: NameServer;
  let primary: Server;
  let backup: Server;
  let haraka: RunningHaraka;
  const ports: Record<string, number> = {};
  const domains = Object.keys(moods).map((mood) => `${mood}.example`);

  const startPrimary = (serving: readonly string[]) => {
    const policy = [
      `mydestination = ${domains.join(', ')}`,
      'local_recipient_maps = inline:{known=x, later=x}',
      'smtpd_relay_restrictions = reject_unauth_destination',
      '',
    ];
    const services = serving.map((mood) => {
      const options = (moods[mood]?.options ?? []).map((option) => `-o { ${option} }`);
      return `[127.0.0.1]:${ports[mood]} inet n - n - - smtpd ${options.join(' ')}\n`;
    });
    return startPostfix(root, names.address, policy.join('\n'), `${services.join('')}${tlsManager}`);
  };
  const settings = (unsure: string) =>
    `[main]\nsettle=50ms\npoll=200ms\n[verify]\nrate=\ntimeout=3s\nunsure=${unsure}\n`;
  const both = async (port: number, mood: string): Promise<Verdicts> => [
    verdictOf(await askFor({ port }, `known@${mood}.example`)),
    verdictOf(await askFor({ port }, `nobody@${mood}.example`)),
  ];

  before(async () => {
    for (const mood of Object.keys(moods)) ports[mood] = await freePort();
    stub = await startDns({});
    names = await serveAtPort53(stub.port);
    primary = await startPrimary(Object.keys(moods).filter((mood) => moods[mood]?.options));
    const transports = Object.keys(moods).map((mood) => `${mood}.example=smtp:[127.0.0.1]:${ports[mood]}`);
    const policy = [
      'mydestination =',
      `relay_domains = ${domains.join(', ')}`,
      `transport_maps = inline:{${transports.join(', ')}}`,
      'smtpd_relay_restrictions = reject_unauth_destination',
      'smtpd_recipient_restrictions = reject_unverified_recipient',
      'unverified_recipient_reject_code = 550',
      'smtp_tls_security_level = may',
      'smtp_helo_timeout = 3s',
      'smtp_connect_timeout = 3s',
      '',
    ];
    backup = await startPostfix(root, names.address, policy.join('\n'), asking);
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: {
        host_list: 'local.example\n',
        'relay.to': Object.keys(moods)
          .map((mood) => `${mood}.example [127.0.0.1]:${ports[mood]} verify\n`)
          .join(''),
        'smtpcheck.ini': settings('defer'),
        'outbound.ini': 'enable_tls=false\n',
      },
    });
  });
  after(async () => {
    await haraka?.stop();
    await backup?.stop();
    await primary?.stop();
    names?.stop();
    await stub?.stop();
  });

  for (const unsure of ['accepting', 'deferring'] as const) {
    it(`${unsure} what is not known, says of each primary what is expected`, async () => {
      await load(haraka, 'smtpcheck.ini', settings(unsure === 'accepting' ? 'accept' : 'defer'));
      const found: Record<string, Verdicts> = {};
      const expected: Record<string, Verdicts> = {};
      for (const [mood, one] of Object.entries(moods)) {
        found[mood] = await both(haraka.port, mood);
        expected[mood] = one[unsure];
      }
      assert.deepEqual(found, expected);
    });
  }

  it('differs from the Postfix backup where that asks otherwise, and nowhere else', async () => {
    const found = Object.fromEntries(
      await Promise.all(
        Object.keys(moods).map(async (mood) => [mood, await both(backup.ports.ipv4 ?? 0, mood)] as const),
      ),
    );
    assert.deepEqual(found, Object.fromEntries(Object.entries(moods).map(([mood, { postfix }]) => [mood, postfix])));
  });

  it('sends on what it has accepted, to the primary that knows the recipient', async () => {
    assert.match(await deliver(haraka, ['known@up.example'], 'for the primary'), /^250/);
    await eventually(
      (recipients) => recipients.includes('known@up.example'),
      async () => (await primary.queued()).flatMap(({ recipients }) => recipients),
    );
  });

  it('holds to what it knows while the primary is away, and asks it again when it is back', async () => {
    await load(haraka, 'smtpcheck.ini', settings('accept'));
    await primary.stop();
    assert.deepEqual(await both(haraka.port, 'up'), knows);
    assert.equal(verdictOf(await askFor(haraka, 'new@up.example')), 'accepted');
    primary = await startPrimary(['up']);
    await new Promise((done) => setTimeout(done, 1100));
    assert.equal(verdictOf(await askFor(haraka, 'new@up.example')), 'refused');
    assert.equal(verdictOf(await askFor(haraka, 'later@up.example')), 'accepted');
  });
});
