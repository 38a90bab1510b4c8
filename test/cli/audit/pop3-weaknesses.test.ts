import assert from 'node:assert/strict';
import { certificateFile, type FakeServer, keyPair, listen } from '../../../testkit/fakes/listener';
import { type PopWeakness, popScript } from '../../../testkit/fakes/pop3';
import { auditOf, shownResults } from './audit-of';

interface WeaknessCase {
  readonly weak: readonly PopWeakness[];
  /** Exactly these, no more and no less. */
  readonly unsafe?: readonly string[];
  readonly report?: readonly string[];
}

const cases: readonly WeaknessCase[] = [
  { weak: ['takes-user-in-clear'], unsafe: ['pop3-plain-login'] },
  { weak: ['offers-sasl-in-clear'], unsafe: ['pop3-sasl-clear'] },
  { weak: ['begins-sasl-in-clear'], unsafe: ['pop3-sasl-clear'] },
  { weak: ['offers-cram-in-clear'], report: ['pop3-sasl-clear'] },
  { weak: ['offers-anonymous'], unsafe: ['pop3-sasl-tls'] },
  { weak: ['obeys-rpop'], unsafe: ['pop3-rpop'] },
  { weak: ['knows-rpop'], report: ['pop3-rpop'] },
  { weak: ['apop'], report: ['pop3-apop'] },
  { weak: ['apop-repeats'], unsafe: ['pop3-apop'] },
  { weak: ['apop-malformed'], unsafe: ['pop3-apop'] },
  { weak: ['apop-counts'], report: ['pop3-apop'] },
  { weak: ['tells-users'], unsafe: ['pop3-users'] },
  { weak: ['never-tires'], report: ['pop3-failure-delay'] },
  { weak: ['keeps-injected'], unsafe: ['pop3-stls-injection'] },
  { weak: ['old-tls'], unsafe: ['pop3-tls-versions'] },
  { weak: ['tells-version'], report: ['pop3-version'] },
];

const common = { name: 'mx.example.org', ca: [certificateFile] } as const;
const oldTls = { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;

describe('audit of a POP3 server', () => {
  const servers: FakeServer[] = [];
  const serve = async (weak: readonly PopWeakness[], implicit = false): Promise<FakeServer> => {
    const secureOptions = weak.includes('old-tls') ? oldTls : {};
    const server = await listen(popScript({ weak }), { keys: keyPair('test-server'), implicit, secureOptions });
    servers.push(server);
    return server;
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it('finds a sound server safe, over plain, STLS and TLS from the first byte', async () => {
    const server = await serve([]);
    const secure = await serve([], true);
    const options = { pop3: [`127.0.0.1:${server.port}`], pop3s: [`127.0.0.1:${secure.port}`] };
    const { code, ids, results } = await auditOf({ ...common, ...options });
    assert.deepEqual(ids.unsafe, [], shownResults(results, ['unsafe']));
    assert.deepEqual(ids.unknown, [], shownResults(results, ['unknown']));
    assert.deepEqual(ids.report, [], shownResults(results, ['report']));
    assert.equal(code, 0);
    assert.deepEqual(new Set(results.map(({ security }) => security)), new Set(['plain', 'starttls', 'implicit']));
  });

  for (const { weak, unsafe = [], report = [] } of cases) {
    it(`sees of a server that ${weak.join(', ')}: ${[...unsafe, ...report].join(', ')}, and nothing else`, async () => {
      const server = await serve(weak);
      const { ids, results, code } = await auditOf({ ...common, pop3: [`127.0.0.1:${server.port}`] });
      assert.deepEqual([...ids.unsafe], [...unsafe], shownResults(results, ['unsafe']));
      assert.deepEqual([...ids.unknown], [], shownResults(results, ['unknown']));
      assert.deepEqual(
        ids.report.filter((id) => !unsafe.includes(id)),
        [...report],
        shownResults(results, ['report']),
      );
      assert.equal(code, unsafe.length > 0 ? 1 : 0);
    });
  }

  it('says that a counting APOP timestamp can be guessed, and no such thing of a random one', async () => {
    const counting = await serve(['apop-counts']);
    const random = await serve(['apop']);
    const only = ['pop3-apop'];
    const guessed = await auditOf({ ...common, only, tls: false, pop3: [`127.0.0.1:${counting.port}`] });
    assert.match(guessed.results[0]?.observed ?? '', /can be guessed/);
    const sound = await auditOf({ ...common, only, tls: false, pop3: [`127.0.0.1:${random.port}`] });
    assert.doesNotMatch(sound.results[0]?.observed ?? '', /can be guessed/);
  });

  it('leaves open what a server without STLS cannot be asked', async () => {
    const server = await serve(['no-stls']);
    const { ids, results, code } = await auditOf({ ...common, pop3: [`127.0.0.1:${server.port}`] });
    assert.deepEqual(ids.unsafe, []);
    assert.ok(ids.report.includes('pop3-stls-offered'));
    assert.ok(results.filter(({ security }) => security === 'starttls').every(({ verdict }) => verdict === 'unknown'));
    assert.equal(code, 2);
  });

  it('never asks with a password that could be one, nor under a name but random and likely ones', async () => {
    const server = await serve(['takes-user-in-clear', 'never-tires']);
    await auditOf({ ...common, pop3: [`127.0.0.1:${server.port}`] });
    const passwords = server.heard.filter((line) => line.startsWith('PASS'));
    assert.ok(passwords.length > 0);
    assert.ok(passwords.every((line) => line === 'PASS smtpcheck-is-no-password'));
    const names = server.heard.filter((line) => line.startsWith('USER'));
    assert.ok(names.every((line) => /^USER (?:zz-[0-9a-f]{12}|root|postmaster)$/.test(line)));
  });
});
