/** Lists in Redis as the policy sees them: followed, replaced, put off and back again. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PolicyList } from '../../core';
import { CannotStart, PolicyStore } from '../../runtime/policy-store';
import { RedisAccess } from '../../runtime/redis-package';
import { address, shown } from '../helpers/core';
import { FakeRedis } from '../helpers/fake-redis';
import { type Folder, makeFolder } from '../helpers/folder';
import { accessBy, accessTo, type ClientVersion, harakaConfig, redisIni } from '../helpers/redis-access';
import { until } from '../helpers/until';

const head = '[main]\npoll=200ms\nsettle=50ms\n[redis]\nmax_age=1s\n';
const all = `${head}[relay]\nlocal_ip=redis:\nlocal_domain=redis:\nrelay_to=redis:\nrelay_map=redis:\n[deny]\nhosts=redis:\n`;
const denyAlone = `${head}[deny]\nhosts=redis:host.deny\n`;
/** Longer than a content counts. */
const tooLong = 1500;

let redis: FakeRedis;
const stores: PolicyStore[] = [];

class Followed {
  readonly said: string[] = [];
  readonly store: PolicyStore;

  constructor(
    readonly folder: Folder,
    access: RedisAccess | 'redis.ini' = accessTo(redis),
  ) {
    const say =
      (level: string) =>
      (...lines: readonly string[]) =>
        this.said.push(`${level} ${lines.join('\n')}`);
    const log = { loginfo: say('info'), lognotice: say('notice'), logwarn: say('warn'), logerror: say('error') };
    this.store = new PolicyStore(folder.path, log, access === 'redis.ini' ? accessBy(folder.path, log) : access);
    stores.push(this.store);
    this.store.follow();
  }

  get denied(): PolicyList {
    return this.store.policy.deny.clients;
  }

  get trusted(): PolicyList {
    return this.store.policy.relay.clientNetworks;
  }

  denies(client: string): boolean {
    return this.denied.findAddress(address(client)) !== undefined;
  }

  saying(text: string | RegExp): number {
    return this.said.filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))).length;
  }

  async sees(what: string, holds: () => boolean): Promise<void> {
    await until(`${what}; said: ${this.said.join('\n')}`, holds);
  }
}

async function start(
  ini: string,
  files: Readonly<Record<string, string>> = {},
  access?: RedisAccess,
): Promise<Followed> {
  const site = new Followed(makeFolder({ 'smtpcheck.ini': ini, ...files }), access);
  await site.store.firstRead(3000);
  return site;
}

beforeEach(async () => {
  redis = await new FakeRedis().start();
});
afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  await until('all connections are closed', () => redis.connections === 0);
  await redis.stop();
});

