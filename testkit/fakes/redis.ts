/**
 * A Redis server of our own, in this process, that speaks RESP 2 and 3 and behaves as the real one does in the few
 * commands that lists are read with: their types, scans in slices, transactions, and notices of changed keys. It can be
 * paused, stopped, started again and forbidden commands.
 */
import net from 'node:net';

/** A string, a set, a hash, or a type that no list is read from. */
export type Value =
  | string
  | Buffer
  | ReadonlySet<string | Buffer>
  | ReadonlyMap<string, string>
  | { readonly type: string };

/** A simple string, an error, a number, a blob, nothing, a list, or pairs. */
type Answer =
  | { ok: string }
  | { no: string }
  | number
  | Buffer
  | null
  | readonly Answer[]
  | { pairs: readonly Answer[] };

const OK: Answer = { ok: 'OK' };

export class FakeRedis {
  private server: net.Server | undefined;
  private readonly clients = new Set<Client>();
  private readonly keys = new Map<string, Value>();
  /** Commands that the server says no to, in capitals: `HELLO`, `CLIENT TRACKING`. */
  readonly forbidden = new Set<string>();
  /** Every command that was read, in capitals, with its arguments. */
  readonly asked: string[] = [];
  /** Called before a command is answered: to change a key between two of them. */
  before: ((command: string) => void) | undefined;
  /** What a script answers; without it there are no scripts. */
  script: ((keys: readonly string[], args: readonly string[]) => readonly number[]) | undefined;
  password: string | undefined;
  port = 0;
  private paused = false;

  async start(): Promise<this> {
    const server = net.createServer((socket) => this.clients.add(new Client(this, socket)));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as net.AddressInfo).port;
    return this;
  }

  /** As a server that ends: its connections close, and its port refuses. What it holds stays for the next start. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.disconnect();
    if (server) await new Promise((resolve) => server.close(resolve));
    this.resume();
  }

  disconnect(): void {
    for (const client of this.clients) client.socket.destroy();
    this.clients.clear();
  }

  /** As after SIGSTOP: it takes connections and commands, and answers nothing. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    for (const client of this.clients) client.work();
  }

  /** To every client, whatever it has asked. */
  send(bytes: string): void {
    for (const client of this.clients) client.socket.write(bytes);
  }

  get isPaused(): boolean {
    return this.paused;
  }

  get connections(): number {
    return [...this.clients].filter(({ socket }) => !socket.destroyed).length;
  }

  set(key: string, value: Value): void {
    this.keys.set(key, value);
    this.touched(key);
  }

  add(key: string, ...members: readonly string[]): void {
    this.set(key, new Set([...setOf(this.keys.get(key)), ...members]));
  }

  remove(key: string, ...members: readonly string[]): void {
    const left = [...setOf(this.keys.get(key))].filter((member) => !members.includes(String(member)));
    if (left.length > 0) this.set(key, new Set(left));
    else this.delete(key);
  }

  delete(key: string): void {
    this.keys.delete(key);
    this.touched(key);
  }

  flush(): void {
    this.keys.clear();
    for (const client of this.clients) client.flushed();
  }

  get(key: string): Value | undefined {
    return this.keys.get(key);
  }

  private touched(key: string): void {
    for (const client of this.clients) client.touched(key);
  }
}

function setOf(value: Value | undefined): ReadonlySet<string | Buffer> {
  return value instanceof Set ? value : new Set();
}

class Client {
  private unread: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  private resp: 2 | 3 = 2;
  private authorized: boolean;
  private tracking = false;
  private readonly tracked = new Set<string>();
  private readonly watched = new Set<string>();
  private dirty = false;
  private queued: string[][] | undefined;

