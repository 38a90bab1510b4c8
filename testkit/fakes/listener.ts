/**
 * Servers on real sockets on loopback, each with a script of what it says: `smtp.ts` and `pop3.ts` have two careful ones,
 * `primary.ts` one that knows its mailboxes.
 */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

export interface FakeServer {
  readonly port: number;
  /** Every line that clients sent, in order. */
  readonly heard: readonly string[];
  /** The most connections that were open at a time. */
  readonly most: () => number;
  stop(): Promise<void>;
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Compiled tests lie deeper than their source; the fixtures are only there. */
function fixture(name: string): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'test', 'cli', 'audit', 'fixtures', name);
    if (fs.existsSync(file)) return file;
    if (folder === path.dirname(folder)) throw new Error(`no fixture ${name} above ${__dirname}`);
  }
}

export const certificateFile = fixture('test-server.cert.pem');
export const keyFile = fixture('test-server.key.pem');

export function keyPair(name: 'test-server' | 'test-expired' | 'test-hostile'): KeyPair {
  const read = (end: string): string => fs.readFileSync(fixture(`${name}.${end}.pem`), 'utf8');
  return { cert: read('cert'), key: read('key') };
}

/** One connection as a script sees it: what to say, and what to do with what is heard. */
export interface Line {
  write(text: string | Buffer): void;
  close(): void;
  /** Calls `then` once the connection has ended, whoever ended it. */
  closed(then: () => void): void;
  /** Goes on inside TLS; what came before the handshake is dropped unless `keep`. */
  secure(keep?: boolean): void;
  /** The same if a handshake comes next; otherwise it goes on in clear text. */
  secureIfAsked(): void;
  readonly isSecure: boolean;
}

export interface Script {
  open(line: Line): void;
  /** One line, without its ending; resolved before the next is handed over. */
  heard(text: string, line: Line, ending: '\r\n' | '\n'): Promise<void> | void;
}

export interface ListenOptions {
  readonly host?: string;
  readonly port?: number;
  readonly keys?: KeyPair;
  readonly implicit?: boolean;
  readonly secureOptions?: tls.TLSSocketOptions;
}

export async function listen(script: () => Script, options: ListenOptions = {}): Promise<FakeServer> {
  const heard: string[] = [];
  const sockets = new Set<net.Socket>();
  let most = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, script(), options, heard);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    heard,
    most: () => most,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function converse(raw: net.Socket, script: Script, options: ListenOptions, heard: string[]): void {
  let socket: net.Socket = raw;
  let buffer = '';
  let busy = false;
  const line: Line & { isSecure: boolean } = {
    isSecure: false,
    write: (text) => {
      if (socket.writable) socket.write(text);
    },
    close: () => socket.end(),
    closed: (then) => raw.once('close', then),
    secure: (keep = false) => {
      if (!keep) buffer = '';
      raw.removeAllListeners('data');
      const secured = new tls.TLSSocket(raw, { ...options.secureOptions, isServer: true, ...options.keys });
      socket = secured;
      line.isSecure = true;
      attach(secured);
    },
    secureIfAsked: () => {
      raw.removeAllListeners('data');
      raw.resume();
      raw.once('data', (chunk: Buffer) => {
        raw.pause();
        raw.unshift(chunk);
        // A TLS record of a handshake.
        if (chunk[0] === 0x16) line.secure();
        else {
          attach(raw);
          raw.resume();
        }
      });
    },
  };
  const drain = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let end = buffer.indexOf('\n'); end >= 0; end = buffer.indexOf('\n')) {
      const ending = buffer[end - 1] === '\r' ? '\r\n' : '\n';
      const text = buffer.slice(0, end + 1 - ending.length);
      buffer = buffer.slice(end + 1);
      heard.push(text);
      await script.heard(text, line, ending);
    }
    busy = false;
  };
  const attach = (one: net.Socket): void => {
    one.on('error', () => raw.destroy());
    one.on('data', (chunk: Buffer) => {
      buffer += chunk.toString('latin1');
      void drain();
    });
  };
  if (options.implicit === true) line.secure();
  else attach(raw);
  script.open(line);
}

/** The mailboxes of the careful servers. */
export const users = new Set(['root', 'postmaster', 'admin']);
