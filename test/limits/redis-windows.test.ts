/** Recipients counted in Redis, and in memory while it is away. The script itself runs in a real Redis: test/peers/redis/limits.test.ts. */
import assert from 'node:assert/strict';
import { RedisWindows } from '../../src/limits/redis-windows';
import { Windows } from '../../src/limits/windows';
import { parseLimit } from '../../src/policy/attributes/limit';
import type { Counter } from '../../src/policy/limits';
import { FakeRedis } from '../../testkit/fakes/redis';
import { clientsOf } from '../../testkit/redis-clients';
import { until } from '../../testkit/until';

const counter = (text: string, name: string, subject: Counter['subject'] = 'client'): Counter => {
  const limit = parseLimit(text);
  assert.ok(limit);
  return { subject, name, limit };
};

const five = counter('5/1h', '192.0.2.7');

/** What the script does, without an end of the periods. */
function countsIn(redis: FakeRedis) {
  const counts = new Map<string, { accepted: number; refused: number }>();
  redis.script = (keys, [recipients = '', ...limits]) => {
    const all = keys.map((key, i) => {
      const count = counts.get(key) ?? { accepted: 0, refused: 0 };
      counts.set(key, count);
      count.accepted += Number(limits[3 * i + 2]);
      return count;
    });
    const over = all.findIndex(({ accepted }, i) => accepted + Number(recipients) > Number(limits[3 * i]));
    const refusing = all[over];
    if (refusing) refusing.refused++;
    else for (const count of all) count.accepted += Number(recipients);
    return [over, ...all.flatMap(({ accepted, refused }, i) => [accepted, refused, Number(limits[3 * i + 1])])];
  };
  return counts;
}

describe('RedisWindows', () => {
  let redis: FakeRedis;
  let counted: RedisWindows | undefined;
  beforeEach(async () => {
    redis = await new FakeRedis().start();
  });
  afterEach(async () => {
    counted?.close();
    await until('it is closed', () => redis.connections === 0);
    await redis.stop();
  });

  for (const version of [5, 6] as const) {
    function start() {
      const lines: string[] = [];
      const log = { logwarn: (line: string) => lines.push(line), lognotice: (line: string) => lines.push(line) };
      const windows = new Windows();
      const own = new RedisWindows(clientsOf(redis, version), windows, log);
      counted = own;
      const ask = async (count: number, ...counters: readonly Counter[]) => {
        const replies: (number | undefined)[] = [];
        for (let i = 0; i < count; i++) replies.push((await own.count(counters, 1)).over);
        return replies;
      };
      return { ask, own, windows, lines };
    }

    it(`count for all servers that ask, with version ${version} of the client`, async () => {
      const counts = countsIn(redis);
      const [one, other] = [start(), start()];
      assert.deepEqual(await one.ask(3, five), [undefined, undefined, undefined]);
      assert.deepEqual(await other.ask(3, five), [undefined, undefined, 0]);
      assert.deepEqual(await one.own.count([five], 1), { over: 0, isFirst: false, endsIn: 3_600_000 });
      assert.deepEqual([...counts], [['{smtpcheck.limits}client 3600000 192.0.2.7', { accepted: 5, refused: 2 }]]);
      assert.deepEqual(
        one.windows.all.map(({ accepted, refused }) => [accepted, refused]),
        [[5, 2]],
      );
      one.own.close();
      // A key is asked for by no other command.
      assert.ok(redis.asked.every((command) => !/^(?:SUBSCRIBE|CLIENT TRACKING|GET |HGET )/.test(command)));
    });

    it(`keep two limits at once, with version ${version} of the client`, async () => {
      countsIn(redis);
      const { ask } = start();
      const all = counter('3/1d', '192.0.2', 'entry');
      assert.deepEqual(await ask(4, counter('2/1h', 'a'), all), [undefined, undefined, 0, 0]);
      assert.deepEqual(await ask(2, counter('2/1h', 'b'), all), [undefined, 1]);
    });

    it(`go on from what is known while Redis is away, and add it afterwards, with version ${version} of the client`, async () => {
      const counts = countsIn(redis);
      const { ask, lines } = start();
      await ask(2, five);
      await redis.stop();
      assert.deepEqual(await ask(2, five), [undefined, undefined]);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /^limits are counted in memory, as redis is disconnected: /);
      await redis.start();
      await until('it is back', async () => {
        await ask(1, counter('9/1h', 'another'));
        return lines.length === 2;
      });
      assert.equal(lines[1], 'limits are counted in redis again');
      assert.deepEqual(await ask(2, five), [undefined, 0]);
      assert.equal(counts.get('{smtpcheck.limits}client 3600000 192.0.2.7')?.accepted, 5);
    });
  }

  it('keep nobody waiting for a server that hangs for longer than a second', async () => {
    countsIn(redis);
    const windows = new Windows();
    const lines: string[] = [];
    const log = { logwarn: (line: string) => lines.push(line), lognotice() {} };
    counted = new RedisWindows(clientsOf(redis), windows, log);
    const own = counted;
    await own.count([five], 1);
    redis.pause();
    const begun = performance.now();
    await Promise.all(Array.from({ length: 3 }, () => own.count([five], 1)));
    assert.ok(performance.now() - begun < 5000);
    const next = performance.now();
    assert.equal((await own.count([five], 1)).over, undefined);
    assert.ok(performance.now() - next < 500, 'whoever comes next does not wait at all');
    assert.equal((await own.count([five], 1)).over, 0);
    assert.equal(lines.length, 1);
    redis.resume();
  });

  it('count in memory where the server allows no scripts', async () => {
    const lines: string[] = [];
    counted = new RedisWindows(clientsOf(redis), new Windows(), {
      logwarn: (line) => lines.push(line),
      lognotice() {},
    });
    for (let i = 0; i < 6; i++) assert.equal((await counted.count([five], 1)).over, i < 5 ? undefined : 0);
    assert.deepEqual(lines, ['limits are counted in memory, as redis is disconnected: NOPERM no scripts here']);
  });
});
