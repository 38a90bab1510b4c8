/** The lists that the settings keep in Redis: one connection for each server they name, and none where they name none. */

import type { Settings } from '../../policy/settings/settings-description';
import { within } from '../../time/within';
import type { FollowedFile } from '../files/file-follower';
import { type ListId, listSettings } from '../list-settings';
import type { KeyStatus } from '../list-state';
import type { ListContent } from '../parsing/parse-bytes';
import type { StoreLog } from '../store-log';
import type { RedisClientFactory } from './redis-client-factory';
import { type Pace, RedisListServer } from './redis-list-server';
import { RedisListSubscription } from './redis-list-subscription';

export class RedisLists {
  private lists: ReadonlyMap<ListId, RedisListSubscription> = new Map();
  private servers: readonly RedisListServer[] = [];
  private pace: Pace = { maxAge: 0, settle: 0 };
  /** The settings in use, as far as they matter here. */
  private inUse = '';
  private following = false;

  /** `changed`: called when a status may have become another. */
  constructor(
    private readonly factory: RedisClientFactory,
    private readonly log: StoreLog,
    private readonly changed: () => void,
  ) {}

  /** Follows the keys that the settings name, and no others. */
  use(settings: Settings): void {
    const keys = listSettings.flatMap((listSetting) => {
      const { redis } = listSetting.sourceIn(settings);
      return redis ? [{ listSetting, redis }] : [];
    });
    const pace = { maxAge: settings.redis.max_age, settle: settings.main.settle };
    const inUse = JSON.stringify([keys.map(({ listSetting, redis }) => [listSetting.name, redis]), pace]);
    if (inUse === this.inUse) return;
    this.inUse = inUse;
    this.pace = pace;
    const awaitedUntil = this.following ? performance.now() + pace.maxAge : Number.NEGATIVE_INFINITY;
    const before = this.lists;
    this.lists = new Map(
      keys.map(({ listSetting, redis }) => {
        const known = before.get(listSetting.name);
        const isSame = known?.redis.name === redis.name;
        const list = isSame ? known : new RedisListSubscription(listSetting, redis, awaitedUntil, this.log);
        return [listSetting.name, list];
      }),
    );
    if (this.following) this.connect();
  }

  /** Connects. */
  follow(): void {
    this.following = true;
    this.connect();
  }

  /** `redis.ini`, for as long as a list is kept in Redis. */
  get files(): readonly FollowedFile<string>[] {
    return this.factory.files;
  }

  /** What is followed of a list that the settings keep in Redis. */
  subscription(listSetting: ListId): Pick<RedisListSubscription, 'rejection' | 'readTime'> | undefined {
    return this.lists.get(listSetting);
  }

  /** Of a list that the settings keep in Redis. */
  status(listSetting: ListId): KeyStatus<ListContent> | undefined {
    const list = this.lists.get(listSetting);
    return list && { version: list.content, countsUntil: list.countsUntil(this.pace.maxAge) };
  }

  /** When the first of what counts now counts no more, unless it is confirmed before. */
  countsUntil(now: number): number {
    const times = [...this.lists.values()].map((list) => list.countsUntil(this.pace.maxAge));
    return Math.min(...times.filter((countsUntil) => countsUntil > now));
  }

  /** Whether any setting names Redis. */
  get isUsed(): boolean {
    return this.lists.size > 0;
  }

  /** A command that has nothing to do with the lists, to the server of the first of them; `undefined` while it is disconnected. */
  ask(command: readonly string[]): Promise<unknown> | undefined {
    return this.servers[0]?.ask(command);
  }

  /** Resolves once every key has been read, and in any case after `limit` milliseconds. */
  async firstRead(limit: number): Promise<void> {
    const allRead = Promise.all([...this.lists.values()].map(({ firstRead }) => firstRead));
    await within(limit, allRead).catch(() => {});
  }

  /** The contents that were read count until they expire. */
  close(): void {
    for (const server of this.servers) server.close();
    this.factory.stopFollowing();
  }

  /** To the servers of all lists, anew. What was read before counts until it is read again. */
  private connect(): void {
    for (const server of this.servers) server.close();
    if (!this.isUsed) this.factory.stopFollowing();
    else
      this.factory.follow(() => {
        this.log.lognotice('redis.ini has changed: the lists are read anew by it');
        this.connect();
      });
    const byServer = new Map<string, RedisListSubscription[]>();
    for (const list of this.lists.values()) {
      const id = JSON.stringify(list.redis.server ?? {});
      byServer.set(id, [...(byServer.get(id) ?? []), list]);
    }
    const { factory, pace, log, changed } = this;
    this.servers = [...byServer.values()].map((lists) => new RedisListServer(factory, lists, pace, log, changed));
  }
}
