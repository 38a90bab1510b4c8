/**
 * Redis for what goes on without it: a connection that is opened when it is first needed, and left alone for a second where it
 * fails. That it is away, and back, is said once each.
 */
import type { StoreLog } from '../store-log';
import type { RedisClientFactory } from './redis-client-factory';
import { RedisConnection } from './redis-connection';

/** How long anybody waits for Redis, and how long nobody asks it again after it has failed. Milliseconds. */
const timeout = 1000;
const retryAfter = 1000;

export interface OptionalRedisOptions {
  readonly factory: RedisClientFactory;
  readonly log: Pick<StoreLog, 'logwarn' | 'lognotice'>;
}

export class OptionalRedis {
  private connection: RedisConnection | undefined;
  private opening: Promise<RedisConnection | undefined> | undefined;
  private retryAt = 0;
  private state: 'connected' | 'disconnected' | undefined;

  /** `words`: what the log says when Redis is away, before the reason, and when it is back. */
  constructor(
    private readonly of: OptionalRedisOptions,
    private readonly words: { readonly away: string; readonly back: string },
  ) {}

  /** What `work` resolves with; `undefined` where it rejects or Redis is away. Never rejects. */
  async use<T>(work: (connection: RedisConnection) => Promise<T>): Promise<T | undefined> {
    try {
      const connection = this.connection ?? (await this.connect());
      return connection && (await work(connection));
    } catch (error) {
      this.disconnected(error);
      return undefined;
    }
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  close(): void {
    this.connection?.close();
    this.connection = undefined;
    this.retryAt = Number.POSITIVE_INFINITY;
  }

  /** Only the first of all wait for it. */
  private async connect(): Promise<RedisConnection | undefined> {
    if (performance.now() < this.retryAt) return undefined;
    this.opening ??= this.open().finally(() => {
      this.opening = undefined;
    });
    return this.state === undefined ? this.opening : undefined;
  }

  private async open(): Promise<RedisConnection | undefined> {
    const connection = new RedisConnection(this.of.factory, undefined, timeout, {
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
    if (this.state === 'disconnected') this.of.log.lognotice(this.words.back);
    this.state = 'connected';
    return connection;
  }

  private disconnected(error: unknown): void {
    this.connection?.close();
    this.connection = undefined;
    this.retryAt = performance.now() + retryAfter;
    if (this.state === 'disconnected') return;
    this.state = 'disconnected';
    const reason = error instanceof Error ? error.message : String(error);
    this.of.log.logwarn(`${this.words.away}: ${reason}`);
  }
}
