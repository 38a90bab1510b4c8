/**
 * One connection to a server that may be hostile: lines out, lines in, raw. Nothing it reads can grow without bound or
 * keep it waiting for ever, and whatever goes wrong comes out as a `DialogueFault` that says what it was.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Transcript } from '../transcript';
import { DialogueFault, type FaultKind } from './dialogue-fault';
import { connectOptionsFor, type TlsFacts, type TlsOptions } from './tls-options';

export interface Limits {
  /** Maximum length of one line, banner lines included. */
  readonly lineBytes: number;
  /** Maximum of bytes from the server on one connection. */
  readonly connectionBytes: number;
  readonly replyLines: number;
  /** Timeout of the connection attempt, of the handshake, and of each reply with all its lines. */
  readonly replyMs: number;
  /** Maximum duration of one connection, whatever the server sends meanwhile. */
  readonly connectionMs: number;
}

export const defaultLimits: Limits = {
  lineBytes: 8192,
  connectionBytes: 262_144,
  replyLines: 200,
  replyMs: 20_000,
  connectionMs: 180_000,
};

/** When something has to be complete, and the message of the fault if it is not. */
export interface Deadline {
  readonly at: number;
  readonly missed: string;
}

export interface Peer {
  readonly address: string;
  readonly port: number;
  /** The local address to connect from. */
  readonly from?: string | undefined;
}

export class Dialogue {
  readonly name: string;
  readonly limits: Limits;
  tlsFacts: TlsFacts | undefined;
  #socket: net.Socket;
  #buffer = Buffer.alloc(0);
  #received = 0;
  #fault: DialogueFault | undefined;
  #shaking = false;
  readonly #waiters = new Set<() => void>();
  readonly #transcript: Transcript;
  readonly #connectionEnd: number;
  readonly #onData = (chunk: Buffer): void => this.#receive(chunk);

  private constructor(name: string, socket: net.Socket, limits: Limits, transcript: Transcript) {
    this.name = name;
    this.limits = limits;
    this.#transcript = transcript;
    this.#connectionEnd = Date.now() + limits.connectionMs;
    this.#socket = socket;
    this.#listen(socket);
  }

  static async connect(
    name: string,
    peer: Peer,
    limits: Limits,
    transcript: Transcript,
    implicit?: TlsOptions,
  ): Promise<Dialogue> {
    const socket = net.connect({
      host: peer.address,
      port: peer.port,
      ...(peer.from === undefined ? {} : { localAddress: peer.from }),
    });
    transcript.add(name, '*', `connecting to ${peer.address} port ${peer.port}`);
    const dialogue = new Dialogue(name, socket, limits, transcript);
    try {
      await withTimeout(limits.replyMs, 'unreachable', 'no connection', (done) => {
        socket.once('connect', () => done());
        socket.once('error', (error) => done(new DialogueFault('unreachable', error.message)));
      });
      if (implicit !== undefined) await dialogue.startTls(implicit);
    } catch (error) {
      dialogue.close();
      throw error;
    }
    return dialogue;
  }

  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get isOpen(): boolean {
    return this.#fault === undefined && !this.#socket.destroyed;
  }

