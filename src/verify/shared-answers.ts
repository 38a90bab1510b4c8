/**
 * What next hops have said, in Redis, for all servers that have lists there. It is looked for where the memory of this server has
 * none, and kept for as long as it counts. Without Redis, next hops are asked.
 */
import { OptionalRedis, type OptionalRedisOptions } from '../lists/redis/optional-redis';
import { type Answer, isSaid, lifetimes } from './answers';

const prefix = 'smtpcheck.verified:';

export class SharedAnswers {
  private readonly redis: OptionalRedis;

  constructor(of: OptionalRedisOptions) {
    this.redis = new OptionalRedis(of, {
      away: 'what next hops say of recipients is kept in memory alone, as redis is disconnected',
      back: 'what next hops say of recipients is kept in redis again',
    });
  }

  /** Never rejects. */
  async find(of: string): Promise<Answer | undefined> {
    const [, said, at] = /^(\S+) (\d+)$/.exec(String(await this.ask('GET', prefix + of))) ?? [];
    return isSaid(said) ? { said, at: Number(at) } : undefined;
  }

  /** Nobody waits for it. */
  remember(of: string, { said, at }: Answer): void {
    void this.ask('SET', prefix + of, `${said} ${at}`, 'PX', String(lifetimes[said]));
  }

  forget(of: string): void {
    void this.ask('DEL', prefix + of);
  }

  close(): void {
    this.redis.close();
  }

  private ask(...command: readonly string[]): Promise<unknown> {
    return this.redis.use((connection) => connection.ask(command));
  }
}
