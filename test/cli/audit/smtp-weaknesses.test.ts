import assert from 'node:assert/strict';
import { certificateFile, type FakeServer, type KeyPair, keyPair, listen } from '../../../testkit/fakes/listener';
import { type SmtpWeakness, smtpScript } from '../../../testkit/fakes/smtp';
import { auditOf, shownResults } from './audit-of';

interface WeaknessCase {
  readonly weak: SmtpWeakness;
  /** Exactly these, no more and no less. */
  readonly unsafe?: readonly string[];
  /** Beside those that a sound server draws too. */
  readonly report?: readonly string[];
  readonly deferred?: readonly string[];
  /** The weakness is only seen there. */
  readonly tls?: true;
}

/** A sound server takes mail for itself, and that is shown. */
const always = ['local-delivery'];

const relaying = [
  'relay-plain',
  'relay-senders',
  'relay-source-routes',
  'relay-literals',
  'relay-lookalikes',
  'relay-parameters',
];

const cases: readonly WeaknessCase[] = [
  { weak: 'relays', unsafe: [...relaying, 'order-trick'], report: ['relay-routes'] },
  { weak: 'relays-for-local-senders', unsafe: ['relay-senders'] },
  { weak: 'follows-percent', unsafe: ['relay-routes', 'relay-source-routes'], report: ['rcpt-users', 'rcpt-timing'] },
  { weak: 'follows-source-routes', unsafe: ['relay-source-routes'] },
  { weak: 'relays-to-literals', unsafe: ['relay-literals'] },
  { weak: 'compares-endings', unsafe: ['relay-lookalikes'] },
  { weak: 'reads-past-nul', unsafe: ['relay-parameters'] },
  { weak: 'obeys-xclient', unsafe: ['xclient'] },
  { weak: 'trusts-transaction', unsafe: ['order-trick'] },
  { weak: 'trusts-connection', unsafe: ['order-trick'] },
  { weak: 'refuses-postmaster', unsafe: ['local-accepted'], report: ['rcpt-users'] },
  { weak: 'refuses-backup', unsafe: ['backup-accepted'] },
  { weak: 'vrfy-tells', unsafe: ['vrfy-users'], report: ['vrfy-timing'] },
  { weak: 'vrfy-tells-before-helo', unsafe: ['vrfy-users'] },
  { weak: 'vrfy-is-slow-for-users', unsafe: ['vrfy-timing'] },
  { weak: 'expn-tells', unsafe: ['expn-lists'] },
  { weak: 'rcpt-tells', report: ['rcpt-users', 'rcpt-timing'] },
  { weak: 'rcpt-is-slow-for-users', report: ['rcpt-timing'] },
  { weak: 'obeys-debug', unsafe: ['old-commands'] },
  { weak: 'obeys-etrn', report: ['old-commands'] },
  { weak: 'no-helo-needed', unsafe: ['mail-before-hello'] },
  { weak: 'takes-junk', report: ['hello-junk'] },
  { weak: 'echoes-junk', unsafe: ['hello-junk'] },
  { weak: 'offers-auth-in-clear', unsafe: ['auth-without-tls'] },
  { weak: 'takes-auth-in-clear', unsafe: ['auth-without-tls'] },
  { weak: 'offers-cram-in-clear', report: ['auth-without-tls'] },
  { weak: 'offers-anonymous', tls: true, unsafe: ['auth-mechanisms'] },
  { weak: 'keeps-injected', tls: true, unsafe: ['starttls-injection'] },
  { weak: 'goes-on-in-clear', tls: true, unsafe: ['starttls-downgrade'] },
  { weak: 'keeps-transaction', tls: true, unsafe: ['starttls-state'], report: ['mail-before-hello'] },
  { weak: 'old-tls', tls: true, report: ['tls-versions'] },
  { weak: 'defers-relaying', deferred: [...relaying, 'relay-routes', 'order-trick'] },
  { weak: 'tells-version', report: ['banner-version'] },
];

const common = {
  local: ['local.example.org'],
  backup: ['backup.example.org'],
  name: 'mx.example.org',
  ca: [certificateFile],
} as const;

