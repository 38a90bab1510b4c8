/** Lists in Redis that are faulty or missing. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { denyAlone, head, redis, start, tooLong, withRedis } from '../../../testkit/redis-store';

describe('a list in Redis that cannot be taken', () => {
  withRedis();

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
  withRedis();

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
