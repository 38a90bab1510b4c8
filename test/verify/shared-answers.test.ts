/** Answers of next hops that servers share in Redis. */
import assert from 'node:assert/strict';
import { SharedAnswers } from '../../src/verify/shared-answers';
import { FakeRedis } from '../../testkit/fakes/redis';
import { clientsOf } from '../../testkit/redis-clients';
import { until } from '../../testkit/until';

const hour = 60 * 60 * 1000;

describe('answers of next hops in Redis', () => {
  let redis: FakeRedis;
  const opened: SharedAnswers[] = [];
  const lines: string[] = [];
  const log = { logwarn: (line: string) => lines.push(line), lognotice: (line: string) => lines.push(line) };
  const start = () => {
    const answers = new SharedAnswers({ factory: clientsOf(redis), log });
    opened.push(answers);
    return answers;
  };

  beforeEach(async () => {
    redis = await new FakeRedis().start();
    lines.length = 0;
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close();
    await until('they are closed', () => redis.connections === 0);
    await redis.stop();
  });

  it('are there for all servers, for as long as they count', async () => {
    const [one, other] = [start(), start()];
    assert.equal(await other.find('<a b@x.example>'), undefined);
    one.remember('<a b@x.example>', { said: 'known', at: 1_767_225_600_000 });
    one.remember('<nobody@x.example>', { said: 'unknown', at: 1_767_225_600_001 });
    one.remember('x.example', { said: 'accepts-all', at: 1_767_225_600_002 });
    await until('they are kept', () => redis.get('smtpcheck.verified:x.example') !== undefined);
    assert.deepEqual(await other.find('<a b@x.example>'), { said: 'known', at: 1_767_225_600_000 });
    assert.deepEqual(await other.find('<nobody@x.example>'), { said: 'unknown', at: 1_767_225_600_001 });
    assert.deepEqual(await other.find('x.example'), { said: 'accepts-all', at: 1_767_225_600_002 });
    assert.deepEqual([...redis.lifetimes.values()], [31 * 24 * hour, 3 * hour, 24 * hour]);
    other.forget('x.example');
    await until('it is forgotten', () => redis.get('smtpcheck.verified:x.example') === undefined);
    assert.equal(await one.find('x.example'), undefined);
    assert.deepEqual(lines, []);
  });

  it('are none where somebody else has written the key', async () => {
    for (const text of ['', 'maybe 1', 'known', 'known x', 'known 1 2']) {
      redis.set('smtpcheck.verified:a', text);
      assert.equal(await start().find('a'), undefined, text);
    }
  });

  it('cost nobody more than a second where Redis hangs, and a line of the log', async () => {
    const answers = start();
    await answers.find('a');
    redis.pause();
    const began = performance.now();
    assert.equal(await answers.find('a'), undefined);
    assert.ok(performance.now() - began < 3000);
    answers.remember('a', { said: 'known', at: 1 });
    assert.equal(await answers.find('a'), undefined);
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      /^what next hops say of recipients is kept in memory alone, as redis is disconnected: /,
    );
    redis.resume();
    await until('it is asked again', async () => {
      answers.remember('a', { said: 'known', at: 1 });
      return (await answers.find('a')) !== undefined;
    });
    assert.equal(lines[1], 'what next hops say of recipients is kept in redis again');
  });
});
