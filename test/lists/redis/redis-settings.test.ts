/** Lists in Redis as smtpcheck.ini and redis.ini name them. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CannotStart } from '../../../src/lists/policy-store';
import { RedisClientFactory } from '../../../src/lists/redis/redis-client-factory';
import { FakeRedis } from '../../../testkit/fakes/redis';
import { makeFolder } from '../../../testkit/folder';
import { harakaConfig, redisIni } from '../../../testkit/redis-clients';
import { denyAlone, Followed, head, redis, start, tooLong, withRedis } from '../../../testkit/redis-store';
import { until } from '../../../testkit/until';

describe('smtpcheck.ini and Redis', () => {
  withRedis();

  it('does not start where the plugin is not installed, and is not taken later', async () => {
    const nowhere = () => new RedisClientFactory({ get: () => ({}) }, ['/nowhere/at/all']);
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
        assert.equal(site.saying(`notice redis 127.0.0.1:${other.port} connected`), 1);
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

  it('keeps its connection where nothing that concerns it changes', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone);
    const { length } = redis.asked.filter((command) => command.startsWith('HELLO'));
    site.folder.write('smtpcheck.ini', denyAlone.replace('200ms', '250ms'));
    await site.sees('it is taken', () => site.store.policy.settings.main.poll === 250);
    await sleep(300);
    assert.equal(redis.asked.filter((command) => command.startsWith('HELLO')).length, length);
    redis.add('host.deny', '198.51.100.8');
    await site.sees('and follows', () => site.denies('198.51.100.8'));
  });
});