describe('a list in Redis', () => {
  for (const version of [5, 6] as const satisfies readonly ClientVersion[]) {
    it(`is read like a file, whatever holds it, with version ${version} of the client`, async () => {
      redis.add('localip', '192.0.2', '!192.0.2.9', '# ours');
      redis.set('localdomain', 'campus.example\n=mail.example.org\n');
      redis.add('relay.to', 'backup.example  [198.51.100.5]:2525');
      redis.set('relay.map', new Map([['To:partner.example', 'RELAY']]));
      redis.add('host.deny', 'spam.example');
      const site = await start(all, {}, accessTo(redis, version));
      const { relay, deny } = site.store.policy;
      assert.equal(shown(relay.clientNetworks.findAddress(address('192.0.2.7'))), '+3');
      assert.equal(shown(relay.clientNetworks.findAddress(address('192.0.2.9'))), '-1');
      assert.equal(shown(relay.clientDomains.findDomain('mail.example.org')), '+2');
      const recipient = (domain: string) => ({ localPart: 'a', domain });
      assert.equal(relay.destinations.findRecipient(recipient('backup.example'))?.route?.port, 2525);
      assert.deepEqual(relay.map.findRecipient(recipient('partner.example'))?.source, {
        file: 'redis:relay.map',
        line: 1,
      });
      assert.deepEqual(deny.clients.findDomain('spam.example')?.source, { file: 'redis:host.deny', line: 1 });
      assert.equal(site.saying(/^notice loaded file=redis:host.deny generation=\d+ sha256=[0-9a-f]{12}$/), 1);
    });

    it(`takes one connection, and closes it, with version ${version} of the client`, async () => {
      const site = await start(all, {}, accessTo(redis, version));
      assert.equal(redis.connections, 1);
      site.store.close();
      await until('it is closed', () => redis.connections === 0);
    });
  }

  it('is read with the password of redis.ini, digits or not', async () => {
    redis.password = '12345';
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone, {}, accessTo(redis, 5, { password: 12345 }));
    assert.ok(site.denies('198.51.100.7'));
  });

  it('is read from the server that the setting names', async () => {
    redis.add('host.deny', '198.51.100.7');
    const nowhere = new RedisAccess({ get: () => ({ server: { path: '/nowhere/redis.sock' } }) });
    const site = await start(`${head}[deny]\nhosts=redis:[127.0.0.1:${redis.port}]\n`, {}, nowhere);
    assert.ok(site.denies('198.51.100.7'));
    assert.equal(site.denied.file, `redis:[127.0.0.1:${redis.port}]host.deny`);
  });

  interface NoticeCase {
    readonly name: string;
    readonly forbidden?: string;
    readonly told: string;
  }
  const ways: readonly NoticeCase[] = [
    { name: 'where the server tells of changes', told: 'it tells of changes' },
    { name: 'where it knows no RESP 3', forbidden: 'HELLO', told: 'it tells of no changes' },
    { name: 'where it forbids notices', forbidden: 'CLIENT', told: 'it tells of no changes' },
    { name: 'where it does not say whether it tells', forbidden: 'CLIENT GETREDIR', told: 'it tells of no changes' },
  ];
  for (const { name, forbidden, told } of ways) {
    for (const version of [5, 5.8, 6] as const) {
      it(`is followed ${name}, with version ${version} of the client`, async () => {
        if (forbidden) redis.forbidden.add(forbidden);
        redis.add('host.deny', '198.51.100.7');
        const site = await start(denyAlone, {}, accessTo(redis, version));
        assert.equal(site.saying(version === 5.8 ? 'it tells of no changes' : told), 1, site.said.join('\n'));
        redis.add('host.deny', '198.51.100.8');
        await site.sees('the change is taken', () => site.denies('198.51.100.8'));
        redis.remove('host.deny', '198.51.100.7');
        await site.sees('the next is taken too', () => !site.denies('198.51.100.7'));
        const { generation } = site.store.policy;
        await sleep(tooLong);
        assert.equal(site.store.policy.generation, generation, 'what stays the same changes nothing');
        assert.ok(site.denies('198.51.100.8'), 'and counts for as long as the server is there');
      });
    }
  }

  it('is taken in the midst of a storm of changes', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone);
    let n = 0;
    const storm = setInterval(() => redis.add('host.deny', `192.0.2.${n++ % 250}`), 3);
    try {
      redis.add('host.deny', '198.51.100.8');
      await site.sees('it is taken', () => site.denies('198.51.100.8'));
      const before = redis.asked.length;
      await sleep(500);
      assert.ok(redis.asked.length - before < 60, 'and does not keep the server busy');
    } finally {
      clearInterval(storm);
    }
  });

  it('is parsed apart when it is large, and read again only where it is another', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.7`);
    redis.add('host.deny', ...rows);
    const site = await start(denyAlone.replace('1s', '5s'));
    assert.equal(site.denied.size, rows.length);
    const { generation } = site.store.policy;
    redis.set('host.deny', new Set([...rows].reverse()));
    await sleep(1000);
    assert.equal(site.store.policy.generation, generation);
    redis.add('host.deny', '192.0.2.9/24');
    await site.sees('the fault is told of', () => site.saying('redis:host.deny:20001: prefix-host-bits') === 1);
    assert.ok(site.denies('10.78.31.7'));
  });

  it('does not keep another from being read where it cannot be', async () => {
    redis.set('localip', 'x');
    redis.forbidden.add('GET');
    redis.add('host.deny', '198.51.100.7');
    const site = await start(`${denyAlone}[relay]\nlocal_ip=redis:localip\n`);
    await site.sees('the other is in force', () => site.denies('198.51.100.7'));
    assert.equal(site.trusted.available, false);
    await sleep(tooLong);
    assert.equal(site.saying(/error redis:localip cannot be read: .*GET/), 1, 'once');
    redis.forbidden.clear();
    redis.set('localip', '192.0.2.7');
    await site.sees('it is read later', () => site.trusted.available);
  });
});

describe('a list in Redis that cannot be taken', () => {
  const bad: readonly { readonly name: string; spoil(): void; readonly says: string }[] = [
    {
      name: 'has a fault',
      spoil: () => redis.add('host.deny', '192.0.2.9/24'),
      says: 'redis:host.deny:1: prefix-host-bits: 192.0.2.9/24',
    },
    {
      name: 'has an entry with a line break',
      spoil: () => redis.add('host.deny', '192.0.2.9\n192.0.2.8'),
      says: 'redis:host.deny:1: bad-characters',
    },
    {
      name: 'has a comment with a line break',
      spoil: () => redis.add('host.deny', '192.0.2 #\n192.0.2.8'),
      says: 'redis:host.deny:1: bad-characters',
    },
    {
      name: 'is a text with the line ends of an old Mac',
      spoil: () => redis.set('host.deny', '# bad hosts\r192.0.2.8\r'),
      says: 'redis:host.deny:1: bad-characters',
    },
    {
      name: 'is of another type',
      spoil: () => redis.set('host.deny', { type: 'list' }),
      says: 'redis:host.deny:1: redis-type: host.deny is of the type list',
    },
    {
      name: 'is a hash and no map',
      spoil: () => redis.set('host.deny', new Map([['198.51.100.7', '']])),
      says: 'redis:host.deny:1: redis-type: host.deny is of the type hash',
    },
  ];
  for (const { name, spoil, says } of bad) {
    it(`because it ${name} leaves the last good one in force, and is told of once`, async () => {
      redis.forbidden.add('HELLO');
      redis.add('host.deny', '198.51.100.7');
      const site = await start(denyAlone);
      spoil();
      await site.sees('it is told of', () => site.saying(says) === 1);
      await sleep(tooLong);
      assert.equal(site.saying(says), 1);
      assert.ok(site.denies('198.51.100.7') && site.denied.available);
    });

    it(`because it ${name} counts as away at the first read`, async () => {
      spoil();
      const site = await start(denyAlone);
      assert.equal(site.saying(says), 1);
      assert.equal(site.denied.available, false);
      redis.set('host.deny', new Set(['198.51.100.7']));
      await site.sees('it is put right', () => site.denies('198.51.100.7'));
    });
  }
});

describe('a key that is not there', () => {
  it('is an empty allow list, and is told of', async () => {
    redis.add('localip', '192.0.2.7');
    const site = await start(`${head}[relay]\nlocal_ip=redis:localip\n`);
    redis.delete('localip');
    await site.sees('it is empty', () => site.trusted.size === 0);
    assert.ok(site.trusted.available);
    assert.equal(site.saying('notice redis:localip is missing: it lists nothing'), 1);
    redis.add('localip', '192.0.2.7');
    await site.sees('it is back', () => site.trusted.size === 1);
    redis.flush();
    await site.sees('it is empty again', () => site.trusted.size === 0);
  });

  it('leaves host.deny in force, and is told of each time', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone);
    redis.flush();
    await site.sees(
      'it is told of',
      () => site.saying('error redis:host.deny is missing: its last content stays') === 1,
    );
    await sleep(tooLong);
    assert.ok(site.denies('198.51.100.7') && site.denied.available, 'for as long as the server says so');
    redis.add('host.deny', '198.51.100.8');
    await site.sees('the new one is in force', () => site.denies('198.51.100.8') && !site.denies('198.51.100.7'));
    redis.remove('host.deny', '198.51.100.8');
    await site.sees('it is told of again', () => site.saying('redis:host.deny is missing') === 2);
    assert.ok(site.denies('198.51.100.8'));
    redis.add('host.deny', '#');
    await site.sees('nobody is refused', () => site.denied.size === 0);
  });

  it('leaves nothing to refuse by at the first read: host.deny is put off, or its file', async () => {
    const site = await start(denyAlone);
    assert.equal(site.denied.available, false);
    assert.equal(site.saying("what it refuses cannot be told; to refuse nobody, SADD host.deny '#'"), 1);
    const other = await start(`${head}[deny]\nhosts=redis:host.deny last\n`, { last: '198.51.100.7' });
    assert.ok(other.denies('198.51.100.7') && other.denied.available);
  });
});

describe('Redis away', () => {
  const outages: readonly { readonly name: string; begin(): unknown; end(): unknown }[] = [
    { name: 'stopped', begin: () => redis.stop(), end: () => redis.start() },
    { name: 'paused', begin: () => redis.pause(), end: () => redis.resume() },
  ];
  for (const { name, begin, end } of outages) {
    it(`changes nothing while it is ${name} for a moment`, async () => {
      redis.add('host.deny', '198.51.100.7');
      const site = await start(denyAlone.replace('1s', '3s'));
      const { generation } = site.store.policy;
      await begin();
      await sleep(800);
      await end();
      await sleep(2500);
      assert.equal(site.store.policy.generation, generation);
      assert.ok(site.denies('198.51.100.7'));
    });

    it(`puts off what the lists could decide while it is ${name} for longer, and says so once`, async () => {
      redis.add('host.deny', '198.51.100.7');
      redis.add('localip', '192.0.2.7');
      const site = await start(`${denyAlone}[relay]\nlocal_ip=redis:localip\n`);
      await begin();
      await site.sees('both are put off', () => !site.denied.available && !site.trusted.available);
      await sleep(tooLong);
      assert.equal(site.saying(/^warn redis 127\.0\.0\.1:\d+ is away/), 1);
      assert.equal(
        site.saying('error redis:host.deny has not been confirmed for 1 s: what it could decide is deferred'),
        1,
      );
      await end();
      await site.sees('they are back', () => site.denies('198.51.100.7') && site.trusted.size === 1);
      assert.equal(site.saying('is there again'), 1);
    });

    it(`leaves the file in force while it is ${name}, as it is by then`, async () => {
      redis.add('host.deny', '198.51.100.7');
      const site = await start(`${head}[deny]\nhosts=redis:host.deny last\n`, { last: '198.51.100.1' });
      site.folder.write('last', '198.51.100.2\n');
      await sleep(600);
      assert.ok(site.denies('198.51.100.7'), 'the key goes first');
      await begin();
      await site.sees('the file is in force', () => site.denies('198.51.100.2'));
      assert.ok(!site.denies('198.51.100.7') && site.denied.available);
      site.folder.write('last', '198.51.100.3\n');
      await site.sees('and is followed', () => site.denies('198.51.100.3'));
      await end();
      await site.sees('the key is back', () => site.denies('198.51.100.7'));
    });

    it(`does not keep the server from starting while it is ${name}`, async () => {
      redis.add('host.deny', '198.51.100.7');
      await begin();
      const site = new Followed(makeFolder({ 'smtpcheck.ini': denyAlone }));
      const from = performance.now();
      await site.store.firstRead(300);
      assert.ok(performance.now() - from < 1000);
      assert.equal(site.denied.available, false);
      await end();
      await site.sees('it is read later', () => site.denies('198.51.100.7'));
    });
  }

  it('is told of once, whatever keeps it away, and with the reason', async () => {
    redis.password = 'right';
    const site = await start(denyAlone, {}, accessTo(redis, 5, { password: 'wrong' }));
    await sleep(tooLong);
    assert.equal(site.saying(/^warn .* is away, and is tried again: WRONGPASS/), 1);
    assert.equal(site.denied.available, false);
  });

  it('holds no connection open that the store has let go of, however far it has got', async () => {
    redis.pause();
    const site = new Followed(makeFolder({ 'smtpcheck.ini': denyAlone.replace('1s', '1m') }));
    await until('it is connected', () => redis.connections === 1);
    site.store.close();
    await until('it is closed', () => redis.connections === 0);
    const other = new Followed(makeFolder({ 'smtpcheck.ini': denyAlone.replace('1s', '1m') }));
    other.store.close();
    await sleep(300);
    assert.equal(redis.connections, 0);
  });

  it('keeps no process alive, nor does Redis that is there', async () => {
    redis.add('host.deny', '198.51.100.7');
    const config = makeFolder({ 'smtpcheck.ini': denyAlone }).path;
    const modules = path.resolve(__dirname, '..', '..', 'runtime');
    for (const port of [redis.port, 1]) {
      fs.writeFileSync(path.join(config, 'redis.ini'), redisIni(port));
      const script = `
        const { PolicyStore } = require(${JSON.stringify(path.join(modules, 'policy-store.js'))});
        const { RedisAccess } = require(${JSON.stringify(path.join(modules, 'redis-package.js'))});
        const { RedisIniFile } = require(${JSON.stringify(path.join(modules, 'redis-ini.js'))});
        const log = { loginfo() {}, lognotice() {}, logwarn() {}, logerror() {} };
        const access = new RedisAccess(new RedisIniFile(${JSON.stringify(config)}, log));
        const store = new PolicyStore(${JSON.stringify(config)}, log, access);
        store.follow();
        store.firstRead(500).then(() => console.log(store.policy.deny.clients.size));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { timeout: 15_000 });
      assert.equal(stdout.trim(), port === 1 ? '0' : '1');
    }
  });

  it('counts by the clock, and not by a timer that may be late', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone);
    assert.ok(site.denies('198.51.100.7'));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
    assert.equal(site.denied.available, false);
  });

  it('still counts by the clock once the store is closed', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone);
    site.store.close();
    assert.ok(site.denies('198.51.100.7'));
    await sleep(tooLong);
    assert.equal(site.denied.available, false);
  });
});

