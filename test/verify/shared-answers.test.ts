/** Answers of next hops that servers share in Redis; with a real one in test/peers/redis/verify.test.ts. */
import assert from 'node:assert/strict';
import { type AskRedis, SharedAnswers } from '../../src/verify/shared-answers';
import { until } from '../../testkit/until';

const hour = 60 * 60 * 1000;

describe('answers of next hops in Redis', () => {
  const keys = new Map<string, string>();
  const asked: (readonly string[])[] = [];
  const lines: string[] = [];
  const log = { logwarn: (line: string) => void lines.push(line) };
  const redis: AskRedis = async (command) => {
    const [name, key = '', value = ''] = command;
    asked.push(command);
    if (name === 'GET') return keys.get(key) ?? null;
    if (name === 'SET') keys.set(key, value);
    else keys.delete(key);
    return 'OK';
  };
  beforeEach(() => {
    for (const one of [keys, asked, lines]) one instanceof Map ? one.clear() : one.splice(0);
  });

  it('are there for all servers, for as long as they count', async () => {
    const [one, other] = [new SharedAnswers(redis, log), new SharedAnswers(redis, log)];
    assert.equal(await other.find('<a b@x.example>'), undefined);
    one.remember('<a b@x.example>', { result: 'known', at: 1_767_225_600_000 });
    one.remember('<nobody@x.example>', { result: 'unknown', at: 1_767_225_600_001 });
    one.remember('x.example', { result: 'accepts-all', at: 1_767_225_600_002 });
    await until('they are kept', () => keys.size === 3);
    assert.deepEqual(await other.find('<a b@x.example>'), { result: 'known', at: 1_767_225_600_000 });
    assert.deepEqual(await other.find('<nobody@x.example>'), { result: 'unknown', at: 1_767_225_600_001 });
    assert.deepEqual(await other.find('x.example'), { result: 'accepts-all', at: 1_767_225_600_002 });
    other.forget('x.example');
    await until('it is forgotten', () => keys.size === 2);
    const key = 'smtpcheck.verified:<a b@x.example>';
    assert.deepEqual(asked[1], ['SET', key, 'known 1767225600000', 'PX', String(31 * 24 * hour)]);
    assert.deepEqual(
      asked.filter(([name]) => name === 'SET').map((command) => Number(command[4]) / hour),
      [31 * 24, 3, 24],
    );
    assert.deepEqual(lines, []);
  });

  it('are none where somebody else has written the key', async () => {
    for (const text of ['', 'maybe 1', 'known', 'known x', 'known 1 2', 'toString 1']) {
      keys.set('smtpcheck.verified:a', text);
      assert.equal(await new SharedAnswers(redis, log).find('a'), undefined, text);
    }
  });

  it('are none where Redis is away, hangs or says no, which is said once', async () => {
    const away = new SharedAnswers(() => undefined, log);
    away.remember('a', { result: 'known', at: 1 });
    assert.equal(await away.find('a'), undefined);
    assert.deepEqual(lines, []);
    const hanging = new SharedAnswers(() => new Promise(() => {}), log);
    const began = performance.now();
    assert.equal(await hanging.find('a'), undefined);
    assert.ok(performance.now() - began < 3000);
    const forbidden = new SharedAnswers(() => Promise.reject(new Error('NOPERM no permissions')), log);
    for (let i = 0; i < 3; i++) assert.equal(await forbidden.find('a'), undefined);
    assert.deepEqual(lines, [
      'what next hops say of recipients is not kept in redis: no answer within 1000 ms',
      'what next hops say of recipients is not kept in redis: NOPERM no permissions',
    ]);
  });
});