  /** Sends the bytes as they are; `text` holds one byte a character, or UTF-8 where `encoding` says so. */
  write(text: string, encoding: 'latin1' | 'utf8' = 'latin1'): void {
    this.#note('>', text.replace(/\r\n$/, ''));
    if (this.#fault !== undefined) throw this.#fault;
    this.#socket.write(text, encoding);
  }

  /** One for all lines of a reply: a server that sends a line now and then gains no time by it. */
  replyDeadline(ms = this.limits.replyMs): Deadline {
    const at = Date.now() + ms;
    if (at <= this.#connectionEnd) return { at, missed: `no complete reply within ${ms} ms` };
    return { at: this.#connectionEnd, missed: `a connection of more than ${this.limits.connectionMs} ms` };
  }

  /**
   * One line without its ending, one byte a character. A missed deadline ends the connection: what arrives later would be
   * taken for the reply to the next command.
   */
  async readLine({ at, missed }: Deadline = this.replyDeadline()): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf(0x0a);
      if (end >= 0 && end <= this.limits.lineBytes) {
        const line = this.#buffer.subarray(0, end).toString('latin1').replace(/\r$/, '');
        this.#buffer = this.#buffer.subarray(end + 1);
        this.#note('<', line);
        return line;
      }
      if (end > this.limits.lineBytes || this.#buffer.length > this.limits.lineBytes) {
        throw this.#fail(new DialogueFault('line-too-long', `a line of more than ${this.limits.lineBytes} bytes`));
      }
      if (this.#fault !== undefined) throw this.#fault;
      const left = at - Date.now();
      if (left <= 0) throw this.#fail(new DialogueFault('timeout', missed));
      await this.#waitForInput(left);
    }
  }

  /** A line that the server sends unsolicited within `ms`, or `undefined`; also where the connection ends meanwhile. */
  async readUnsolicited(ms: number): Promise<string | undefined> {
    try {
      return await this.readLine(this.replyDeadline(ms));
    } catch (error) {
      if (error instanceof DialogueFault && (error.kind === 'timeout' || error.kind === 'closed')) return undefined;
      throw error;
    }
  }

  async startTls(options: TlsOptions): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    const raw = this.#socket;
    raw.off('data', this.#onData);
    if (this.#buffer.length > 0) {
      this.#note('*', `${this.#buffer.length} bytes in clear text before the handshake, dropped`);
      this.#buffer = Buffer.alloc(0);
    }
    const connectOptions = connectOptionsFor(raw, options);
    let secure: tls.TLSSocket;
    try {
      secure = tls.connect(connectOptions);
    } catch (error) {
      throw this.#fail(new DialogueFault('tls', error instanceof Error ? error.message : String(error)));
    }
    this.#shaking = true;
    this.#listen(secure);
    try {
      await withTimeout(this.limits.replyMs, 'timeout', 'no handshake', (done) => {
        secure.once('secureConnect', () => done());
        secure.once('error', (error) => done(new DialogueFault('tls', `handshake failed: ${error.message}`)));
        secure.once('close', () => done(new DialogueFault('tls', 'closed during the handshake')));
      });
    } catch (error) {
      throw this.#fail(error as DialogueFault);
    } finally {
      this.#shaking = false;
    }
    this.#socket = secure;
    this.tlsFacts = {
      version: secure.getProtocol() ?? 'unknown',
      cipher: secure.getCipher().name,
      certificate: secure.getPeerCertificate(true),
      distrust: secure.authorized ? undefined : String(secure.authorizationError),
    };
    this.#note('*', `${this.tlsFacts.version} ${this.tlsFacts.cipher}`);
  }

  /** Politely, but without waiting long: the server may be gone. */
  async quit(): Promise<void> {
    try {
      if (this.isOpen) {
        this.write('QUIT\r\n');
        await this.readLine(this.replyDeadline(Math.min(1000, this.limits.replyMs)));
      }
    } catch (error) {
      if (!(error instanceof DialogueFault)) throw error;
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.#fault === undefined) this.#fault = new DialogueFault('closed', 'we closed the connection');
    this.#socket.destroy();
    this.#wake();
  }

  #listen(socket: net.Socket): void {
    socket.on('data', this.#onData);
    socket.on('error', (error) => this.#fail(new DialogueFault('closed', error.message)));
    socket.on('end', () => this.#fail(new DialogueFault('closed', 'the server closed the connection')));
    socket.on('close', () => this.#fail(new DialogueFault('closed', 'the server closed the connection')));
  }

  #receive(chunk: Buffer): void {
    if (this.#fault !== undefined) return;
    this.#received += chunk.length;
    if (this.#received > this.limits.connectionBytes) {
      this.#fail(new DialogueFault('too-much', `more than ${this.limits.connectionBytes} bytes on one connection`));
      return;
    }
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    this.#wake();
  }

  /** The first fault counts; later ones are its consequences. Lines received before the fault can still be read. */
  #fail(fault: DialogueFault): DialogueFault {
    if (this.#fault === undefined) {
      // To hang up during a handshake is how a server refuses it.
      const kind = this.#shaking && fault.kind === 'closed' ? 'tls' : fault.kind;
      this.#fault = kind === fault.kind ? fault : new DialogueFault(kind, `handshake failed: ${fault.message}`);
      this.#note('*', this.#fault.message);
      this.#socket.destroy();
    }
    this.#wake();
    return this.#fault;
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #waitForInput(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiters.add(done);
    });
  }

  #note(mark: '>' | '<' | '*', text: string): void {
    this.#transcript.add(this.name, mark, text.length > 2048 ? `${text.slice(0, 2048)}… (${text.length} bytes)` : text);
  }
}

function withTimeout(
  ms: number,
  kind: FaultKind,
  what: string,
  start: (done: (fault?: DialogueFault) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DialogueFault(kind, `${what} within ${ms} ms`)), ms);
    start((fault) => {
      clearTimeout(timer);
      if (fault === undefined) resolve();
      else reject(fault);
    });
  });
}
