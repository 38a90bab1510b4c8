/** `running` as a side of `smtpcheck diff`: what a server decides by, which is not always what its files hold. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { freePort } from '../../../examples/haraka-directory';
import { FakeRedis } from '../../../testkit/fakes/redis';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { ask, holdersOf, socketOf, statusOf } from '../../../testkit/live/status-client';
import { askFor, eventually, load } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';
import { redisIni } from '../../../testkit/redis-clients';
import { smtpcheck } from '../../cli/command';

const plugins = ['smtpcheck', 'rcpt_to.in_host_list'];
const files = {
  host_list: 'local.example\n',
  localip: [
    '127.9.0.0/16\n!127.9.64.0/18\n2001:db8:9::/48\n',
    '127.30.0.0/16 from=dept.example,<> until=2036-01-01\n127.31.0.0/16 until=2020-01-01\n',
  ].join(''),
  localdomain: 'campus.example\n',
  'relay.to': 'backup.example [127.0.0.1]:26\n=mail.example\n!old.backup.example\ndirector@institute.example\n',
  'relay.map': 'Connect:127.20 RELAY\nTo:list.example REJECT\nTo:abuse@ ERROR:5.7.1:553 not here\n',
  'host.deny': '127.66.0.0/16\nspam.example\n',
};

const diff = (haraka: RunningHaraka, ...args: readonly string[]) =>
  smtpcheck(['diff', 'running', ...args, '-c', haraka.directory]);

/** What the folder of the server holds now, for a comparison later. */
function copyOf(haraka: RunningHaraka): Folder {
  const folder = makeFolder();
  fs.cpSync(`${haraka.directory}/config`, folder.file('config'), { recursive: true });
  return folder;
}

const unchanged = { code: 0, stdout: 'nothing changes\n', stderr: '' };

for (const version of versions) {
  describe(`smtpcheck diff running, with Haraka ${version}`, () => {
    let haraka: RunningHaraka;
    let port: number;
    const socketPath = makeFolder().file('others.sock');

    beforeEach(async () => {
      port = await freePort();
      haraka = await startHaraka({
        version,
        plugins,
        files: { ...files, 'smtpcheck.ini': `[status]\nlisten=127.0.0.1:${port} ${socketPath}\n` },
      });
    });
    afterEach(() => haraka?.stop());

    it('finds nothing while the folder holds what is in force, and all of an edit that is not in force', async () => {
      assert.deepEqual(await diff(haraka), unchanged);
      const edited = copyOf(haraka);
      edited.write('config/localip', '127.9.0.0/16\n');
      edited.write(
        'config/smtpcheck.ini',
        `${fs.readFileSync(edited.file('config/smtpcheck.ini'))}\n[deny]\nat=rcpt\n`,
      );
      edited.write('config/plugins', 'smtpcheck/plugins/relay\n');
      const { stdout, code } = await diff(haraka, edited.path, '--json');
      assert.equal(code, 1);
      const { changes } = JSON.parse(stdout) as {
        changes: { effect: string; subject: string; before: { at: string } }[];
      };
      assert.deepEqual(
        changes.map(({ effect, subject, before }) => `${effect} ${subject} ${before.at}`),
        [
          'opens deny null',
          'opens helo null',
          'opens privacy null',
          'closes rcpt_to.in_host_list null',
          'moves deny.at null',
          'opens 127.9.64.0/18 localip:2',
          'closes 127.30.0.0/16 localip:4',
          'closes 2001:db8:9::/48 localip:3',
        ],
      );
    });

    it('has the version in force where a newer one is rejected, and says why the folder cannot be compared', async () => {
      const before = copyOf(haraka);
      haraka.write('localip', '127.9.0.1/16\n');
      haraka.write('smtpcheck.ini', '[relay]\nrestrictoin=false\n');
      await haraka.waitForLog(/localip:1: prefix-host-bits/);
      await haraka.waitForLog(/smtpcheck\.ini:2: ini-key-unknown/);
      assert.match(await askFor(haraka, 'a@victim.example', { from: '127.9.0.1' }), /^250 /);
      assert.deepEqual(await diff(haraka, before.path), unchanged);
      const { code, stdout, stderr } = await diff(haraka);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /localip:1: prefix-host-bits/);
    });

    it('has the deny list that stays in force without its file, which a restart would lose', async () => {
      haraka.remove('host.deny');
      haraka.remove('localdomain');
      await haraka.waitForLog('host.deny was deleted: its last content stays in force');
      await haraka.waitForLog(/localdomain .*(?:deleted|missing|empty)/);
      const { code, stdout } = await diff(haraka);
      assert.equal(code, 1);
      assert.match(stdout, /^opens +host\.deny +127\.66\.0\.0\/16 .* was refused by host\.deny:1$/m);
      assert.match(stdout, /^2 open\n$/m);
    });

    it('has scopes and ends as the server has them', async () => {
      const edited = copyOf(haraka);
      edited.write('config/localip', files.localip.replace('from=dept.example,<>', 'from=dept.example'));
      const { stdout } = await diff(haraka, edited.path);
      assert.match(stdout, /^closes +localip +127\.30\.0\.0\/16 .* may now relay only mail from dept\.example /m);
      assert.match(stdout, /^1 closes$/m);
      const { stdout: later } = await diff(haraka, edited.path, '--at', '2036-01-01');
      assert.equal(later, 'nothing changes\n');
    });

    it('is what smtpcheck test -c running asks', async () => {
      haraka.write('localip', 'not an entry\n');
      await haraka.waitForLog(/localip:1: /);
      const folder = makeFolder({
        expectations: [
          '127.9.0.0/18 -> a@victim.example relay localip:1',
          '127.30.0.0/16 from=a@x.dept.example -> a@victim.example relay localip:4',
          '127.30.0.0/16 from=a@other.example -> a@victim.example refuse localip:4',
          '127.31.0.0/16 -> a@victim.example refuse 550',
        ].join('\n'),
      });
      const { code, stderr } = await smtpcheck(['test', '-c', 'running', folder.file('expectations')], {
        cwd: haraka.directory,
      });
      assert.deepEqual([code, stderr], [0, '4 expectations hold, 0 do not\n']);
    });

    it('is handed out by the socket of the command alone', async () => {
      const url = '/smtpcheck/policy';
      assert.equal((await ask(socketOf(haraka), url)).status, 200);
      for (const place of [{ port }, { socketPath }]) {
        const { status, body } = await ask(place, url);
        assert.equal(status, 404);
        assert.doesNotMatch(body, /policy/);
      }
    });
  });
}

