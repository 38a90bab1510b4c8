/** Lists in Redis as the policy sees them: read and followed. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { type parseContent, workerThreshold } from '../../../src/lists/parsing/parse-worker-client';
import { RedisClientFactory } from '../../../src/lists/redis/redis-client-factory';
import { address, now, shown } from '../../../testkit/core';
import { everything } from '../../../testkit/extent';
import { type ClientVersion, clientsOf } from '../../../testkit/redis-clients';
import { all, denyAlone, head, redis, start, tooLong, withRedis } from '../../../testkit/redis-store';
import { until } from '../../../testkit/until';

const parser = createRequire(__filename)('../../../src/lists/parsing/parse-worker-client') as {
  parseContent: typeof parseContent;
};
const { parseContent: parse } = parser;

/** Until the end of the test. */
function parseSlowly(): void {
  parser.parseContent = async (...args) => {
    await sleep(tooLong);
    return parse(...args);
  };
}

describe('a list in Redis', () => {
  withRedis();
  afterEach(() => {
    parser.parseContent = parse;
  });

  for (const version of [5, 6] as const satisfies readonly ClientVersion[]) {
    it(`is read like a file, whatever holds it, with version ${version} of the client`, async () => {
      redis.add('localip', '192.0.2', '!192.0.2.9', '# ours');
      redis.set('localdomain', 'campus.example\n=mail.example.org\n');
      redis.add('relay.to', 'backup.example  [198.51.100.5]:2525');
      redis.set('relay.map', new Map([['To:partner.example', 'RELAY']]));
      redis.add('host.deny', 'spam.example');
      const site = await start(all, {}, clientsOf(redis, version));
      const { relay, deny } = site.store.policy;
      assert.equal(shown(relay.clientNetworks.findAddress(address('192.0.2.7'), now)), '+3');
      assert.equal(shown(relay.clientNetworks.findAddress(address('192.0.2.9'), now)), '-1');
      assert.equal(shown(relay.clientDomains.findDomain('mail.example.org', now)), '+2');
      const recipient = (domain: string) => ({ localPart: 'a', domain });
      assert.equal(relay.destinations.findRecipient(recipient('backup.example'), now)?.route?.port, 2525);
      assert.deepEqual(relay.map.findRecipient(recipient('partner.example'), now)?.source, {
        file: 'redis:relay.map',
        line: 1,
      });
      assert.deepEqual(deny.clients.findDomain('spam.example', now)?.source, { file: 'redis:host.deny', line: 1 });
      assert.equal(
        site.saying(/^notice loaded file=redis:host.deny generation=\d+ sha256=[0-9a-f]{12} entries=\d+ /),
        1,
      );
    });

    it(`has attributes like a file, in a set, a hash and a text, with version ${version} of the client`, async () => {
      const end = 'until=2026-01-15T00:00Z';
      redis.add(
        'localip',
        `192.0.2.7 from=dept.example limit=5/1h  # printer`,
        `192.0.2.8 ${end}`,
        '192.0.2.9 limit=5',
      );
      redis.set('localdomain', `campus.example from=<> ${end}\n`);
      redis.add('relay.to', `backup.example  [198.51.100.5]:2525 ${end}`);
      redis.set('relay.map', new Map([['To:partner.example', `RELAY ${end}`]]));
      redis.add('host.deny', `spam.example ${end}`);
      const site = await start(all, {}, clientsOf(redis, version));
      // A fault in one member rejects the whole list, as in a file.
      assert.equal(site.trusted.available, false);
      assert.ok(site.saying(/attribute-value/) > 0);
      redis.remove('localip', '192.0.2.9 limit=5');
      await until('the list is good', () => site.trusted.available);
      const { relay, deny } = site.store.policy;
      const client = address('192.0.2.7');
      assert.deepEqual(
        ['dept.example', 'evil.example'].map((sender) =>
          relay.clientNetworks.findAddress(client, now)?.scope?.covers(sender),
        ),
        [true, false],
      );
      const limits = { client: { recipients: 5, period: 3_600_000 } };
      assert.deepEqual(relay.clientNetworks.findAddress(client, now)?.limits, limits);
      const to = (domain: string) => ({ localPart: 'a', domain });
      const found = (time: number) => [
        shown(relay.clientNetworks.findAddress(address('192.0.2.8'), time)),
        shown(relay.clientDomains.findDomain('pc.campus.example', time)),
        shown(relay.destinations.findRecipient(to('backup.example'), time)),
        relay.map.findRecipient(to('partner.example'), time)?.source.line,
        shown(deny.clients.findDomain('spam.example', time)),
      ];
      assert.deepEqual(found(now - 1), ['+2', '+1', '+1', 1, '+1']);
      assert.deepEqual(found(now), [undefined, undefined, undefined, undefined, undefined]);
    });

    it(`takes one connection, and closes it, with version ${version} of the client`, async () => {
      const site = await start(all, {}, clientsOf(redis, version));
      assert.equal(redis.connections, 1);
      site.store.close();
      await until('it is closed', () => redis.connections === 0);
    });
  }

  it('is read with the password of redis.ini, digits or not', async () => {
    redis.password = '12345';
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone, {}, clientsOf(redis, 5, { password: 12345 }));
    assert.ok(site.denies('198.51.100.7'));
  });

  it('is read from the server that the setting names', async () => {
    redis.add('host.deny', '198.51.100.7');
    const nowhere = new RedisClientFactory({ get: () => ({ server: { path: '/nowhere/redis.sock' } }) });
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
    { name: 'where the server sends change notices', told: 'connected, with change notices' },
    { name: 'where it knows no RESP 3', forbidden: 'HELLO', told: 'connected, without change notices' },
    { name: 'where it forbids notices', forbidden: 'CLIENT', told: 'connected, without change notices' },
    {
      name: 'where it does not say whether it tells',
      forbidden: 'CLIENT GETREDIR',
      told: 'connected, without change notices',
    },
  ];
  for (const { name, forbidden, told } of ways) {
    // The versions differ in what they know of notices; without notices every one of them asks in turn.
    for (const version of forbidden && !everything ? ([5] as const) : ([5, 5.8, 6] as const)) {
      it(`is followed ${name}, with version ${version} of the client`, async () => {
        if (forbidden) redis.forbidden.add(forbidden);
        redis.add('host.deny', '198.51.100.7');
        const site = await start(denyAlone, {}, clientsOf(redis, version));
        assert.equal(
          site.saying(version === 5.8 ? 'connected, without change notices' : told),
          1,
          site.said.join('\n'),
        );
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

  it('is read again where it changes while it is read', async () => {
    // So large that it is parsed apart, which takes longer than the notice.
    redis.set('host.deny', '198.51.100.7\n'.padEnd(2 * workerThreshold, '#'));
    redis.before = (command) => {
      if (command !== 'GET host.deny') return;
      redis.before = undefined;
      // The answer that is under way is of the time before.
      setImmediate(() => redis.set('host.deny', '198.51.100.8'));
    };
    const site = await start(denyAlone.replace('1s', '60s'));
    await site.sees('the change is taken', () => site.denies('198.51.100.8'));
  });

  it('is not confirmed by PING while what it has become is being parsed', async () => {
    redis.add('host.deny', '198.51.100.7');
    redis.add('localip', '192.0.2.7');
    const site = await start(`${denyAlone}[relay]\nlocal_ip=redis:localip\n`);
    parseSlowly();
    redis.add('host.deny', '198.51.100.8');
    await site.sees('it is too old', () => !site.denied.available);
    assert.ok(site.trusted.available, 'and the other is confirmed');
    await site.sees('it is taken', () => site.denies('198.51.100.8'));
  });

  it('is taken, and read again, where the connection is lost while it is being parsed', async () => {
    redis.add('host.deny', '198.51.100.7');
    const site = await start(denyAlone.replace('1s', '60s'));
    parseSlowly();
    redis.add('host.deny', '198.51.100.8');
    await until('it is read', () => redis.asked.filter((command) => command.startsWith('SSCAN')).length === 2);
    redis.disconnect();
    redis.add('host.deny', '198.51.100.9');
    await site.sees('it is taken', () => site.denies('198.51.100.8'));
    await site.sees('the change meanwhile is taken', () => site.denies('198.51.100.9'));
  });

  it('is parsed apart when it is large, and read again only where it is another', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.7`);
    redis.add('host.deny', ...rows);
    const site = await start(denyAlone.replace('1s', '15s'));
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
    const site = await start(`${denyAlone}[relay]\nlocal_ip=redis:localip\n`, {}, undefined, 500);
    await site.sees('the other is in force', () => site.denies('198.51.100.7'));
    assert.equal(site.trusted.available, false);
    await sleep(tooLong);
    assert.equal(site.saying(/error redis:localip cannot be read: .*GET/), 1, 'once');
    redis.forbidden.clear();
    redis.set('localip', '192.0.2.7');
    await site.sees('it is read later', () => site.trusted.available);
  });
});
