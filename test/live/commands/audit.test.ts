/** `smtpcheck audit` against a running Haraka: with the suite, without it, and with every door open. */
import assert from 'node:assert/strict';
import { certificateFile, keyPair } from '../../../testkit/fakes/listener';
import { type HarakaOptions, type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { runsInFull, supportedVersions } from '../../../testkit/live/versions';
import { redisIni } from '../../../testkit/redis-clients';
import { type Audited, auditOf, shownResults } from '../../cli/audit/audit-of';

const sound = keyPair('test-server');
const expired = keyPair('test-expired');
const tlsFiles = { 'tls_key.pem': sound.key, 'tls_cert.pem': sound.cert };
const siteFiles = {
  me: 'mx.example.org\n',
  host_list: 'local.example.org\n',
  'relay.to': 'backup.example.org\nuser@mailbox.example.org\n192.0.2.25\n',
  localip: '127.9\n',
};

/** Haraka asks what it is told to, and tells users: seeded, since no stock plugin does. */
const tellsUsers = `
exports.hook_vrfy = (next, connection) => {
  const user = String(connection.current_line || '').trim().split(' ').pop();
  if (/^(root|postmaster|admin)(@|$)/.test(user)) return next(OK, \`<\${user}> is here\`);
  next(DENY, 'nobody of that name');
};
exports.hook_unrecognized_command = (next, connection, [verb]) => {
  const said = { EXPN: 'root@local.example.org', DEBUG: 'debug set' }[String(verb).toUpperCase()];
  if (said === undefined) return next();
  connection.respond(250, said, () => next(OK));
};
`;

async function audited(options: HarakaOptions, wishes: Parameters<typeof auditOf>[0]): Promise<Audited> {
  const haraka = await startHaraka(options);
  try {
    const { port } = haraka;
    const six = haraka.ports.ipv6 === port;
    const host = six ? `[::1]:${port}` : `127.0.0.1:${port}`;
    return await auditOf({ host, config: haraka.directory, name: 'mx.example.org', ca: [certificateFile], ...wishes });
  } finally {
    await haraka.stop();
  }
}

function assertVerdicts(
  { ids, results }: Audited,
  expected: { readonly unsafe: readonly string[]; readonly report: readonly string[] },
): void {
  assert.deepEqual([...ids.unsafe].sort(), [...expected.unsafe].sort(), shownResults(results, ['unsafe']));
  assert.deepEqual(ids.unknown, [], shownResults(results, ['unknown']));
  const reported = ids.report.filter((id) => !ids.unsafe.includes(id));
  assert.deepEqual(reported.sort(), [...expected.report].sort(), shownResults(results, ['report']));
}

for (const version of supportedVersions) {
  describe(`smtpcheck audit of Haraka ${version}`, () => {
    const ending = version === '3.1' ? 'the bare LF that this version takes' : 'no wrong ending taken';
    it(`finds ${ending} for the end of a message`, async () => {
      const plugins = ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'];
      const { ids, results } = await audited(
        { version, plugins, files: siteFiles },
        { tls: false, only: ['smuggling'], smuggling: true, deliverCanary: 'user@local.example.org', timeout: 2000 },
      );
      const shown = shownResults(results, ['unsafe', 'unknown', 'report']);
      if (version === '3.1') assert.match(shown, /^smuggling \(plain\) unsafe: .*: LF \. CRLF → 250 [^;]*$/);
      else assert.deepEqual(ids.safe, ['smuggling'], shown);
    });
    if (!runsInFull(version)) return;

    it('finds the suite clean, and all that it should accept accepted', async () => {
      const plugins = ['tls', 'smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'];
      const found = await audited({ version, plugins, files: { ...siteFiles, ...tlsFiles } }, {});
      assertVerdicts(found, { unsafe: [], report: ['local-delivery', 'banner-version'] });
      for (const id of ['relay-routes', 'order-trick', 'local-accepted', 'backup-accepted', 'hello-junk']) {
        assert.ok(found.ids.safe.includes(id), id);
      }
      assert.equal(found.code, 0);
    });

    it('cannot tell of the suite while a list is unavailable, and does not call it deferred instead of refused', async () => {
      const unavailable = {
        me: siteFiles.me,
        host_list: siteFiles.host_list,
        'smtpcheck.ini': '[relay]\nrelay_to=redis:relay.to\n',
        'redis.ini': redisIni(1),
      };
      const plugins = ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'];
      const { ids, results, code } = await audited(
        { version, plugins, files: unavailable },
        { tls: false, only: ['relay-plain', 'local-accepted'] },
      );
      assert.deepEqual([ids.unknown, ids.safe, code], [['relay-plain'], ['local-accepted'], 2]);
      assert.match(shownResults(results, ['unknown']), /→ 450 .*Relaying temporarily denied/);
    });

    it('blames ready-made plugins for nothing, and reports what they leave to judge', async () => {
      const plugins = ['tls', 'rcpt_to.in_host_list', 'keep_queue'];
      const files = { me: siteFiles.me, host_list: siteFiles.host_list, ...tlsFiles };
      const found = await audited({ version, plugins, files }, {});
      assertVerdicts(found, {
        unsafe: [],
        report: ['relay-routes', 'relay-source-routes', 'local-delivery', 'hello-junk', 'banner-version'],
      });
      assert.equal(found.code, 0);
    });

    it('finds every door that stands open', async () => {
      const plugins = ['tls', 'xclient', 'tells_users', 'trust_everybody', 'auth/flat_file', 'keep_queue'];
      const files = {
        me: siteFiles.me,
        host_list: siteFiles.host_list,
        'tls_key.pem': expired.key,
        'tls_cert.pem': expired.cert,
        'auth_flat_file.ini': '[core]\nmethods=PLAIN,LOGIN,CRAM-MD5\n[users]\nuser=secret\n',
        '../plugins/tells_users.js': tellsUsers,
      };
      const found = await audited({ version, plugins, files }, {});
      assert.equal(found.code, 1);
      assertVerdicts(found, {
        unsafe: [
          'relay-plain',
          'relay-senders',
          'relay-source-routes',
          'relay-literals',
          'relay-lookalikes',
          'relay-parameters',
          'xclient',
          'order-trick',
          'vrfy-users',
          'expn-lists',
          'old-commands',
          'auth-without-tls',
          'certificate',
        ],
        report: ['relay-routes', 'local-delivery', 'vrfy-timing', 'hello-junk', 'auth-mechanisms', 'banner-version'],
      });
    });

    it('finds over IPv6 what is open there alone', async () => {
      const plugins = ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'];
      const options: HarakaOptions = {
        version,
        plugins,
        files: { ...siteFiles, localip: '::1\n' },
        listen: ['ipv4', 'ipv6'],
      };
      const haraka: RunningHaraka = await startHaraka(options);
      try {
        const wishes = { tls: false, only: ['relay-plain'] };
        const four = await auditOf({ host: `127.0.0.1:${haraka.ports.ipv4}`, ...wishes });
        const six = await auditOf({ host: `[::1]:${haraka.ports.ipv6}`, ...wishes });
        assert.deepEqual([four.ids.safe, four.code], [['relay-plain'], 0]);
        assert.deepEqual([six.ids.unsafe, six.code], [['relay-plain'], 1]);
        // With the lists at hand it knows that it asked from a trusted address.
        const told = await auditOf({ host: `[::1]:${haraka.ports.ipv6}`, config: haraka.directory, ...wishes });
        assert.deepEqual([told.ids.unknown, told.code], [['relay-plain'], 2]);
      } finally {
        await haraka.stop();
      }
    });

    it('sees a canary taken by an open server, and in its queue', async () => {
      const haraka = await startHaraka({
        version,
        plugins: ['trust_everybody', 'keep_queue'],
        files: { me: siteFiles.me },
      });
      try {
        const { ids, code } = await auditOf({
          host: `127.0.0.1:${haraka.port}`,
          tls: false,
          only: ['canary', 'relay-plain'],
          deliverCanary: 'canary@away.example.org',
        });
        assert.deepEqual([ids.unsafe, code], [['relay-plain', 'canary'], 1]);
        const queued = await haraka.queued();
        assert.deepEqual(
          queued.map(({ recipients }) => recipients),
          [['canary@away.example.org']],
        );
      } finally {
        await haraka.stop();
      }
    });
  }).timeout(60_000);
}
