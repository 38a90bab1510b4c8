/**
 * Recipients counted in Redis, for all servers that count there. Each answer is kept in the windows of this server, where
 * counting goes on while Redis is disconnected; what was counted meanwhile is added to Redis when it is back.
 */

import { OptionalRedis, type OptionalRedisOptions } from '../lists/redis/optional-redis';
import type { RedisConnection } from '../lists/redis/redis-connection';
import { type Counter, keyOf } from '../policy/limits';
import { type Counted, type Windows, withinLimits } from './windows';

/** The braces keep all keys on one node of a Redis cluster: one script has them at once. */
const prefix = '{smtpcheck.limits}';

/**
 * For each key its limit, its period and what is to be added before; in front of them the recipients. The answer is the place of
 * the key whose limit refuses them, or -1, and for each key what was accepted, what was refused, and the time that is left.
 */
const script = `
local over = -1
for i, key in ipairs(KEYS) do
  local unshared = tonumber(ARGV[3 * i + 1])
  if unshared > 0 then redis.call('HINCRBY', key, 'accepted', unshared) end
  local accepted = tonumber(redis.call('HGET', key, 'accepted') or '0')
  if over < 0 and accepted + tonumber(ARGV[1]) > tonumber(ARGV[3 * i - 1]) then over = i - 1 end
end
local answer = { over }
for i, key in ipairs(KEYS) do
  if over < 0 then redis.call('HINCRBY', key, 'accepted', ARGV[1]) end
  if over == i - 1 then redis.call('HINCRBY', key, 'refused', 1) end
  if redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, ARGV[3 * i]) end
  answer[#answer + 1] = tonumber(redis.call('HGET', key, 'accepted') or '0')
  answer[#answer + 1] = tonumber(redis.call('HGET', key, 'refused') or '0')
  answer[#answer + 1] = redis.call('PTTL', key)
end
return answer`;

export class RedisWindows {
  private readonly redis: OptionalRedis;

  constructor(
    of: OptionalRedisOptions,
    private readonly windows: Windows,
  ) {
    this.redis = new OptionalRedis(of, {
      away: 'limits are counted in memory, as redis is disconnected',
      back: 'limits are counted in redis again',
    });
  }

  /** As `Windows.count`; never rejects. */
  async count(counters: readonly Counter[], recipients: number): Promise<Counted> {
    const counted = await this.redis.use(async (connection) =>
      this.read(counters, await this.ask(connection, counters, recipients)),
    );
    return counted ?? this.windows.count(counters, recipients);
  }

  /** Ends windows there, too. Rejects where Redis does not answer. */
  async reset(counters: readonly Counter[]): Promise<void> {
    if (counters.length === 0) return;
    const keys = counters.map((counter) => prefix + keyOf(counter));
    const ended = await this.redis.use((connection) => connection.ask(['DEL', ...keys]));
    if (ended === undefined) throw new Error('redis is disconnected');
  }

  get isConnected(): boolean {
    return this.redis.isConnected;
  }

  close(): void {
    this.redis.close();
  }

  private async ask(
    connection: RedisConnection,
    counters: readonly Counter[],
    recipients: number,
  ): Promise<readonly number[]> {
    const unshared = counters.map((counter) => this.windows.takeUnshared(counter));
    const keys = counters.map((counter) => prefix + keyOf(counter));
    const limits = counters.flatMap(({ limit }, i) => [limit.recipients, limit.period, unshared[i]]);
    const args = [keys.length, ...keys, recipients, ...limits].map(String);
    try {
      return ((await connection.ask(['EVAL', script, ...args])) as unknown[]).map(Number);
    } catch (error) {
      counters.forEach((counter, i) => {
        this.windows.giveBack(counter, unshared[i] as number);
      });
      throw error;
    }
  }

  private read(counters: readonly Counter[], [over = -1, ...figures]: readonly number[]): Counted {
    const windows = counters.map((counter, i) => {
      const [accepted = 0, refused = 0, endsIn = 0] = figures.slice(3 * i, 3 * i + 3);
      const window = { accepted, refused, endsIn };
      this.windows.share(counter, window);
      return window;
    });
    const refusing = windows[over];
    return refusing ? { over, isFirst: refusing.refused === 1, endsIn: refusing.endsIn } : withinLimits;
  }
}
