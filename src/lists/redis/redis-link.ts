/**
 * The connection to one Redis server. It connects again by itself when the server goes away, asks whether it is still
 * there, and passes its notices of changed keys on where the server gives them. Whatever is not answered in time ends
 * the connection: nothing waits for ever, and nothing is believed of a server that does not answer.
 */

import type { RedisServer } from '../../policy/settings/list-source';
import { within } from '../../time/within';
import type { Ask } from './redis-key';
import type { RedisAccess, RedisClient } from './redis-package';

/** One connection from its start to its end. */
export interface Session {
  /** Whether the server tells of changed keys. */
  readonly notices: boolean;
  /** Rejects where the server says no or nothing in time, and once the connection has ended. */
  readonly ask: Ask;
}

export interface LinkListener {
  /** Connected anew: nothing read before is known to be so still. */
  up(session: Session): void;
  /** The connection is gone, or there never was one; told at each failure. */
  down(reason: string): void;
  /** This key has changed; with `undefined`, it cannot be told which have. */
  changed(key: string | undefined): void;
  /** The server has answered what was asked at this time; notices of all changes before that have been passed on. */
  answered(askedAt: number): void;
}

/** How many times longer a large list in one answer may take than any other. */
const longAnswer = 3;
const longestDelay = 2000;
const firstDelay = 50;
/** However long an answer may take: the sooner a try is given up, the sooner another may succeed. */
const longestConnect = 5000;

export class RedisLink {
  private session: Session | undefined;
  private attempt: Attempt | undefined;
  private failures = 0;
  /** The next attempt to connect, or the next PING. */
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** Until when an answer may be under way that is long by itself. */
  private longUntil = 0;

  /** `limit`: milliseconds that an answer may take, and after which the server is asked whether it is there. */
  constructor(
    private readonly access: RedisAccess,
    private readonly server: RedisServer | undefined,
    private readonly limit: number,
    private readonly listener: LinkListener,
  ) {}

  /** Connects, or connects anew. */
  open(): void {
    if (this.closed) return;
    this.end();
    void this.connect();
  }

  close(): void {
    this.closed = true;
    this.end();
  }

  /** Ends a connection that is of no use, and tries again later. */
  drop(session: Session, error: unknown): void {
    if (session === this.session) this.lost(error);
  }

  /** The server does what it should: the next failure is a first one again. */
  proven(): void {
    this.failures = 0;
  }

  private async connect(): Promise<void> {
    const attempt = new Attempt(this.access, this.server, Math.min(this.limit, longestConnect));
    this.attempt = attempt;
    try {
      const { client, notices } = await attempt.connect();
      if (attempt === this.attempt) this.begin(attempt, client, notices);
      else attempt.abandon();
    } catch (error) {
      if (attempt === this.attempt) this.lost(error);
    }
  }

  private begin(attempt: Attempt, client: RedisClient, notices: boolean): void {
    const session: Session = { notices, ask: (command, isLong) => this.ask(session, client, command, isLong) };
    client.on('error', (error) => this.drop(session, error));
    client.on('invalidate', (key) => {
      if (session === this.session) this.listener.changed(key === null ? undefined : Buffer.from(key).toString());
    });
    this.session = session;
    this.attempt = attempt;
    if (notices) this.pingLater(session);
    this.listener.up(session);
  }

  private async ask(
    session: Session,
    client: RedisClient,
    command: readonly string[],
    isLong = false,
  ): Promise<unknown> {
    if (session !== this.session) throw new Error('the connection has ended');
    const { ErrorReply } = this.access.client;
    const askedAt = performance.now();
    const limit = isLong ? this.limit * longAnswer : this.limit;
    if (isLong) this.longUntil = askedAt + limit;
    try {
      const answer = await within(limit, client.sendCommand(command), false);
      if (session !== this.session) throw new Error('the connection has ended');
      this.listener.answered(askedAt);
      return answer;
    } catch (error) {
      // What to make of a no is the caller's to say.
      if (!(error instanceof ErrorReply)) this.drop(session, error);
      throw error;
    } finally {
      if (isLong) this.longUntil = 0;
    }
  }

