/** The lists that the settings keep in Redis: one connection for each server they name, and none where they name none. */

import type { Settings } from '../../policy/settings/settings-description';
import { within } from '../../time/within';
import type { FollowPace } from '../files/file-follower';
import { type ListId, listSettings } from '../list-settings';
import { isExpired, type KeyStatus } from '../list-state';
import type { ListContent } from '../parsing/parse-bytes';
import type { StoreLog } from '../store-log';
import { FollowedKey } from './followed-key';
import type { RedisAccess } from './redis-package';
import { FollowedServer, type Pace } from './redis-server';

export class RedisLists {
  private readonly keys = new Map<ListId, { key: FollowedKey; server: FollowedServer }>();
  private readonly servers = new Map<string, FollowedServer>();
  private maxAge = 0;
  private pace: FollowPace | undefined;
  private following = false;
  private readonly waiters = new Set<() => void>();

  /** `changed`: called when a status may have become another. */
  constructor(
    private readonly access: RedisAccess,
    private readonly log: StoreLog,
    private readonly changed: () => void,
  ) {
    access.onChange = () => {
      if (this.servers.size > 0) this.log.lognotice('redis.ini has changed: the lists are read anew by it');
      for (const server of this.servers.values()) server.open();
    };
  }

  /** Follows the keys that the settings name, and no others. */
  use(settings: Settings): void {
    this.maxAge = settings.redis.max_age;
    this.pace = settings.main;
    const pace: Pace = { maxAge: this.maxAge, settle: settings.main.settle };
    const awaitedUntil = this.following ? performance.now() + this.maxAge : Number.NEGATIVE_INFINITY;
    for (const listSetting of listSettings) {
      const { redis } = listSetting.sourceIn(settings);
      const before = this.keys.get(listSetting.name);
      const server = redis && this.serverFor(JSON.stringify([redis.server, pace]), redis.server, pace);
      const same = before && redis && before.key.redis.name === redis.name;
      if (same && before.server === server) continue;
      before?.server.remove(before.key);
      this.keys.delete(listSetting.name);
      if (!server) continue;
      const key = same ? before.key : new FollowedKey(listSetting, redis, awaitedUntil, this.log);
      server.add(key);
      this.keys.set(listSetting.name, { key, server });
    }
    for (const [id, server] of this.servers) {
      if (!server.isIdle) continue;
      server.close();
      this.servers.delete(id);
    }
    this.followRedisIni();
  }

  /** Connects. */
  follow(): void {
    this.following = true;
    for (const server of this.servers.values()) server.open();
    this.followRedisIni();
  }

  /** Of a list that the settings keep in Redis. */
  status(listSetting: ListId): KeyStatus<ListContent> | undefined {
    const key = this.keys.get(listSetting)?.key;
    return key && { version: key.content, countsUntil: key.countsUntil(this.maxAge) };
  }

  /** When the first of what counts now counts no more, unless it is confirmed before. */
  countsUntil(now: number): number {
    const statuses = [...this.keys.keys()].map((listSetting) => this.status(listSetting) as KeyStatus<ListContent>);
    return Math.min(...statuses.filter((status) => !isExpired(status, now)).map(({ countsUntil }) => countsUntil));
  }

  /** Whether any setting names Redis. */
  get isUsed(): boolean {
    return this.keys.size > 0;
  }

  /** Resolves once every key has been read, and in any case after `limit` milliseconds. */
  async firstRead(limit: number): Promise<void> {
    const allRead = new Promise<void>((resolve) => {
      this.waiters.add(resolve);
      this.resolveWaiters();
    });
    await within(limit, allRead).catch(() => {});
  }

  /** The contents that were read count until they expire. */
  close(): void {
    for (const server of this.servers.values()) server.close();
    this.servers.clear();
    this.access.leave();
  }

  /** `redis.ini` is followed for as long as a list is kept in Redis. */
  private followRedisIni(): void {
    if (!this.following || !this.pace) return;
    if (this.isUsed) this.access.follow(this.pace);
    else this.access.leave();
  }

  private serverFor(id: string, address: ConstructorParameters<typeof FollowedServer>[1], pace: Pace): FollowedServer {
    const known = this.servers.get(id);
    if (known) return known;
    const server = new FollowedServer(this.access, address, pace, this.log, () => this.keyRead());
    this.servers.set(id, server);
    if (this.following) server.open();
    return server;
  }

  private keyRead(): void {
    this.changed();
    this.resolveWaiters();
  }

  private resolveWaiters(): void {
    if ([...this.keys.values()].some(({ key }) => !key.wasRead)) return;
    for (const resolve of this.waiters) resolve();
    this.waiters.clear();
  }
}