const oldTls = { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;

async function serve(weak: readonly SmtpWeakness[], keys: KeyPair = keyPair('test-server')): Promise<FakeServer> {
  return await listen(smtpScript({ weak }), { keys, secureOptions: weak.includes('old-tls') ? oldTls : {} });
}

describe('audit of an SMTP server', () => {
  const servers: FakeServer[] = [];
  const started = async (server: Promise<FakeServer>): Promise<FakeServer> => {
    servers.push(await server);
    return await server;
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it('finds a sound server safe, over plain and STARTTLS, and says so with 0', async () => {
    const server = await started(serve([]));
    const { code, ids, results } = await auditOf({ ...common, host: `127.0.0.1:${server.port}` });
    assert.deepEqual(ids.unsafe, [], shownResults(results, ['unsafe']));
    assert.deepEqual(ids.unknown, [], shownResults(results, ['unknown']));
    assert.deepEqual(ids.report, always, shownResults(results, ['report']));
    assert.equal(code, 0);
    assert.deepEqual(new Set(results.map(({ security }) => security)), new Set(['plain', 'starttls']));
  });

  it('stops at RCPT, resets what it began, and opens one connection at a time', async () => {
    const server = await started(serve(['relays']));
    // The server hears of a closed connection a moment later than we close it.
    await auditOf({ ...common, tls: false, pause: 100, host: `127.0.0.1:${server.port}` });
    assert.deepEqual(
      server.heard.filter((line) => /^(?:DATA|BDAT)/i.test(line)),
      [],
    );
    assert.ok(server.heard.includes('RSET'));
    assert.equal(server.most(), 1);
  });

  for (const { weak, unsafe = [], report = [], deferred = [], tls = false } of cases) {
    it(`sees of a server that ${weak}: ${[...unsafe, ...deferred, ...report].join(', ')}, and nothing else`, async () => {
      const server = await started(serve([weak]));
      const { ids, results, code } = await auditOf({ ...common, tls, host: `127.0.0.1:${server.port}` });
      assert.deepEqual([...ids.unsafe].sort(), [...unsafe].sort(), shownResults(results, ['unsafe']));
      assert.deepEqual(ids.unknown, [], shownResults(results, ['unknown']));
      assert.deepEqual(
        ids.report.filter((id) => !always.includes(id) && !unsafe.includes(id)).sort(),
        [...report].sort(),
        shownResults(results, ['report']),
      );
      assert.deepEqual([...ids.deferred].sort(), [...deferred].sort(), shownResults(results, ['deferred']));
      assert.equal(code, unsafe.length > 0 ? 1 : 0);
    });
  }

  it('leaves open what a server without STARTTLS cannot be asked, unless it has none on purpose', async () => {
    const server = await started(serve(['no-starttls']));
    const host = `127.0.0.1:${server.port}`;
    const { ids, results, code } = await auditOf({ ...common, host });
    assert.deepEqual(ids.unsafe, ['starttls-offered']);
    assert.equal(code, 1);
    const overTls = results.filter(({ security }) => security === 'starttls');
    assert.ok(overTls.length > 20);
    assert.ok(
      overTls.every(({ verdict }) => verdict === 'unknown'),
      shownResults(overTls, ['safe', 'report', 'unsafe']),
    );
    const onPurpose = await auditOf({ ...common, host, tls: false });
    assert.deepEqual([onPurpose.code, onPurpose.ids.unsafe, onPurpose.ids.unknown], [0, [], []]);
  });

  it('cannot tell of a server that greylists, and does not call it safe', async () => {
    const server = await started(serve(['greylists']));
    const { ids, code } = await auditOf({ ...common, host: `127.0.0.1:${server.port}` });
    for (const id of [...relaying, 'order-trick', 'local-accepted']) assert.ok(ids.unknown.includes(id), id);
    assert.deepEqual(ids.unsafe, []);
    assert.equal(code, 2);
  });

  const causesThatMayPass = [
    { weak: 'defers-everyone', name: 'defers its own recipients in the same words' },
    { weak: 'greylists-all-but-postmaster', name: 'greylists everybody but postmaster' },
    { weak: 'denies-relaying-for-now', name: 'denies relaying until it knows more' },
  ] as const;
  for (const { weak, name } of causesThatMayPass) {
    it(`cannot tell of a server that ${name}: a stranger may relay there later`, async () => {
      const server = await started(serve([weak]));
      const only = [...relaying, 'relay-routes'];
      const options = { ...common, tls: false, only, host: `127.0.0.1:${server.port}` };
      const { ids, results, code } = await auditOf(options);
      assert.deepEqual(ids.deferred, [], shownResults(results, ['deferred']));
      assert.deepEqual([...ids.unknown].sort(), [...only].sort(), shownResults(results, ['safe', 'report', 'unsafe']));
      assert.equal(code, 2);
    });
  }

  it('finds mail for a backup domain lost where it is denied as relaying, with a code for later too', async () => {
    const server = await started(serve(['defers-relaying', 'refuses-backup']));
    const options = { ...common, tls: false, only: ['backup-accepted', 'local-accepted'] };
    const { ids, results } = await auditOf({ ...options, host: `127.0.0.1:${server.port}` });
    assert.deepEqual([ids.unsafe, ids.safe], [['backup-accepted'], ['local-accepted']]);
    assert.match(shownResults(results, ['unsafe']), /refused: postmaster@backup\.example\.org → 454 4\.7\.1/);
  });

  it('sees a canary deferred instead of refused, and sends it not', async () => {
    const server = await started(serve(['defers-relaying']));
    const canary = { deliverCanary: 'canary@elsewhere.example.org', only: ['canary'], tls: false };
    const { ids, code } = await auditOf({ ...common, ...canary, host: `127.0.0.1:${server.port}` });
    assert.deepEqual([ids.deferred, code], [['canary'], 0]);
    assert.ok(!server.heard.includes('DATA'));
  });

  it('finds a submission server safe that takes nothing before AUTH', async () => {
    const server = await started(serve(['asks-for-login']));
    const { ids, results, code } = await auditOf({
      ...common,
      local: [],
      backup: [],
      host: `127.0.0.1:${server.port}`,
    });
    for (const id of relaying) assert.ok(ids.safe.includes(id), id);
    assert.deepEqual(ids.unsafe, [], shownResults(results, ['unsafe']));
    assert.ok(
      ids.unknown.every((id) => id === 'vrfy-users' || id === 'expn-lists'),
      shownResults(results, ['unknown']),
    );
    assert.equal(code, 2);
  });

  it('judges a certificate: expired, for another name, vouched for by nobody', async () => {
    const expired = await started(serve([], keyPair('test-expired')));
    const only = ['certificate'];
    const expiredRun = await auditOf({ ...common, only, host: `127.0.0.1:${expired.port}` });
    assert.match(shownResults(expiredRun.results, ['unsafe']), /expired on 2020-02-01/);
    const server = await started(serve([]));
    const host = `127.0.0.1:${server.port}`;
    const other = await auditOf({ ...common, only, host, name: 'other.example.org' });
    assert.match(shownResults(other.results, ['report']), /not for other\.example\.org/);
    const untrusted = await auditOf({ ...common, only, host, ca: [] });
    assert.match(shownResults(untrusted.results, ['report']), /not trusted: DEPTH_ZERO_SELF_SIGNED_CERT/);
    assert.equal((await auditOf({ ...common, only, host })).code, 0);
  });

  it('holds a port with TLS from the first byte to what mail programs expect', async () => {
    const implicit = async (keys: KeyPair): Promise<FakeServer> =>
      await started(listen(smtpScript({}), { keys, implicit: true }));
    const server = await implicit(keyPair('test-server'));
    const { ids, results, code } = await auditOf({ ...common, smtps: [`127.0.0.1:${server.port}`] });
    assert.deepEqual([ids.unsafe, ids.unknown], [[], []], shownResults(results, ['unsafe', 'unknown']));
    assert.equal(code, 0);
    const other = await auditOf({ ...common, smtps: [`127.0.0.1:${server.port}`], name: 'other.example.org' });
    assert.deepEqual([other.ids.unsafe, other.code], [['certificate'], 1]);
  });

  it('sends a message only to a canary, and tells whether it was taken', async () => {
    const canary = { deliverCanary: 'canary@elsewhere.example.org', only: ['canary'] };
    const open = await started(serve(['relays']));
    const taken = await auditOf({ ...common, ...canary, tls: false, host: `127.0.0.1:${open.port}` });
    assert.deepEqual([taken.ids.unsafe, taken.code], [['canary'], 1]);
    assert.equal(open.heard.filter((line) => line === 'DATA').length, 1);
    const closed = await started(serve([]));
    const refused = await auditOf({ ...common, ...canary, tls: false, host: `127.0.0.1:${closed.port}` });
    assert.deepEqual([refused.ids.safe, refused.code], [['canary'], 0]);
    assert.ok(!closed.heard.includes('DATA'));
    const local = await auditOf({
      ...common,
      ...canary,
      deliverCanary: 'user@local.example.org',
      tls: false,
      host: `127.0.0.1:${closed.port}`,
    });
    assert.deepEqual([local.ids.report, local.code], [['canary'], 0]);
  });

  it('finds a server that takes LF . LF for the end of a message, and no other', async () => {
    const options = {
      deliverCanary: 'user@local.example.org',
      smuggling: true,
      only: ['smuggling'],
      tls: false,
      timeout: 200,
    };
    const weak = await started(serve(['ends-at-lf']));
    const found = await auditOf({ ...common, ...options, host: `127.0.0.1:${weak.port}` });
    assert.deepEqual(found.ids.unsafe, ['smuggling']);
    assert.match(shownResults(found.results, ['unsafe']), /LF \. LF/);
    const sound = await started(serve([]));
    const cleared = await auditOf({ ...common, ...options, host: `127.0.0.1:${sound.port}` });
    assert.deepEqual(cleared.ids.safe, ['smuggling'], shownResults(cleared.results, ['unsafe', 'unknown']));
    // The one message with a right ending; the rest is dropped inside DATA.
    assert.equal(sound.heard.filter((line) => line === '.').length >= 1, true);
  }).timeout(40_000);
});