describe('smtpcheck.ini and Redis', () => {
  it('does not start where the plugin is not installed, and is not taken later', async () => {
    const nowhere = () => new RedisAccess({ get: () => ({}) }, ['/nowhere/at/all']);
    const folder = makeFolder({ 'smtpcheck.ini': denyAlone });
    assert.throws(
      () => new Followed(folder, nowhere()),
      (error) => error instanceof CannotStart && /smtpcheck\.ini:7: redis-plugin-missing/.test(error.message),
    );
    folder.write('smtpcheck.ini', head);
    const site = new Followed(folder, nowhere());
    folder.write('smtpcheck.ini', denyAlone);
    await site.sees('it is told of', () => site.saying('smtpcheck.ini:7: redis-plugin-missing') === 1);
    assert.equal(site.store.policy.generation, 1);
  });

  it('wants the file that is named beside a key', () => {
    const folder = makeFolder({ 'smtpcheck.ini': `${head}[deny]\nhosts=redis:host.deny host.deny\n` });
    assert.throws(() => new Followed(folder), /host\.deny:1: file-missing/);
  });

  it('goes from a file to a key, to another, and back, with a list in force all the time', async () => {
    redis.add('a', '198.51.100.1');
    redis.add('b', '198.51.100.2');
    const site = await start(`${head}[deny]\nhosts=host.deny\n`, { 'host.deny': '198.51.100.3' });
    assert.equal(redis.connections, 0);
    const watch = setInterval(() => assert.ok(site.denied.size === 1), 5);
    try {
      for (const [hosts, refused] of [
        ['redis:a', '198.51.100.1'],
        ['redis:b host.deny', '198.51.100.2'],
        ['host.deny', '198.51.100.3'],
      ]) {
        site.folder.write('smtpcheck.ini', `${head}[deny]\nhosts=${hosts}\n`);
        await site.sees(`${hosts} is in force`, () => site.denies(refused as string));
      }
      await until('the connection is closed', () => redis.connections === 0);
    } finally {
      clearInterval(watch);
    }
  });

  it('leaves the list before in force for a while where the new key cannot be read', async () => {
    const site = await start(`${head}[deny]\nhosts=host.deny\n`, { 'host.deny': '198.51.100.3' });
    await redis.stop();
    site.folder.write('smtpcheck.ini', denyAlone);
    await site.sees('the settings are taken', () => site.saying('loaded file=smtpcheck.ini') === 1);
    assert.ok(site.denies('198.51.100.3'));
    await site.sees('then it is put off', () => !site.denied.available);
  });

  it('reads no old version of a file that was not followed meanwhile', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(`${head}[deny]\nhosts=list\n`, { list: '198.51.100.1' });
    site.folder.write('smtpcheck.ini', denyAlone);
    await site.sees('the key is in force', () => site.denies('198.51.100.7'));
    site.folder.write('list', '198.51.100.2');
    site.folder.write('smtpcheck.ini', `${head}[deny]\nhosts=list\n`);
    await site.sees('the file is in force', () => !site.denies('198.51.100.7'));
    assert.ok(site.denies('198.51.100.2'));
  });

  interface OtherReader {
    readonly name: string;
    readonly reads: 'before' | 'after';
  }
  const others: readonly OtherReader[] = [
    { name: 'before us, and is told as well', reads: 'before' },
    { name: 'after us', reads: 'after' },
  ];
  for (const { name, reads } of others) {
    it(`goes to the other server when redis.ini has changed, where another plugin has read it ${name}`, async () => {
      const other = await new FakeRedis().start();
      redis.add('host.deny', '198.51.100.1');
      other.add('host.deny', '198.51.100.2');
      const folder = makeFolder({ 'config/smtpcheck.ini': denyAlone, 'config/redis.ini': redisIni(redis.port) });
      const config = harakaConfig(folder.path);
      let toldOther = false;
      const readAsOther = () =>
        config.get('redis.ini', () => {
          toldOther = true;
        });
      try {
        if (reads === 'before') readAsOther();
        const site = new Followed({ ...folder, path: folder.file('config') }, 'redis.ini');
        await site.sees('the first is read', () => site.denies('198.51.100.1'));
        if (reads === 'after') readAsOther();
        folder.write('config/redis.ini', redisIni(other.port));
        await site.sees('the other is read', () => site.denies('198.51.100.2'));
        assert.equal(site.denies('198.51.100.1'), false);
        assert.equal(site.saying('notice redis.ini has changed'), 1);
        assert.equal(site.saying(`notice redis 127.0.0.1:${other.port} is there`), 1);
        if (reads === 'before') await until('the other plugin is told', () => toldOther);
        await until('the first is let go of', () => redis.connections === 0);
        site.store.close();
      } finally {
        config.stop_watching('redis.ini');
        await other.stop();
      }
    });
  }

  it('leaves the newer content in force where a large older one is being parsed meanwhile', async () => {
    const text = denyAlone.replace('1s', '3s');
    redis.add('host.deny', '198.51.100.1');
    const site = await start(text);
    const rows = Array.from({ length: 300_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}\n`);
    redis.set('host.deny', rows.join(''));
    await until('it is read', () => redis.asked.includes('GET host.deny'));
    redis.set('host.deny', new Set(['198.51.100.2']));
    site.folder.write('smtpcheck.ini', text.replace('settle=50ms', 'settle=60ms'));
    await site.sees('the newer is in force', () => site.denies('198.51.100.2'));
    const { generation } = site.store.policy;
    await sleep(3000);
    assert.ok(site.denies('198.51.100.2') && site.denied.available, 'and stays so');
    assert.equal(site.store.policy.generation, generation);
  });

  it('follows keys by a new max_age without letting go of them', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone);
    site.folder.write('smtpcheck.ini', denyAlone.replace('1s', '2s'));
    await site.sees('it is taken', () => site.store.policy.settings.redis.max_age === 2000);
    assert.ok(site.denies('198.51.100.7'));
    await sleep(tooLong);
    assert.ok(site.denies('198.51.100.7'));
    assert.equal(redis.connections, 1);
  });
});
