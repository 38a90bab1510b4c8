/** Lists in Redis while the server is disconnected: put off, and back again. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { makeFolder } from '../../../testkit/folder';
import { clientsOf, redisIni } from '../../../testkit/redis-clients';
import { denyAlone, Followed, head, redis, start, tooLong, withRedis } from '../../../testkit/redis-store';
import { until } from '../../../testkit/until';

describe('Redis disconnected', () => {
  withRedis();

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
      assert.equal(site.saying(/^warn redis 127\.0\.0\.1:\d+ disconnected/), 1);
      assert.equal(
        site.saying('error redis:host.deny has not been confirmed for 1 s: what it could decide is deferred'),
        1,
      );
      await end();
      await site.sees('they are back', () => site.denies('198.51.100.7') && site.trusted.size === 1);
      assert.equal(site.saying(' reconnected, '), 1);
    });

    it(`is noticed and over as ever where somebody else asks over the connection all the time, while it is ${name}`, async () => {
      redis.add('host.deny', '198.51.100.7');
      redis.set('asked', 'answer');
      const site = await start(denyAlone);
      const answers: unknown[] = [];
      const ask = () =>
        Promise.resolve(site.store.askRedis(['GET', 'asked'])).then(
          (answer) => answers.push(answer === undefined ? answer : String(answer)),
          () => answers.push('an error'),
        );
      const asking = setInterval(ask, 1);
      try {
        await site.sees('it is asked', () => answers.includes('answer'));
        await begin();
        await site.sees('nobody is asked', () => answers.at(-1) === undefined && site.saying(' disconnected, ') === 1);
        await sleep(tooLong);
        await end();
        await site.sees('it is asked again', () => answers.at(-1) === 'answer' && site.denies('198.51.100.7'));
        assert.equal(site.saying(' disconnected, '), 1);
        assert.equal(site.saying(' reconnected, '), 1);
      } finally {
        clearInterval(asking);
      }
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
    const site = await start(denyAlone, {}, clientsOf(redis, 5, { password: 'wrong' }), 500);
    await sleep(tooLong);
    assert.equal(site.saying(/^warn .* disconnected, reconnecting: WRONGPASS/), 1);
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
    const modules = path.resolve(__dirname, '..', '..', '..', 'src', 'lists');
    for (const port of [redis.port, 1]) {
      fs.writeFileSync(path.join(config, 'redis.ini'), redisIni(port));
      const script = `
        const { PolicyStore } = require(${JSON.stringify(path.join(modules, 'policy-store.js'))});
        const { RedisClientFactory } = require(${JSON.stringify(path.join(modules, 'redis', 'redis-client-factory.js'))});
        const { RedisIniFile } = require(${JSON.stringify(path.join(modules, 'redis', 'redis-ini.js'))});
        const log = { loginfo() {}, lognotice() {}, logwarn() {}, logerror() {} };
        const clients = new RedisClientFactory(new RedisIniFile(${JSON.stringify(config)}, log));
        const store = new PolicyStore(${JSON.stringify(config)}, log, clients);
        store.follow();
        store.firstRead(${port === 1 ? 500 : 10_000}).then(() => console.log(store.policy.deny.clients.size));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { timeout: 30_000 });
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
