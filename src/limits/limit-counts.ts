/**
 * The recipients that limits have counted, in one place for a server: its single process, or the master of its cluster, which
 * counts for all workers.
 */
import type { RedisClientFactory } from '../lists/redis/redis-client-factory';
import type { StoreLog } from '../lists/store-log';
import { type Counter, namesFor } from '../policy/limits';
import type { Settings } from '../policy/settings/settings-description';
import { RedisWindows } from './redis-windows';
import { type Clock, type Counted, type OpenWindow, Windows } from './windows';

/** What a worker asks its master for. */
export interface CountRequest {
  readonly counters: readonly Counter[];
  readonly recipients: number;
}

export type Count = (request: CountRequest) => Promise<Counted>;

/** How Redis is reached for limits, and the log for its outages. */
export interface LimitRedis {
  readonly factory: RedisClientFactory;
  readonly log: Pick<StoreLog, 'logwarn' | 'lognotice'>;
}

export class LimitCounts {
  private readonly windows: Windows;
  private shared: RedisWindows | undefined;
  private master: Count | undefined;

  /** `redis`: absent where nothing is to be counted there, as for `explain`. */
  constructor(
    private readonly settings: () => Pick<Settings['limits'], 'store' | 'ipv6'>,
    private readonly redis?: LimitRedis,
    clock?: Clock,
  ) {
    this.windows = new Windows(clock);
  }

  /** In a worker of a cluster. */
  useMaster(count: Count): void {
    this.master = count;
  }

  /** Counts the recipients, unless that would exceed a limit. Rejects where the master does not answer. */
  async count(request: CountRequest): Promise<Counted> {
    if (this.master) return this.master(request);
    const { counters, recipients } = request;
    return this.store === 'redis'
      ? this.redisWindows().count(counters, recipients)
      : this.windows.count(counters, recipients);
  }

  /** Ends the windows of a client, user or entry; how many there were. Rejects where Redis is to forget them, and does not answer. */
  async reset(name: string): Promise<number> {
    const ended = this.windows.reset(namesFor(name, this.settings().ipv6));
    if (this.store === 'redis' && ended.length > 0) await this.redisWindows().reset(ended);
    return ended.length;
  }

  get open(): readonly OpenWindow[] {
    return this.windows.all;
  }

  /** Where recipients are counted just now. */
  get state(): 'memory' | 'redis' | 'redis-disconnected' {
    if (this.store === 'memory') return 'memory';
    return !this.shared || this.shared.isConnected ? 'redis' : 'redis-disconnected';
  }

  close(): void {
    this.shared?.close();
  }

  private get store(): 'memory' | 'redis' {
    return this.redis ? this.settings().store : 'memory';
  }

  private redisWindows(): RedisWindows {
    const { factory, log } = this.redis as LimitRedis;
    this.shared ??= new RedisWindows(factory, this.windows, log);
    return this.shared;
  }
}