describe('smtpcheck diff running', () => {
  it('needs a server, and says so', async () => {
    const folder = makeFolder({ 'config/plugins': 'smtpcheck\n' });
    const { code, stdout, stderr } = await smtpcheck(['diff', 'running', '-c', folder.path]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /no server answers at .*smtpcheck\.sock \(ENOENT\): is Haraka running in /);
  });
});

describe('smtpcheck diff running, with a list in Redis', () => {
  const redis = new FakeRedis();
  let haraka: RunningHaraka;

  before(async () => {
    await redis.start();
    redis.add('localip', '127.8.0.1');
    const settings = '[main]\npoll=200ms\nsettle=50ms\n[relay]\nlocal_ip=redis:localip\n[redis]\nmax_age=5s\n';
    haraka = await startHaraka({
      plugins,
      files: { ...files, 'smtpcheck.ini': settings, 'redis.ini': redisIni(redis.port) },
    });
  });
  after(async () => {
    await haraka?.stop();
    await redis.stop();
  });

  it('has the list as it is in force, and says of one that is not known what becomes of it', async () => {
    const folder = makeFolder({ 'config/plugins': plugins.join('\n') });
    for (const [name, text] of Object.entries({ ...files, localip: '127.8.0\n' })) folder.write(`config/${name}`, text);
    await eventually(
      (stdout) => /^opens +localip +127\.8\.0\.2\/31 /m.test(stdout),
      async () => (await diff(haraka, folder.path)).stdout,
    );
    redis.remove('localip', '127.8.0.1');
    await eventually(
      (stdout) => /^opens +localip +127\.8\.0\.0\/24 /m.test(stdout),
      async () => (await diff(haraka, folder.path)).stdout,
    );
    await redis.stop();
    await haraka.waitForLog('redis:localip has not been confirmed for 5 s');
    const { stdout } = await diff(haraka, folder.path);
    assert.match(stdout, /^moves +localip +relay\.local_ip +the list is known again: .* was unavailable$/m);
    assert.match(stdout, /^opens +localip +127\.8\.0\.0\/24 /m);
  });
});

describe('smtpcheck diff running, with two workers', () => {
  let haraka: RunningHaraka;
  const edited = '127.9.0.0/16\n';

  before(async () => {
    haraka = await startHaraka({ plugins, files, nodes: 2 });
    await eventually(
      (count) => count === 3,
      async () => (await statusOf(haraka)).processes.length,
    );
  });
  after(() => haraka?.stop());

  it('waits until all of them have the same in force', async () => {
    const before = copyOf(haraka);
    await load(haraka, 'localip', edited);
    assert.deepEqual(await diff(haraka), unchanged);
    assert.match((await diff(haraka, before.path)).stdout, /^closes +localip +127\.9\.64\.0\/18 /m);
  });

  it('exits 2 where a worker goes on with another version', async () => {
    const worker = (await statusOf(haraka)).processes.find((one) => one.worker > 0);
    assert.ok(worker);
    process.kill(worker.pid, 'SIGSTOP');
    try {
      haraka.write('localip', files.localip);
      await eventually(
        (count) => count >= 2,
        async () => holdersOf(await statusOf(haraka), 'localip', files.localip),
      );
      const { code, stdout, stderr } = await diff(haraka);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, new RegExp(`worker ${worker.worker} has another version of local_ip than the master`));
    } finally {
      process.kill(worker.pid, 'SIGCONT');
    }
    await eventually(
      (count) => count === 3,
      async () => holdersOf(await statusOf(haraka), 'localip', files.localip),
    );
    assert.deepEqual(await diff(haraka), unchanged);
  });
});
