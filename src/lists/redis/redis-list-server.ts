/**
 * Follows the lists of one Redis server over one connection: reads each key when the connection is new, after a change
 * notice, and by the clock where the server sends no notices; one at a time, and never so often that reading is all that
 * gets done.
 */
import type { RedisServer } from '../../policy/settings/list-source';
import { DeadlineTimer, timerSlack } from '../../time/deadline-timer';
import type { StoreLog } from '../store-log';
import type { RedisClientFactory } from './redis-client-factory';
import { RedisConnection } from './redis-connection';
import type { RedisListSubscription } from './redis-list-subscription';

export interface Pace {
  /** How long a content counts after it was last confirmed. */
  readonly maxAge: number;
  /** How long changes are collected before a key is read. */
  readonly settle: number;
}

/** Reads and answers that fail must leave time for another within the time that a content counts. */
const readsPerAge = 3;
const firstReconnectDelay = 50;
const maxReconnectDelay = 2000;
/** A key that could not be read is tried again after this: the server may still be loading. */
const retryDelay = 2000;
/** After a read of a key the server has this many times as long to do something else. */
const cooldownFactor = 5;
/** `max_age` in reads, so that a change during one still leaves time for the next. */
const recommendedFactor = 5;
/** Milliseconds without an answer after which a server gets no more commands that are about no list. */
const longestPending = 200;
/** How much slower than the slowest that was logged a read has to be to be logged again. */
const slowerFactor = 1.5;

export class RedisListServer {
  private readonly server: RedisServer | undefined;
  private readonly limit: number;
  private readonly timer = new DeadlineTimer(() => void this.run());
  private connection: RedisConnection | undefined;
  private isRunning = false;
  private closed = false;
  /** Its content cannot be confirmed yet, although nothing more is due. */
  private reading: RedisListSubscription | undefined;
  /** Connections lost or refused since the last that was of use. */
  private failures = 0;
  private slowest = 0;
  /** Commands about no list that have no answer yet, and when the last answer came, or the first of them was sent. */
  private pending = 0;
  private pendingSince = 0;
  private loggedState: 'connected' | 'disconnected' | undefined;

  /** Connects. Nothing of it keeps the process alive. `changed`: called whenever a key has been read or confirmed. */
  constructor(
    private readonly factory: RedisClientFactory,
    private readonly lists: readonly RedisListSubscription[],
    private readonly pace: Pace,
    private readonly log: StoreLog,
    private readonly changed: () => void,
  ) {
    this.server = lists[0]?.redis.server;
    this.limit = pace.maxAge / readsPerAge;
    this.readAll();
    this.timer.schedule(0);
  }

  /** What is being read changes nothing any more. */
  close(): void {
    this.closed = true;
    this.timer.close();
    this.connection?.close();
    this.connection = undefined;
  }

  /**
   * A command that is about no list. `undefined` while the server is disconnected, or has left one unanswered for too long: what
   * is written to it meanwhile would hide its silence. Rejects where it answers with an error.
   */
  ask(command: readonly string[]): Promise<unknown> | undefined {
    const now = performance.now();
    if (!this.connection || (this.pending > 0 && now - this.pendingSince > longestPending)) return undefined;
    if (this.pending++ === 0) this.pendingSince = now;
    return this.connection.ask(command).finally(() => {
      this.pending--;
      this.pendingSince = performance.now();
    });
  }

