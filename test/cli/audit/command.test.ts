/** The command: what it prints where, and with which code it ends. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main } from '../../../src/cli/main';
import { certificateFile, type FakeServer, keyPair, listen } from '../../../testkit/fakes/listener';
import { popScript } from '../../../testkit/fakes/pop3';
import { type SmtpWeakness, smtpScript } from '../../../testkit/fakes/smtp';
import { smtpcheck } from '../command';

const audit = (...args: readonly string[]) => smtpcheck(['audit', ...args]);

/** A line for each check and nothing besides. */
function assertProgress(stderr: string): void {
  const lines = stderr.trimEnd().split('\n');
  for (const [index, line] of lines.entries()) {
    assert.match(line, new RegExp(`^${index + 1}/${lines.length} smtp 127\\.0\\.0\\.1:\\d+(?: STARTTLS)? [a-z0-9-]+$`));
  }
}

describe('smtpcheck audit', () => {
  const servers: FakeServer[] = [];
  const serve = async (...weak: readonly SmtpWeakness[]): Promise<string> => {
    const server = await listen(smtpScript({ weak }), { keys: keyPair('test-server') });
    servers.push(server);
    return `127.0.0.1:${server.port}`;
  };
  const quick = ['--pause', '0', '--timeout', '2000', '--local', 'local.example.org'];
  const sound = [...quick, '--backup', 'backup.example.org', '--name', 'mx.example.org', '--ca', certificateFile];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it('ends with 0 and nothing but progress on stderr for a sound server', async () => {
    const { code, stdout, stderr } = await audit(await serve(), ...sound);
    assertProgress(stderr);
    assert.match(stdout, /^SAFE: 0 unsafe, 0 unknown, 2 to look at, \d+ safe$/m);
    assert.equal(code, 0);
  });

  it('ends with 1 for an open relay, and says why it matters and how to fix it everywhere', async () => {
    const { code, stdout, stderr } = await audit(await serve('relays'), ...sound, '--no-tls');
    assertProgress(stderr);
    assert.match(stdout, /unsafe .*Mail for a stranger’s/);
    assert.match(stdout, /^relay-plain: A server that takes mail from anyone/m);
    for (const server of ['Haraka', 'sendmail', 'Postfix', 'Dovecot'])
      assert.match(stdout, new RegExp(`^ {2}${server}: `, 'm'));
    assert.match(stdout, /^ {2}Documentation: docs\/reference\/audit\.md#relay-plain$/m);
    assert.match(stdout, /^UNSAFE: /m);
    assert.equal(code, 1);
  });

  it('ends with 2 when nobody is there', async () => {
    const { code, stdout } = await audit('127.0.0.1:1', ...quick);
    assert.match(stdout, /^COULD NOT TELL: 0 unsafe, \d+ unknown, 0 to look at, 0 safe$/m);
    assert.equal(code, 2);
  });

  it('asks nothing of a public address without being told that it is the operator’s', async () => {
    const { code, stdout, stderr } = await audit('192.88.99.1', ...quick);
    assert.equal(stdout, '');
    assert.match(stderr, /192\.88\.99\.1 .* is a public address.*--i-run-this-server/);
    assert.equal(code, 2);
  });

  it('prints JSON of the documented shape', async () => {
    const { code, stdout, stderr } = await audit(await serve('vrfy-tells'), ...sound, '--no-tls', '--json');
    assertProgress(stderr);
    assert.equal(code, 1);
    const report = JSON.parse(stdout);
    assert.deepEqual(Object.keys(report), ['schema', 'version', 'verdict', 'counts', 'channels', 'results']);
    assert.equal(report.schema, 'smtpcheck-audit/1');
    assert.equal(report.verdict, 'unsafe');
    assert.deepEqual(Object.keys(report.channels[0]), ['protocol', 'host', 'address', 'port', 'security']);
    const { id, verdict, observed, fix, ...rest } = report.results.find(
      (one: { id: string }) => one.id === 'vrfy-users',
    );
    assert.deepEqual([id, verdict], ['vrfy-users', 'unsafe']);
    assert.match(observed, /postmaster/);
    assert.deepEqual(Object.keys(fix), ['haraka', 'sendmail', 'postfix', 'dovecot']);
    assert.deepEqual(Object.keys(rest), ['title', 'protocol', 'address', 'port', 'security', 'why', 'documentation']);
    const total = Object.values(report.counts as Record<string, number>).reduce((sum, count) => sum + count, 0);
    assert.equal(total, report.results.length);
  });

  it('prints TAP in which an unsafe and an unknown result are not ok', async () => {
    const { code, stdout } = await audit(await serve('vrfy-tells'), ...quick, '--no-tls', '--format=tap');
    const [version, plan, ...lines] = stdout.split('\n');
    assert.equal(version, 'TAP version 14');
    const tests = lines.filter((line) => /^(?:not )?ok /.test(line));
    assert.equal(plan, `1..${tests.length}`);
    assert.ok(tests.some((line) => /^not ok \d+ - vrfy-users on smtp 127\.0\.0\.1:\d+$/.test(line)));
    assert.ok(tests.some((line) => /^ok \d+ - relay-plain on /.test(line)));
    assert.equal(code, 1);
    const nobody = await audit('127.0.0.1:1', ...quick, '--no-tls', '--format=tap', '--only', 'relay-plain');
    assert.match(nobody.stdout, /^not ok 1 - relay-plain/m);
    assert.equal(nobody.code, 2);
  });

  it('prints JUnit with a failure for unsafe and an error for unknown', async () => {
    const unsafe = await audit(
      await serve('vrfy-tells'),
      ...quick,
      '--no-tls',
      '--format=junit',
      '--only',
      'vrfy-users',
    );
    assert.match(unsafe.stdout, /<testsuite name="smtpcheck audit" tests="1" failures="1" errors="0">/);
    assert.match(unsafe.stdout, /<failure type="unsafe" message="[^"]*postmaster/);
    const unknown = await audit('127.0.0.1:1', ...quick, '--no-tls', '--format=junit', '--only', 'vrfy-users');
    assert.match(unknown.stdout, /tests="1" failures="0" errors="1"/);
  });

  it('adds the whole dialogue on demand, and only then', async () => {
    const host = await serve();
    const without = await audit(host, ...quick, '--no-tls', '--only', 'vrfy-users');
    assert.doesNotMatch(without.stdout, /Transcript/);
    const { stdout } = await audit(host, ...quick, '--no-tls', '--only', 'vrfy-users', '--transcript');
    assert.match(stdout, /^\d+\.\d{3} smtp 127\.0\.0\.1:\d+ #1 < 220 mx\.local\.example\.org ESMTP$/m);
    assert.match(stdout, /^\d+\.\d{3} smtp \S+ #\d+ > VRFY root$/m);
    assert.match(stdout, /^\d+\.\d{3} smtp \S+ #\d+ > QUIT$/m);
  });

  it('ends with 0 for a server that defers what it should refuse, and shows the remedy once for all checks', async () => {
    const asked = ['--no-tls', '--only', 'relay-plain', '--only', 'relay-literals', '--only', 'vrfy-users'];
    const host = await serve('defers-relaying');
    const { code, stdout } = await audit(host, ...sound, ...asked);
    assert.equal(code, 0);
    assert.match(stdout, /deferred .*Mail for a stranger’s/);
    assert.match(stdout, /^relay-plain, relay-literals: Nobody relays through this server, but /m);
    assert.match(stdout, /^ {2}Postfix: `smtpd_relay_restrictions = .*reject_unauth_destination`/m);
    assert.equal(stdout.match(/^ {2}Postfix: /gm)?.length, 1);
    assert.match(stdout, /^SAFE: 0 unsafe, 0 unknown, 2 deferred instead of refused, 0 to look at, 1 safe$/m);

    const json = JSON.parse((await audit(host, ...sound, ...asked, '--json')).stdout);
    assert.equal(json.verdict, 'safe');
    assert.deepEqual(json.counts, { safe: 1, unsafe: 0, report: 0, unknown: 0, deferred: 2 });
    const [plain] = json.results;
    assert.deepEqual([plain.id, plain.verdict], ['relay-plain', 'deferred']);
    assert.match(
      plain.observed,
      /^deferred instead of refused, 6 of 6: plain: .* → 454 4\.7\.1 .*: Relay access denied/,
    );
    assert.match(plain.fix.postfix, /reject_unauth_destination/);
    assert.equal(plain.documentation, 'docs/reference/audit.md#deferred-instead-of-refused');

    const tap = await audit(host, ...sound, ...asked, '--format=tap');
    assert.match(tap.stdout, /^ok 1 - relay-plain on .*\n {2}---\n {2}verdict: deferred$/m);
    const junit = await audit(host, ...sound, ...asked, '--format=junit');
    assert.match(junit.stdout, /tests="3" failures="0" errors="0"/);
    assert.match(junit.stdout, /deferred: deferred instead of refused/);
    assert.deepEqual([tap.code, junit.code], [0, 0]);
  });

  it('names each check on stderr as it begins, whatever the format on stdout', async () => {
    const host = await serve();
    const asked = ['--no-tls', '--only', 'relay-plain', '--only', 'vrfy-users'];
    for (const format of ['table', 'json', 'tap', 'junit']) {
      const { stdout, stderr } = await audit(host, ...quick, ...asked, '--format', format);
      assert.equal(stderr, `1/2 smtp ${host} relay-plain\n2/2 smtp ${host} vrfy-users\n`);
      assert.doesNotMatch(stdout, /^[12]\/2 /m);
    }
  });

  it('has one line of progress on a terminal, which is gone at the end', async () => {
    const host = await serve();
    let stderr = '';
    const asked = ['--no-tls', '--only', 'relay-plain', '--only', 'vrfy-users', '--json'];
    await main(['audit', host, ...quick, ...asked], {
      stdout: { write: () => true },
      stderr: { isTTY: true, write: (text) => (stderr += text) },
      env: {},
      cwd: '/',
    });
    const start = '\r\x1b[K';
    assert.equal(stderr, `${start}1/2 smtp ${host} relay-plain${start}2/2 smtp ${host} vrfy-users${start}`);
  });

  it('takes a POP3 server beside the SMTP server, or alone', async () => {
    const pop = await listen(popScript({ weak: ['takes-user-in-clear'] }), { keys: keyPair('test-server') });
    servers.push(pop);
    const both = await audit(await serve(), '--pop3', `127.0.0.1:${pop.port}`, ...sound, '--no-tls', '--json');
    const results = JSON.parse(both.stdout).results as ReadonlyArray<{ protocol: string; id: string; verdict: string }>;
    assert.deepEqual(new Set(results.map(({ protocol }) => protocol)), new Set(['smtp', 'pop3']));
    assert.deepEqual(
      results.filter(({ verdict }) => verdict === 'unsafe').map(({ id }) => id),
      ['pop3-plain-login'],
    );
    const alone = await audit('--pop3', `127.0.0.1:${pop.port}`, '--pause', '0', '--no-tls', '--json');
    assert.ok(JSON.parse(alone.stdout).results.every(({ protocol }: { protocol: string }) => protocol === 'pop3'));
  });

  it('reads what the server is for from a Haraka folder, and knows an address that it trusts', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-audit-'));
    try {
      fs.mkdirSync(path.join(folder, 'config'));
      const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, 'config', name), text);
      write('plugins', 'smtpcheck\n');
      write('host_list', 'local.example.org\n');
      write('relay.to', 'backup.example.org\n');
      const options = ['-c', folder, '--pause', '0', '--no-tls', '--json'];
      const expected = ['--only', 'local-accepted', '--only', 'backup-accepted'];
      const stray = await audit(await serve('refuses-backup'), ...options, ...expected);
      const verdicts = JSON.parse(stray.stdout).results.map(({ id, verdict }: Record<string, string>) => [id, verdict]);
      assert.deepEqual(verdicts, [
        ['local-accepted', 'safe'],
        ['backup-accepted', 'unsafe'],
      ]);
      const relaying = await serve('relays');
      assert.equal((await audit(relaying, ...options, '--only', 'relay-plain')).code, 1);
      write('localip', '127\n');
      const trusted = await audit(relaying, ...options, '--only', 'relay-plain');
      assert.match(JSON.parse(trusted.stdout).results[0].observed, /asked from 127\.0\.0\.1, which localip:1 trusts/);
      assert.equal(trusted.code, 2);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  const mistakes: ReadonlyArray<readonly [string, readonly string[], RegExp]> = [
    ['no host', [], /audit needs a HOST/],
    ['a host that is none', ['mx.example.org:smtp'], /is no HOST or HOST:PORT/],
    ['a name that cannot be looked up', ['nowhere.invalid'], /nowhere\.invalid cannot be looked up/],
    ['a check that does not exist', ['127.0.0.1', '--only', 'relay'], /no check “relay”; there are relay-plain/],
    ['a pause that is no number', ['127.0.0.1', '--pause', 'long'], /a number of milliseconds is wanted/],
    ['a folder that is none', ['127.0.0.1', '-c', '/nonexistent'], /no Haraka folder there/],
    ['smuggling without a canary', ['127.0.0.1', '--smuggling'], /say where to with --deliver-canary/],
    ['a foreign address that is none', ['127.0.0.1', '--foreign', 'example.net'], /is no user@domain/],
    ['a local address that is none', ['127.0.0.1', '--from', 'eth0'], /is no IP address/],
    ['a root that is not there', ['127.0.0.1', '--ca', '/nonexistent.pem'], /--ca: ENOENT/],
  ];
  for (const [name, args, message] of mistakes) {
    it(`cannot run with ${name}, says so on stderr alone, and ends with 2`, async () => {
      const { code, stdout, stderr } = await audit(...args);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(code, 2);
    });
  }
});

describe('smtpcheck audit -4 and -6', () => {
  it('asks the family it is told to, and says so where the host has none of it', async () => {
    const script = smtpScript({});
    const four = await listen(script, { keys: keyPair('test-server') });
    try {
      const options = ['--pause', '0', '--no-tls', '--json', '--only', 'vrfy-users'];
      const only4 = await audit(`127.0.0.1:${four.port}`, '-4', ...options);
      assert.equal(only4.code, 0);
      const only6 = await audit(`127.0.0.1:${four.port}`, '-6', ...options);
      assert.equal(only6.code, 2);
      assert.match(only6.stderr, /has no address in the family that was asked for/);
    } finally {
      await four.stop();
    }
  });
});
