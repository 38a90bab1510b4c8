/**
 * Follows the keys of one Redis server: reads them when it is connected, at a change notice, and by polling where the
 * server sends no notices; one at a time, and never so often that reading is all that gets done.
 */
import type { RedisServer } from '../../policy/settings/list-source';
import { DeadlineTimer, timerSlack } from '../../time/deadline-timer';
import type { StoreLog } from '../store-log';
import type { FollowedKey } from './followed-key';
import { RedisLink, type Session } from './redis-link';
import type { RedisAccess } from './redis-package';

export interface Pace {
  /** How long a content counts after it was last confirmed. */
  readonly maxAge: number;
  /** How long changes are collected before a key is read. */
  readonly settle: number;
}

/** Looks, answers and reads that fail must leave time for another within the time that a content counts. */
const looksPerAge = 3;
/** A key that could not be read is tried again after this, be it that the server is loading still. */
const retryDelay = 2000;
/** How much longer than the last a read may take. */
const timesAsLong = 1.5;
/** `max_age` in reads, so that a change during one still leaves time for the next. */
const enough = 5;
/** After a read of a key the server has this many times as long to do something else. */
const restPerRead = 5;

export class FollowedServer {
  private readonly keys = new Set<FollowedKey>();
  private readonly link: RedisLink;
  private readonly limit: number;
  private session: Session | undefined;
  private reading = false;
  private slowest = 0;
  private readonly nextRead = new DeadlineTimer(() => void this.readChanged());
  /** The state of the connection that was logged last. */
  private loggedState: 'connected' | 'disconnected' | undefined;

  /** `taken`: called whenever a key has been read. */
  constructor(
    private readonly access: RedisAccess,
    private readonly server: RedisServer | undefined,
    private readonly pace: Pace,
    private readonly log: StoreLog,
    private readonly taken: () => void,
  ) {
    this.limit = pace.maxAge / looksPerAge;
    this.link = new RedisLink(access, server, this.limit, {
      up: (session) => this.up(session),
      down: (reason) => this.down(reason),
      changed: (key) => this.changed(key),
      answered: (askedAt) => this.answered(askedAt),
    });
  }

  add(key: FollowedKey): void {
    key.state = 'changed';
    key.restUntil = 0;
    this.keys.add(key);
    if (this.session) this.schedule(0);
  }

  remove(key: FollowedKey): void {
    this.keys.delete(key);
  }

  get isIdle(): boolean {
    return this.keys.size === 0;
  }

  /** Connects, or connects anew because the way to the server has changed. */
  open(): void {
    this.session = undefined;
    this.loggedState = undefined;
    for (const key of this.keys) key.abandonRead();
    this.link.open();
  }

  close(): void {
    this.session = undefined;
    this.nextRead.close();
    this.link.close();
  }

  private up(session: Session): void {
    this.session = session;
    for (const key of this.keys) {
      key.state = 'changed';
      key.restUntil = 0;
    }
    this.schedule(0);
  }

  private down(reason: string): void {
    this.session = undefined;
    if (this.loggedState === 'disconnected') return;
    this.loggedState = 'disconnected';
    const names = [...this.keys].map(({ redis }) => redis.name).join(', ');
    this.log.logwarn(`${this.describe()} disconnected, reconnecting: ${reason}; its lists: ${names}`);
  }

  private changed(name: string | undefined): void {
    for (const key of this.keys) {
      if (name !== undefined && key.redis.key !== name) continue;
      key.state = 'changed';
      this.scheduleKey(key, this.pace.settle);
    }
  }

  private answered(askedAt: number): void {
    // Without notices an answer says nothing of the keys that were not asked for.
    if (!this.session?.notices) return;
    let counts = false;
    for (const key of this.keys) {
      if (key.state !== 'current') continue;
      const countedUntil = key.countsUntil(this.pace.maxAge);
      key.confirm(askedAt);
      counts ||= countedUntil <= performance.now();
    }
    if (counts) this.taken();
  }

  /** After a read the key has a rest, so that a huge list that always changes is not always read. */
  private scheduleKey(key: FollowedKey, delay: number): void {
    this.schedule(Math.max(delay, key.restUntil - performance.now()));
  }

  private schedule(delay: number): void {
    // What has changed meanwhile is seen to at the end of the reading.
    if (!this.reading) this.nextRead.schedule(delay);
  }

  private async readChanged(): Promise<void> {
    const { session } = this;
    if (!session || this.reading) return;
    this.reading = true;
    try {
      const { good, failed } = await this.readKeys(session);
      if (session === this.session && (good > 0 || failed === 0)) this.logConnected(session);
    } catch (error) {
      this.link.drop(session, error);
    } finally {
      this.reading = false;
      this.readAgain();
    }
  }

  private async readKeys(session: Session): Promise<{ good: number; failed: number }> {
    let good = 0;
    let failed = 0;
    // A small list does not wait for a large one.
    for (const key of [...this.keys].sort((a, b) => a.took - b.took)) {
      if (key.state !== 'changed' || performance.now() + timerSlack < key.restUntil) continue;
      try {
        if (await key.read(session.ask)) {
          key.restUntil = performance.now() + this.restAfter(key.took);
          if (key.took > this.limit) this.tellSlow(key);
          good++;
          this.taken();
        }
      } catch (error) {
        if (session !== this.session) break;
        // One key that may not be read must not keep the others from being read.
        failed++;
        key.tellFailure(error instanceof Error ? error.message : String(error));
        key.restUntil = performance.now() + Math.min(retryDelay, this.limit);
      }
      if (session !== this.session) break;
    }
    return { good, failed };
  }

  /** Milliseconds; less where the next read would otherwise come too late for what was read now. */
  private restAfter(took: number): number {
    const spare = this.pace.maxAge - (1 + timesAsLong) * took;
    return Math.min(took * restPerRead, this.limit, spare > 0 ? spare : this.limit);
  }

  private tellSlow({ redis, took }: FollowedKey): void {
    if (took < this.slowest * timesAsLong) return;
    this.slowest = took;
    const { maxAge } = this.pace;
    this.log.logwarn(
      `reading ${redis.name} took ${(took / 1000).toFixed(1)} s, too much for [redis] max_age of ${maxAge / 1000} s: after a change it may become unavailable; set max_age to ${Math.ceil((took * enough) / 1000)}s`,
    );
  }

  private logConnected(session: Session): void {
    this.link.proven();
    if (this.loggedState === 'connected') return;
    const event = this.loggedState === 'disconnected' ? 'reconnected' : 'connected';
    this.loggedState = 'connected';
    const how = session.notices ? 'with change notices' : 'without change notices, so its lists are polled';
    this.log.lognotice(`${this.describe()} ${event}, ${how}`);
  }

  /** What has changed meanwhile, and without notices everything by the clock. */
  private readAgain(): void {
    if (!this.session) return;
    const { notices } = this.session;
    for (const key of this.keys) {
      if (key.state === 'changed') this.scheduleKey(key, this.pace.settle);
      else if (!notices) {
        key.state = 'changed';
        key.restUntil = Math.max(key.restUntil, performance.now() + this.limit);
        this.scheduleKey(key, 0);
      }
    }
  }

  private describe(): string {
    try {
      const { socket } = this.access.optionsFor(this.server);
      return `redis ${socket.path ?? `${socket.host}:${socket.port}`}`;
    } catch {
      return 'redis';
    }
  }
}