  private pingLater(session: Session): void {
    this.later(this.limit, async () => {
      try {
        // Behind a long answer a PING would seem to be unanswered.
        if (performance.now() >= this.longUntil) await session.ask(['PING']);
        if (session === this.session) this.pingLater(session);
      } catch (error) {
        this.drop(session, error);
      }
    });
  }

  private lost(error: unknown): void {
    if (this.closed) return;
    this.end();
    const delay = Math.min(firstDelay * 2 ** this.failures, longestDelay, this.limit);
    this.failures = Math.min(this.failures + 1, 16);
    this.later(delay * (0.5 + Math.random() / 2), () => this.connect());
    this.listener.down(error instanceof Error ? error.message : String(error));
  }

  private later(delay: number, act: () => Promise<void>): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void act(), delay);
    this.timer.unref();
  }

  /** Nothing that the connection still says counts from here on. */
  private end(): void {
    clearTimeout(this.timer);
    this.longUntil = 0;
    this.session = undefined;
    this.attempt?.abandon();
    this.attempt = undefined;
  }
}

/** Version 5 of the client says HELLO for RESP 2 too unless that is left out; version 6 does not, and then takes 3. */
const protocols = [
  { RESP: 3, emitInvalidate: true, name: 'smtpcheck' },
  { RESP: 2, name: undefined },
  { RESP: undefined, name: undefined },
] as const;

/** One try to connect, and the client that comes of it. */
class Attempt {
  private client: RedisClient | undefined;
  private hasSocket = false;
  private abandoned = false;

  constructor(
    private readonly access: RedisAccess,
    private readonly server: RedisServer | undefined,
    private readonly limit: number,
  ) {}

  /** With notices if the server gives them. */
  async connect(): Promise<{ client: RedisClient; notices: boolean }> {
    for (const [i, protocol] of protocols.entries()) {
      try {
        const client = await this.connectWith(protocol);
        return { client, notices: protocol.RESP === 3 && (await this.isTold(client)) };
      } catch (error) {
        const isLast = i === protocols.length - 1;
        // It answers, and does not know RESP 3 or CLIENT TRACKING, or forbids them.
        if (isLast || this.abandoned || !(error instanceof this.access.client.ErrorReply)) throw error;
      }
    }
    throw new Error('there is no way to connect');
  }

  /** Older clients take the wish for notices and do nothing about it. */
  private async isTold(client: RedisClient): Promise<boolean> {
    try {
      return Number(await within(this.limit, client.sendCommand(['CLIENT', 'GETREDIR']), false)) === 0;
    } catch (error) {
      if (error instanceof this.access.client.ErrorReply) return false;
      this.release();
      throw error;
    }
  }

  /** Ends the client as soon as it can be ended. */
  abandon(): void {
    this.abandoned = true;
    // A client that is ended before its socket is connected forgets the socket, and leaves it open.
    if (this.hasSocket) this.release();
  }

  private async connectWith(protocol: object): Promise<RedisClient> {
    const { socket, ...options } = this.access.optionsFor(this.server);
    const client = this.access.client.createClient({
      ...options,
      // Sent with every connection otherwise, and of no use here.
      disableClientInfo: true,
      maintNotifications: 'disabled',
      disableOfflineQueue: true,
      ...protocol,
      socket: { ...socket, connectTimeout: this.limit, reconnectStrategy: false },
    });
    this.client = client;
    this.hasSocket = false;
    // While it connects, the promise says what there is to say.
    client.on('error', () => {});
    client.on('connect', () => {
      this.hasSocket = true;
      if (this.abandoned) this.release();
    });
    client.unref();
    try {
      await within(2 * this.limit, client.connect(), false);
      return client;
    } catch (error) {
      if (this.hasSocket) this.release();
      else this.abandoned = true;
      throw error;
    }
  }

  private release(): void {
    try {
      this.client?.destroy();
    } catch {
      // It is closed already.
    }
  }
}
