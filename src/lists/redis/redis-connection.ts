/**
 * One connection to a Redis server, from its start to its end. A server that is silent while it owes an answer ends it, so
 * nothing waits for ever. The client could reconnect and ping by itself, but both timers would keep the process alive,
 * a reconnection would not find out anew what the server understands, and its pings hide when they were sent, which is the
 * time that they confirm lists for.
 */
import type { RedisServer } from '../../policy/settings/list-source';
import { within } from '../../time/within';
import type { Ask } from './key-reader';
import type { RedisClient, RedisClientFactory } from './redis-client-factory';

export interface ConnectionListener {
  /** The server has answered what was asked at this time; change notices of all changes before that have been passed on. */
  answered(askedAt: number): void;
  /** This key has changed; with `undefined`, any key may have. */
  changed(key: string | undefined): void;
  /** The connection has ended by itself, once it was open; called once. */
  lost(reason: unknown): void;
}

/** However long an answer may take: the sooner an attempt is given up, the sooner another may succeed. Milliseconds. */
const maxConnectTime = 5000;

/** Version 5 of the client sends HELLO for RESP 2 too unless that is left out; version 6 does not, and then takes 3. */
const protocols = [{ RESP: 3, emitInvalidate: true, name: 'smtpcheck' }, { RESP: 2 }, { RESP: undefined }] as const;

export class RedisConnection {
  /** Whether the server sends change notices. */
  sendsNotices = false;
  /** Of the server; empty where `redis.ini` cannot be read. */
  address = '';
  private readonly ending = new AbortController();
  private client: RedisClient | undefined;
  private heartbeat: NodeJS.Timeout | undefined;

  /** `limit`: milliseconds of silence that end the connection while an answer is awaited. */
  constructor(
    private readonly factory: RedisClientFactory,
    private readonly server: RedisServer | undefined,
    private readonly limit: number,
    private readonly listener: Partial<ConnectionListener> = {},
  ) {}

  /** Resolves when the server has answered. Whatever comes of it, the connection has to be closed. */
  async open(): Promise<void> {
    // Whoever listens for no changes needs none of what notices take.
    for (const protocol of this.listener.changed ? protocols : protocols.slice(1)) {
      try {
        this.client = await this.connect(protocol);
        break;
      } catch (error) {
        // The server answers, and does not know RESP 3 or CLIENT TRACKING, or forbids them.
        if (protocol === protocols.at(-1) || !this.isErrorReply(error)) throw error;
      }
    }
    // Older clients ignore `emitInvalidate`, so that only the server knows whether it sends notices.
    const redirection = await this.ask(['CLIENT', 'GETREDIR']).catch((error) => {
      if (!this.isErrorReply(error)) throw error;
    });
    this.sendsNotices = Number(redirection ?? -1) === 0;
    this.pingLater();
  }

  /** However far it has got. */
  close(): void {
    clearTimeout(this.heartbeat);
    this.ending.abort();
  }

  /** Rejects where the server answers with an error or not in time, and once the connection has ended. */
  readonly ask: Ask = async (command) => {
    const askedAt = performance.now();
    try {
      const answer = await this.client?.sendCommand(command);
      this.ending.signal.throwIfAborted();
      this.listener.answered?.(askedAt);
      return answer;
    } catch (error) {
      // What an error reply means is the caller's to decide.
      if (!this.isErrorReply(error)) this.fail(error);
      throw error;
    }
  };

  /**
   * The client ends a connection that is silent for `limit`, so something has to be asked. A second PING before the answer
   * to the first would hide the silence.
   */
  private pingLater(): void {
    const ping = () => this.ask(['PING']).then(() => this.pingLater());
    this.heartbeat = setTimeout(() => void ping().catch((error) => this.fail(error)), this.limit / 2);
    this.heartbeat.unref();
  }

  private async connect(protocol: (typeof protocols)[number]): Promise<RedisClient> {
    const { socket, ...options } = this.factory.optionsFor(this.server);
    this.address = socket.path ?? `${socket.host}:${socket.port}`;
    const connectTimeout = Math.min(this.limit, maxConnectTime);
    const client = this.factory.client.createClient({
      ...options,
      // Sent with every connection otherwise, and of no use here.
      disableClientInfo: true,
      maintNotifications: 'disabled',
      disableOfflineQueue: true,
      name: undefined,
      ...protocol,
      socket: {
        ...socket,
        connectTimeout,
        socketTimeout: this.limit,
        reconnectStrategy: false,
        // `destroy` of a client that is connecting still would leave its socket open.
        signal: this.ending.signal,
      },
    });
    client.on('error', (error) => {
      // While it connects, the promise reports the error.
      if (client === this.client) this.fail(error);
    });
    client.on('invalidate', (key) => this.listener.changed?.(key === null ? undefined : Buffer.from(key).toString()));
    client.unref();
    await within(2 * connectTimeout, client.connect(), false);
    return client;
  }

  private isErrorReply(error: unknown): boolean {
    return error instanceof this.factory.client.ErrorReply;
  }

  private fail(reason: unknown): void {
    if (this.ending.signal.aborted) return;
    this.close();
    this.listener.lost?.(reason);
  }
}