  /** Connects where there is no connection, and reads what is due. */
  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    const connection = this.connection ?? this.newConnection();
    try {
      if (connection !== this.connection) {
        this.connection = connection;
        await connection.open();
      }
      await this.readDue(connection);
    } catch (error) {
      this.disconnected(connection, error);
    } finally {
      this.isRunning = false;
      this.schedule();
    }
  }

  private newConnection(): RedisConnection {
    const connection = new RedisConnection(this.factory, this.server, this.limit, {
      answered: (askedAt) => {
        if (connection.sendsNotices) this.confirm(askedAt);
      },
      changed: (key) => {
        const dueAt = performance.now() + this.pace.settle;
        for (const list of this.lists) {
          if (key === undefined || list.redis.key === key) list.dueAt = Math.min(list.dueAt, dueAt);
        }
        this.schedule();
      },
      lost: (reason) => this.disconnected(connection, reason),
    });
    return connection;
  }

  /** Of a key that was read over this connection, and of which no notice has come since. */
  private confirm(at: number): void {
    for (const list of this.lists) {
      if (list.dueAt === Number.POSITIVE_INFINITY && list !== this.reading) list.confirm(at);
    }
    this.changed();
  }

  private async readDue(connection: RedisConnection): Promise<void> {
    let failures = 0;
    // A small list does not wait for a large one.
    const lists = [...this.lists].sort((a, b) => a.readTime - b.readTime);
    for (const list of lists) {
      if (nextReadOf(list) > performance.now() + timerSlack) continue;
      const isRead = await this.read(list, connection);
      if (connection !== this.connection) return;
      if (isRead) this.logConnected(connection);
      else failures++;
    }
    // A server that answers every read with an error is not back yet.
    if (failures === 0) this.logConnected(connection);
  }

  /** Whether it could be read. */
  private async read(list: RedisListSubscription, connection: RedisConnection): Promise<boolean> {
    this.reading = list;
    list.dueAt = Number.POSITIVE_INFINITY;
    try {
      if (!(await list.read(connection.ask, () => !this.closed))) return false;
    } catch (error) {
      if (connection !== this.connection) return false;
      // One key that cannot be read must not keep the others from being read.
      list.logFailure(error);
      list.dueAt = 0;
      list.cooldownUntil = performance.now() + Math.min(retryDelay, this.limit);
      return false;
    } finally {
      this.reading = undefined;
    }
    this.changed();
    list.resolveFirstRead();
    if (connection !== this.connection) return true;
    const now = performance.now();
    if (!connection.sendsNotices) list.dueAt = Math.min(list.dueAt, now + this.limit);
    list.cooldownUntil = now + Math.min(list.readTime * cooldownFactor, this.limit);
    if (list.readTime > this.limit) this.logSlow(list);
    return true;
  }

  private disconnected(connection: RedisConnection, error: unknown): void {
    if (connection !== this.connection) return;
    connection.close();
    this.connection = undefined;
    // Of what changes until the next connection no notice comes.
    this.readAll();
    this.failures++;
    this.schedule();
    if (this.loggedState === 'disconnected') return;
    this.loggedState = 'disconnected';
    const reason = error instanceof Error ? error.message : String(error);
    const names = this.lists.map(({ redis }) => redis.name).join(', ');
    this.log.logwarn(`${nameOf(connection)} disconnected, reconnecting: ${reason}; its lists: ${names}`);
  }

  private readAll(): void {
    for (const list of this.lists) list.dueAt = list.cooldownUntil = 0;
  }

  /** The next read, or the next attempt to connect. What becomes due during a read is scheduled at its end. */
  private schedule(): void {
    if (this.isRunning) return;
    if (this.connection) {
      const next = Math.min(...this.lists.map(nextReadOf));
      this.timer.schedule(Math.max(next - performance.now(), 0));
    } else {
      const delay = Math.min(firstReconnectDelay * 2 ** (this.failures - 1), maxReconnectDelay, this.limit);
      this.timer.schedule(delay * (0.5 + Math.random() / 2));
    }
  }

  private logConnected(connection: RedisConnection): void {
    this.failures = 0;
    if (this.loggedState === 'connected') return;
    const event = this.loggedState === 'disconnected' ? 'reconnected' : 'connected';
    this.loggedState = 'connected';
    const how = connection.sendsNotices ? 'with change notices' : 'without change notices, so its lists are polled';
    this.log.lognotice(`${nameOf(connection)} ${event}, ${how}`);
  }

  private logSlow({ redis, readTime }: RedisListSubscription): void {
    if (readTime < this.slowest * slowerFactor) return;
    this.slowest = readTime;
    this.log.logwarn(
      `reading ${redis.name} took ${(readTime / 1000).toFixed(1)} s, too much for [redis] max_age of ${this.pace.maxAge / 1000} s: after a change it may become unavailable; set max_age to ${Math.ceil((readTime * recommendedFactor) / 1000)}s`,
    );
  }
}

function nextReadOf({ dueAt, cooldownUntil }: RedisListSubscription): number {
  return Math.max(dueAt, cooldownUntil);
}

function nameOf({ address }: RedisConnection): string {
  return `redis ${address}`.trim();
}
