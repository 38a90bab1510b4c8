/** Limits of recipients that two Harakas count in one real Redis: together, while it is away, and after restarts. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { type LimitsAnswer, statusJson } from '../../../testkit/live/status-client';
import { eventually, open, rcpt } from '../../../testkit/live/talk';
import { redisIni } from '../../../testkit/redis-clients';
import { smtpcheck } from '../../cli/command';
import { onRedis } from './on-redis';
import { RedisServer } from './server';

const OVER = '450 4.7.1 Too many recipients from this client; try again later';

let last = 0;

/** How many of so many recipients are accepted, by sessions of two each that run beside one another. */
async function accepted(harakas: readonly RunningHaraka[], from: string, sessions: number): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: sessions }, async (_, i) => {
      const client = await open(harakas[i % harakas.length] as RunningHaraka, { from });
      const replies = [
        await rcpt(client, `user${++last}@victim.example`),
        await rcpt(client, `user${++last}@victim.example`),
      ];
      client.destroy();
      for (const reply of replies) assert.ok(reply.startsWith('250 ') || reply === OVER, reply);
      return replies.filter((reply) => reply.startsWith('250 ')).length;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

onRedis('limits of recipients in Redis', (root) => {
  let redis: RedisServer;
  let harakas: RunningHaraka[] = [];

  const start = (version: '3.1' | '3.3', nodes: number) =>
    startHaraka({
      version,
      nodes,
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: {
        host_list: 'local.example\n',
        localip:
          '127.1.0 limit=20/1h\n127.1.1 limit=30/1h,all\n127.1.2 limit=2/2s\n127.1.3 limit=10/1h\n127.1.4 limit=10/1h\n',
        'redis.ini': redisIni(redis.port),
        'smtpcheck.ini': '[limits]\nstore=redis\n',
      },
    });

  before(async () => {
    redis = await RedisServer.start(root);
    harakas = await Promise.all([start('3.3', 2), start('3.1', 0)]);
  });
  after(async () => {
    await Promise.all(harakas.map((haraka) => haraka.stop()));
    await redis?.remove();
  });

  it('are one for all servers', async () => {
    assert.equal(await accepted(harakas, '127.1.0.1', 20), 20);
    const sums = await Promise.all(Array.from({ length: 10 }, (_, i) => accepted(harakas, `127.1.1.${i + 1}`, 3)));
    assert.equal(
      sums.reduce((sum, count) => sum + count, 0),
      30,
    );
    const reached = harakas.map((haraka) => haraka.log().match(/smtpcheck limit reached .*127\.1\.0\.1/g)?.length ?? 0);
    assert.equal((reached[0] as number) + (reached[1] as number), 1);
  });

  it('end with their period', async () => {
    assert.equal(await accepted(harakas, '127.1.2.1', 2), 2);
    assert.equal(await accepted(harakas, '127.1.2.1', 1), 0);
    await eventually(
      (count) => count > 0,
      () => accepted(harakas, '127.1.2.1', 1),
    );
  });

  it('outlive a restart of a server', async () => {
    await harakas[1]?.stop();
    harakas[1] = await start('3.1', 0);
    assert.equal(await accepted(harakas.slice(1), '127.1.0.1', 2), 0);
  });

  it('go on while Redis is stopped, and never let more through for its return', async () => {
    const [first, second] = harakas as [RunningHaraka, RunningHaraka];
    for (const haraka of [first, second, first]) assert.equal(await accepted([haraka], '127.1.3.1', 1), 2);
    await redis.stop();
    // Each goes on from what it has last heard: the second has not heard of two.
    assert.equal(await accepted([first], '127.1.3.1', 6), 4);
    assert.equal(await accepted([second], '127.1.3.1', 6), 6);
    await redis.start();
    await eventually(
      (stores) => stores.every((store) => store === 'redis'),
      async () => {
        await Promise.all(harakas.map((haraka) => accepted([haraka], '127.1.4.1', 1)));
        return Promise.all(
          harakas.map(async (haraka) => (await statusJson<LimitsAnswer>(haraka, 'limits.json')).store),
        );
      },
    );
    assert.equal(await accepted(harakas, '127.1.3.1', 4), 0);
    for (const haraka of harakas) {
      assert.equal(haraka.log().match(/limits are counted in memory, as redis is disconnected/g)?.length, 1);
      assert.equal(haraka.log().match(/limits are counted in redis again/g)?.length, 1);
    }
  });

  it('begin anew for all servers where one is asked to', async () => {
    const [first] = harakas as [RunningHaraka];
    assert.equal((await smtpcheck(['limits', '--reset', '127.1.0.1', '-c', first.directory])).code, 0);
    assert.equal(await accepted(harakas.slice(1), '127.1.0.1', 11), 20);
  });
});
