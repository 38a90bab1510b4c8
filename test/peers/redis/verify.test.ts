/** What a next hop says of recipients, for two Harakas that have lists in one real Redis: asked once, and known after restarts. */
import assert from 'node:assert/strict';
import { type Primary, startPrimary } from '../../../testkit/fakes/primary';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor } from '../../../testkit/live/talk';
import { redisIni } from '../../../testkit/redis-clients';
import { until } from '../../../testkit/until';
import { onRedis } from './on-redis';
import { RedisServer } from './server';

const OK = /^250 /;
const UNKNOWN = '550 5.1.1 No such user';

onRedis('verified recipients in Redis', (root) => {
  let redis: RedisServer;
  let primary: Primary;
  let harakas: RunningHaraka[] = [];
  const asked = () => primary.asked.filter((one) => !one.startsWith('smtpcheck-'));
  const start = (version: '3.1' | '3.3', nodes: number) =>
    startHaraka({
      version,
      nodes,
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: {
        host_list: 'local.example\n',
        'redis.ini': redisIni(redis.port),
        'smtpcheck.ini': '[relay]\nrelay_to=redis:relay.to\n',
      },
    });

  before(async () => {
    redis = await RedisServer.start(root);
    primary = await startPrimary();
    redis.cli('SADD', 'relay.to', `backup.example [127.0.0.1]:${primary.port} verify`);
    harakas = await Promise.all([start('3.3', 2), start('3.1', 0)]);
  });
  after(async () => {
    await Promise.all(harakas.map((haraka) => haraka.stop()));
    await primary?.stop();
    await redis?.remove();
  });

  it('are asked about once for all servers, and not again after a restart', async () => {
    const [one, other] = harakas as [RunningHaraka, RunningHaraka];
    assert.match(await askFor(one, 'known@backup.example'), OK);
    assert.equal(await askFor(one, 'nobody@backup.example'), UNKNOWN);
    await until('both are kept', () =>
      redis.cli('GET', 'smtpcheck.verified:<nobody@backup.example>').startsWith('unknown '),
    );
    assert.match(await askFor(other, 'known@backup.example'), OK);
    assert.equal(await askFor(other, 'nobody@backup.example'), UNKNOWN);
    assert.deepEqual(asked(), ['known@backup.example', 'nobody@backup.example']);
    const left = Number(redis.cli('PTTL', 'smtpcheck.verified:<nobody@backup.example>'));
    assert.ok(left > 10_700_000 && left <= 10_800_000, String(left));
    await Promise.all(harakas.map((haraka) => haraka.stop()));
    harakas = await Promise.all([start('3.1', 2), start('3.3', 0)]);
    for (const haraka of harakas) {
      assert.match(await askFor(haraka, 'known@backup.example'), OK);
      assert.equal(await askFor(haraka, 'nobody@backup.example'), UNKNOWN);
    }
    assert.equal(asked().length, 2);
  });

  it('are asked about while Redis is away', async () => {
    await redis.crash();
    const [one] = harakas as [RunningHaraka];
    assert.match(await askFor(one, 'known@backup.example'), OK);
    assert.match(await askFor(one, 'known-too@backup.example'), OK);
    assert.equal(asked().length, 3);
    await redis.start();
  });
});
