/** The commands on a folder that keeps lists in Redis: what they read of it, and what they say where they cannot. */
import assert from 'node:assert/strict';
import { siteOf } from '../../src/cli/audit/site';
import { loadFolder } from '../../src/cli/site';
import { FakeRedis } from '../../testkit/fakes/redis';
import { type Folder, makeFolder } from '../../testkit/folder';
import { smtpcheck } from './command';

let redis: FakeRedis;
beforeEach(async () => {
  redis = await new FakeRedis().start();
});
afterEach(() => redis.stop());

const ini = '[relay]\nlocal_ip=redis:\nrelay_to=redis:\nrelay_map=redis: hash:map\n[deny]\nhosts=redis:\n';

function site(files: Readonly<Record<string, string>> = {}): Folder {
  const config = {
    me: 'mx.local.example\n',
    plugins: 'smtpcheck\nrcpt_to.in_host_list\nqueue/lmtp\n',
    host_list: 'local.example\n',
    'smtpcheck.ini': ini,
    map: '',
    'redis.ini': `[server]\nport=${redis.port}\n`,
    ...files,
  };
  return makeFolder(Object.fromEntries(Object.entries(config).map(([name, text]) => [`config/${name}`, text])));
}

function fill(): void {
  redis.add('localip', '192.0.2');
  redis.add('relay.to', 'backup.example', '# ours');
  redis.set('relay.map', new Map([['To:partner.example', 'RELAY']]));
  redis.set('host.deny', '# nobody\n198.51.100.66\n');
}

const explain = (folder: Folder, ...to: readonly string[]) =>
  smtpcheck(['explain', '--ip', '203.0.113.7', '--no-dns', '--json', ...to.flatMap((r) => ['--to', r])], {
    cwd: folder.path,
  });

interface Explained {
  readonly steps: readonly {
    readonly reply: { readonly code: number };
    readonly decisions: readonly { readonly at?: object }[];
  }[];
  readonly unread: readonly string[];
}

describe('smtpcheck explain, with lists in Redis', () => {
  it('decides by what they hold, with the password of redis.ini', async () => {
    fill();
    redis.password = '12345';
    const folder = site({ 'redis.ini': `[server]\nport=${redis.port}\n[opts]\npassword=12345\n` });
    const { stdout, stderr } = await explain(folder, 'a@backup.example', 'a@partner.example', 'a@victim.example');
    assert.equal(stderr, '');
    const { steps, unread } = JSON.parse(stdout) as Explained;
    assert.deepEqual(
      steps.map(({ reply }) => reply.code),
      [220, 250, 250, 250, 250, 550],
    );
    assert.deepEqual(unread, []);
    const lines = steps.flatMap(({ decisions }) => decisions.flatMap(({ at }) => at ?? []));
    assert.deepEqual(lines, [
      { file: 'redis:relay.to', line: 2 },
      { file: 'redis:relay.map', line: 1 },
    ]);
  });

  interface UnreadCase {
    readonly name: string;
    arrange(folder: Folder): unknown;
    readonly says: RegExp;
    readonly reply: number;
  }
  const cases: readonly UnreadCase[] = [
    { name: 'Redis is away', arrange: () => redis.stop(), says: /redis:host\.deny: connect ECONNREFUSED/, reply: 421 },
    {
      name: 'Redis is paused',
      arrange: () => redis.pause(),
      says: /redis:host\.deny: no answer within 3000/,
      reply: 421,
    },
    {
      name: 'redis.ini cannot be read',
      arrange: (folder) => {
        folder.remove('config/redis.ini');
        folder.write('config/redis.ini/x', '');
      },
      says: /redis:host\.deny: redis\.ini cannot be read: it is a directory/,
      reply: 421,
    },
    { name: 'a key is missing', arrange: () => redis.delete('host.deny'), says: /there is no such key/, reply: 421 },
    {
      name: 'a list has a fault',
      arrange: () => redis.add('relay.to', 'jp'),
      says: /redis:relay\.to: redis:relay\.to:3: domain-public-suffix/,
      reply: 450,
    },
    {
      name: 'a key is of another type',
      arrange: () => redis.set('localip', { type: 'zset' }),
      says: /redis:localip: redis:localip:1: redis-type/,
      reply: 450,
    },
  ];
  for (const { name, arrange, says, reply } of cases) {
    it(`says so where ${name}, and decides as a server without it`, async () => {
      fill();
      const folder = site();
      await arrange(folder);
      const { code, stdout, stderr } = await explain(folder, 'a@victim.example');
      assert.match(stderr, says);
      assert.match(stderr, /^decided as without Redis, which was not read: /);
      const { steps, unread } = JSON.parse(stdout) as Explained;
      assert.deepEqual([steps.at(-1)?.reply.code, code], [reply, 1]);
      assert.ok(unread.some((line) => says.test(line)));
    });
  }
});

describe('smtpcheck lint, with lists in Redis', () => {
  const lint = (folder: Folder) => smtpcheck(['lint'], { cwd: folder.path });

  it('finds nothing where they are sound', async () => {
    fill();
    assert.deepEqual((await lint(site())).stdout, '');
  });

  it('finds in them what it would find in files', async () => {
    fill();
    redis.add('localip', '10', '192.0.2.9/24');
    redis.set('relay.map', { type: 'stream' });
    redis.delete('host.deny');
    const { code, stdout } = await lint(site());
    assert.equal(code, 1);
    for (const line of [
      /^redis:localip:1:1: warning: 10 trusts a private range/m,
      /^redis:localip:3:1: error: 192\.0\.2\.9\/24 .* \[prefix-host-bits\]$/m,
      /^redis:relay\.map:1:1: error: relay\.map is of the type stream.* \[redis-type\]$/m,
      /^redis:host\.deny:1:1: warning: .* there is no such key.* \[redis-unread\]$/m,
    ]) {
      assert.match(stdout, line);
    }
  });
});

describe('the site that audit expects, with lists in Redis', () => {
  it('is what they hold', async () => {
    fill();
    const folder = { path: site().path, config: site().file('config') };
    const { backupRecipients, trusts } = siteOf({ local: [], backup: [], folder: await loadFolder(folder, {}) });
    assert.deepEqual(
      backupRecipients.map(({ address }) => address),
      ['postmaster@backup.example'],
    );
    assert.equal(trusts('192.0.2.7'), 'redis:localip:1');
  });
});

describe('smtpcheck init, with lists in Redis', () => {
  it('makes the files that stand in, and none for keys', async () => {
    const folder = site({ 'smtpcheck.ini': '[relay]\nlocal_ip=redis: ours\n[deny]\nhosts=redis:\n' });
    const { stdout, code } = await smtpcheck(['init', '--dry-run', folder.path]);
    assert.equal(code, 0);
    assert.match(stdout, /^would create config\/ours$/m);
    assert.doesNotMatch(stdout, /host\.deny/);
  });
});

describe('smtpcheck import, with lists in Redis', () => {
  it('says that a file does not arrive there by itself, and how it does', async () => {
    const folder = site({ 'smtpcheck.ini': '[relay]\nlocal_ip=redis:ours\n' });
    folder.write('access', 'Connect:192.0.2 RELAY\n');
    const { stderr } = await smtpcheck(['import', 'access', '-o', 'config', '--dry-run'], { cwd: folder.path });
    assert.match(stderr, /^smtpcheck\.ini has a list in redis:ours: .* redis-cli -x SET ours < .*config\/localip$/m);
  });
});