  constructor(
    private readonly redis: FakeRedis,
    readonly socket: net.Socket,
  ) {
    this.authorized = redis.password === undefined;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      this.unread = Buffer.concat([this.unread, data]);
      this.work();
    });
  }

  work(): void {
    while (!this.redis.isPaused) {
      const command = this.next();
      if (!command) return;
      this.redis.asked.push(command.join(' '));
      this.redis.before?.(command.join(' '));
      this.socket.write(this.encode(this.answer(command)));
    }
  }

  /** Told once for a key that was read; then it has to be read again. */
  touched(key: string): void {
    if (this.watched.has(key)) this.dirty = true;
    if (!this.tracking || !this.tracked.delete(key)) return;
    this.push([Buffer.from(key)]);
  }

  flushed(): void {
    this.dirty ||= this.watched.size > 0;
    this.tracked.clear();
    if (this.tracking) this.push(null);
  }

  private push(keys: Answer): void {
    this.socket.write(
      Buffer.concat([Buffer.from('>2\r\n'), this.encode(Buffer.from('invalidate')), this.encode(keys)]),
    );
  }

  /** The next whole command of what has come. */
  private next(): string[] | undefined {
    const lines = this.unread.toString('latin1');
    const count = /^\*(\d+)\r\n/.exec(lines);
    if (!count) return undefined;
    let at = count[0].length;
    const words: string[] = [];
    for (let i = 0; i < Number(count[1]); i++) {
      const head = /^\$(\d+)\r\n/.exec(lines.slice(at, at + 20));
      if (!head) return undefined;
      at += head[0].length;
      const end = at + Number(head[1]);
      if (end + 2 > lines.length) return undefined;
      words.push(this.unread.toString('utf8', at, end));
      at = end + 2;
    }
    this.unread = this.unread.subarray(at);
    words[0] = (words[0] as string).toUpperCase();
    return words;
  }

  private answer(command: string[]): Answer {
    const [name = '', first = ''] = command;
    const { forbidden } = this.redis;
    if (forbidden.has(name) || forbidden.has(`${name} ${first.toUpperCase()}`)) {
      return { no: `ERR unknown command '${name}'` };
    }
    if (!this.authorized && name !== 'HELLO' && name !== 'AUTH') return { no: 'NOAUTH Authentication required.' };
    if (this.queued && name !== 'EXEC') {
      this.queued.push(command);
      return { ok: 'QUEUED' };
    }
    return this.run(name, command.slice(1));
  }

  private run(name: string, args: string[]): Answer {
    const [first = ''] = args;
    switch (name) {
      case 'HELLO':
        return this.hello(args);
      case 'AUTH':
        return this.login(args.at(-1));
      case 'CLIENT':
        if (first === 'GETREDIR') return this.tracking ? 0 : -1;
        this.tracking ||= first === 'TRACKING';
        return OK;
      case 'PING':
        return { ok: 'PONG' };
      case 'EVAL': {
        const { script } = this.redis;
        const count = Number(args[1]);
        return script ? script(args.slice(2, 2 + count), args.slice(2 + count)) : { no: 'NOPERM no scripts here' };
      }
      case 'TYPE':
        return { ok: this.typeOf(first) };
      case 'GET':
        return this.typeOf(first) === 'none'
          ? null
          : this.typed(first, 'string', (value) => Buffer.from(value as string));
      case 'SSCAN':
        return this.typed(first, 'set', (value) => slice([...(value as ReadonlySet<string>)].map(asBuffer), args, 1));
      case 'HSCAN':
        return this.typed(first, 'hash', (value) =>
          slice([...(value as ReadonlyMap<string, string>)].flat().map(asBuffer), args, 2),
        );
      case 'WATCH':
        this.watched.add(first);
        return OK;
      case 'MULTI':
        this.queued = [];
        return OK;
      case 'EXEC':
        return this.exec();
      default:
        return { no: `ERR unknown command '${name}'` };
    }
  }

  private hello([version, ...args]: string[]): Answer {
    if (version !== '2' && version !== '3') return { no: 'NOPROTO unsupported protocol version' };
    const auth = args.indexOf('AUTH');
    if (auth >= 0) {
      const answer = this.login(args[auth + 2]);
      if (answer !== OK) return answer;
    }
    if (!this.authorized) return { no: 'NOAUTH HELLO must be called with the client already authenticated' };
    this.resp = version === '3' ? 3 : 2;
    return { pairs: [Buffer.from('server'), Buffer.from('redis'), Buffer.from('proto'), this.resp] };
  }

  private login(password: string | undefined): Answer {
    if (password !== this.redis.password) return { no: 'WRONGPASS invalid username-password pair' };
    this.authorized = true;
    return OK;
  }

  private exec(): Answer {
    const { queued = [], dirty } = this;
    this.queued = undefined;
    this.watched.clear();
    this.dirty = false;
    return dirty ? null : queued.map(([name = '', ...args]) => this.run(name, args));
  }

  private typeOf(key: string): string {
    this.tracked.add(key);
    const value = this.redis.get(key);
    if (value === undefined) return 'none';
    if (typeof value === 'string' || Buffer.isBuffer(value)) return 'string';
    if (value instanceof Set) return 'set';
    return value instanceof Map ? 'hash' : (value as { type: string }).type;
  }

  private typed(key: string, type: string, answer: (value: Value) => Answer): Answer {
    const is = this.typeOf(key);
    if (is !== type && is !== 'none')
      return { no: 'WRONGTYPE Operation against a key holding the wrong kind of value' };
    return answer(this.redis.get(key) ?? (type === 'hash' ? new Map() : new Set()));
  }

  private encode(answer: Answer): Buffer {
    if (answer === null) return Buffer.from(this.resp === 3 ? '_\r\n' : '*-1\r\n');
    if (typeof answer === 'number') return Buffer.from(`:${answer}\r\n`);
    if (Buffer.isBuffer(answer))
      return Buffer.concat([Buffer.from(`$${answer.length}\r\n`), answer, Buffer.from('\r\n')]);
    if ('ok' in answer) return Buffer.from(`+${answer.ok}\r\n`);
    if ('no' in answer) return Buffer.from(`-${answer.no}\r\n`);
    const items = 'pairs' in answer ? answer.pairs : answer;
    const head = 'pairs' in answer && this.resp === 3 ? `%${items.length / 2}\r\n` : `*${items.length}\r\n`;
    return Buffer.concat([Buffer.from(head), ...items.map((item) => this.encode(item))]);
  }
}

function asBuffer(item: string | Buffer): Buffer {
  return Buffer.from(item as string);
}

/** A slice of a scan. Its cursor is a place in the order of now, as a bucket is in a table that has become another. */
function slice(items: readonly Buffer[], [, cursor, , count]: readonly string[], each: 1 | 2): Answer {
  const from = Number(cursor);
  const end = from + Number(count) * each;
  return [Buffer.from(end >= items.length ? '0' : String(end)), items.slice(from, end)];
}
