/**
 * Stands between Haraka and a real Redis at one port that stays the same, and does to the replies what networks, broken
 * servers and liars do. Honest until told otherwise; what it is told holds for connections that are open, too.
 */
import { randomBytes } from 'node:crypto';
import net from 'node:net';

export type RedisManner =
  | 'honest'
  /** Bytes that are no reply. */
  | 'garbage'
  /** Replies, but not to what was asked. */
  | 'beside-the-point'
  /** Half a reply, and then it hangs up. */
  | 'cut-off'
  /** Answers when nobody waits any more. */
  | 'late'
  /** Takes commands and says nothing. */
  | 'silent';

const late = 3_000;

export class RedisMeddler {
  #manner: RedisManner = 'honest';
  readonly #sockets = new Set<net.Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly server: net.Server,
    private readonly redis: number,
  ) {}

  static async start(redis: number): Promise<RedisMeddler> {
    const server = net.createServer();
    const meddler = new RedisMeddler(server, redis);
    server.on('connection', (socket) => meddler.#connected(socket));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return meddler;
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  behave(manner: RedisManner): void {
    this.#manner = manner;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => this.server.close(() => done()));
  }

  #connected(socket: net.Socket): void {
    const upstream = net.connect(this.redis, '127.0.0.1');
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(one);
      one
        .on('error', () => undefined)
        .on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
    }
    socket.pipe(upstream);
    upstream.on('data', (reply) => this.#pass(reply, socket));
  }

  #pass(reply: Buffer, socket: net.Socket): void {
    switch (this.#manner) {
      case 'honest':
        socket.write(reply);
        break;
      case 'garbage':
        socket.write(randomBytes(reply.length));
        break;
      case 'beside-the-point':
        socket.write(':1\r\n');
        break;
      case 'cut-off':
        socket.end(reply.subarray(0, reply.length / 2));
        break;
      case 'late':
        this.#later(() => socket.write(reply));
        break;
      case 'silent':
        break;
    }
  }

  #later(run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, late);
    this.#timers.add(timer);
  }
}
