/**
 * A raw SMTP client: it sends the bytes it is given, broken lines, NULs and bare CR or LF included, and reads replies.
 * A connection that the server closes is a reply whose code is `closed`; only silence is an exception.
 */
import net from 'node:net';

export interface Reply {
  readonly code: number | 'closed';
  /** As `5.7.1`, where the reply carries one. */
  readonly enhanced?: string;
  /** Without the code. */
  readonly lines: readonly string[];
  /** Without the codes, one line. */
  readonly text: string;
}

export interface ConnectOptions {
  readonly port: number;
  readonly host?: string;
  readonly localAddress?: string;
  /** Milliseconds to wait for a reply. */
  readonly timeout?: number;
}

export interface SessionOptions extends ConnectOptions {
  /** EHLO's argument; empty sends none. */
  readonly helo?: string;
  readonly verb?: 'EHLO' | 'HELO';
  /** Addresses are written without angle brackets. */
  readonly mail: string;
  readonly rcpts: readonly string[];
  /** The message; sent when a recipient was accepted. */
  readonly data?: string;
}

export interface SessionReplies {
  readonly greeting: Reply;
  readonly helo: Reply | undefined;
  readonly mail: Reply;
  readonly rcpts: readonly Reply[];
  /** To DATA. */
  readonly go: Reply | undefined;
  /** To the message. */
  readonly done: Reply | undefined;
}

const CLOSED: Reply = { code: 'closed', lines: [], text: 'connection closed' };
const DEFAULT_TIMEOUT = 10_000;

export const isAccepted = ({ code }: Reply): boolean => code !== 'closed' && code >= 200 && code < 300;
export const isGo = ({ code }: Reply): boolean => code === 354;
/** Refused for now, for good, or by hanging up. */
export const isRefused = ({ code }: Reply): boolean => code === 'closed' || code >= 400;
export const isRefusedForGood = ({ code }: Reply): boolean => code === 'closed' || code >= 500;

/** Resolves with the greeting read. */
export async function connect(options: ConnectOptions): Promise<SmtpClient> {
  const socket = net.connect({
    port: options.port,
    host: options.host ?? '127.0.0.1',
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const client = new SmtpClient(socket, options.timeout ?? DEFAULT_TIMEOUT);
  await client.greet();
  return client;
}

/** One connection with one transaction, from greeting to QUIT. */
export async function session(options: SessionOptions): Promise<SessionReplies> {
  const client = await connect(options);
  try {
    const helo = options.helo ? await client.command(`${options.verb ?? 'EHLO'} ${options.helo}`) : undefined;
    const mail = await client.command(`MAIL FROM:<${options.mail}>`);
    const rcpts: Reply[] = [];
    for (const recipient of options.rcpts) rcpts.push(await client.command(`RCPT TO:<${recipient}>`));
    const send = options.data !== undefined && rcpts.some(isAccepted);
    const go = send ? await client.command('DATA') : undefined;
    const done = go && isGo(go) ? await client.message(options.data ?? '') : undefined;
    await client.command('QUIT');
    return { greeting: client.greeting, helo, mail, rcpts, go, done };
  } finally {
    client.destroy();
  }
}

export class SmtpClient {
  greeting: Reply = CLOSED;
  /** What both sides said, for the message of a failed test. */
  transcript = '';
  readonly #socket: net.Socket;
  readonly #timeout: number;
  readonly #replies: Reply[] = [];
  #unread = '';
  #lines: string[] = [];
  #closed = false;
  #waiting: (() => void) | undefined;

  constructor(socket: net.Socket, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
    socket.setNoDelay();
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.#take(String(text)));
    socket.on('close', () => this.#close());
    socket.on('end', () => this.#close());
    // A reset by the server says the same as its closing.
    socket.on('error', () => this.#close());
  }

  get closed(): boolean {
    return this.#closed;
  }

  async greet(): Promise<void> {
    this.greeting = await this.reply();
  }

  /** Sends bytes as they are; a string is sent as UTF-8. Reads nothing. */
  write(raw: string | Buffer): void {
    this.transcript += `C: ${JSON.stringify(raw.toString())}\n`;
    if (!this.#closed) this.#socket.write(raw);
  }

  /** Sends one line, CRLF added, and reads one reply. */
  async command(line: string | Buffer): Promise<Reply> {
    this.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
    return this.reply();
  }

  /** After 354: sends a message, dots doubled, with its final dot, and reads the reply. */
  async message(text: string): Promise<Reply> {
    const body = text
      .replace(/\r?\n/g, '\r\n')
      .replace(/^\./gm, '..')
      .replace(/(?<!\r\n)$/, '\r\n');
    this.write(`${body}.\r\n`);
    return this.reply();
  }

  async reply(timeout = this.#timeout): Promise<Reply> {
    if (!this.#replies.length && !this.#closed) await this.#news(timeout);
    return this.#replies.shift() ?? CLOSED;
  }

  async replies(count: number): Promise<readonly Reply[]> {
    const replies: Reply[] = [];
    while (replies.length < count) replies.push(await this.reply());
    return replies;
  }

  /** True when the server closes the connection in time. Replies before that are dropped. */
  async waitForClose(timeout = this.#timeout): Promise<boolean> {
    const end = Date.now() + timeout;
    while (!this.#closed && Date.now() < end) await this.#news(end - Date.now()).catch(() => undefined);
    return this.#closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const lines = (this.#unread + text).split('\r\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) {
      this.transcript += `S: ${line}\n`;
      this.#lines.push(line);
      if (line[3] !== '-') {
        this.#replies.push(parseReply(this.#lines));
        this.#lines = [];
      }
    }
    if (this.#replies.length) this.#waiting?.();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.transcript += 'S: (closed)\n';
    this.#socket.end();
    this.#waiting?.();
  }

  #news(timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined;
        reject(new Error(`no reply in ${timeout} ms:\n${this.transcript}`));
      }, timeout);
      this.#waiting = () => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve();
      };
    });
  }
}

function parseReply(raw: readonly string[]): Reply {
  const lines = raw.map((line) => line.slice(4));
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/.exec(lines[0] ?? '')?.[0];
  return {
    code: Number(raw[0]?.slice(0, 3)),
    ...(enhanced === undefined ? {} : { enhanced }),
    lines,
    text: lines.join(' '),
  };
}
