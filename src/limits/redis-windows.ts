/**
 * Recipients counted in Redis, for all servers that count there. Each answer is kept in the windows of this server, where
 * counting goes on while Redis is disconnected; what was counted meanwhile is added to Redis when it is back.
 */
import type { RedisClientFactory } from '../lists/redis/redis-client-factory';
import { RedisConnection } from '../lists/redis/redis-connection';
import type { StoreLog } from '../lists/store-log';
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

/** How long a recipient waits for Redis, and how long nobody asks it again after it has failed. Milliseconds. */
const timeout = 1000;
const retryAfter = 1000;

export class RedisWindows {
  private connection: RedisConnection | undefined;
  private opening: Promise<RedisConnection | undefined> | undefined;
  private retryAt = 0;
  private state: 'connected' | 'disconnected' | undefined;

  constructor(
    private readonly factory: RedisClientFactory,
    private readonly windows: Windows,
    private readonly log: Pick<StoreLog, 'logwarn' | 'lognotice'>,
  ) {}

  /** As `Windows.count`; never rejects. */
  async count(counters: readonly Counter[], recipients: number): Promise<Counted> {
    try {
      const connection = this.connection ?? (await this.connect());
      if (connection) return this.read(counters, await this.ask(connection, counters, recipients));
    } catch (error) {
      this.disconnected(error);
    }
    return this.windows.count(counters, recipients);
  }

  /** Ends windows there, too. */
  async reset(counters: readonly Counter[]): Promise<void> {
    if (counters.length === 0) return;
    const connection = this.connection ?? (await this.connect());
    if (!connection) throw new Error('redis is disconnected');
    await connection.ask(['DEL', ...counters.map((counter) => prefix + keyOf(counter))]);
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  close(): void {
    this.connection?.close();
    this.connection = undefined;
    this.retryAt = Number.POSITIVE_INFINITY;
  }

  /** Only the first recipients of all wait for it. */
  private async connect(): Promise<RedisConnection | undefined> {
    if (performance.now() < this.retryAt) return undefined;
    this.opening ??= this.open().finally(() => {
      this.opening = undefined;
    });
    return this.state === undefined ? this.opening : undefined;
  }

  private async open(): Promise<RedisConnection | undefined> {
    const connection = new RedisConnection(this.factory, undefined, timeout, {
      lost: (reason) => {
        if (connection === this.connection) this.disconnected(reason);
      },
    });
    try {
      await connection.open();
    } catch (error) {
      connection.close();
      this.disconnected(error);
      return undefined;
    }
    this.connection = connection;
    if (this.state === 'disconnected') this.log.lognotice('limits are counted in redis again');
    this.state = 'connected';
    return connection;
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

  private disconnected(error: unknown): void {
    this.connection?.close();
    this.connection = undefined;
    this.retryAt = performance.now() + retryAfter;
    if (this.state === 'disconnected') return;
    this.state = 'disconnected';
    const reason = error instanceof Error ? error.message : String(error);
    this.log.logwarn(`limits are counted in memory, as redis is disconnected: ${reason}`);
  }
}
