/** The status server: HTTP on the addresses and sockets of the settings. It waits for no client, and keeps no process alive. */
import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import type { StoreLog } from '../../lists/store-log';
import type { ListenAddress } from '../../policy/settings/setting-kinds';
import { callerOf, refusalOf } from './access';
import { type Answer, problem } from './routes';

/** Milliseconds that a client has for its request, and for reading the answer. */
const timeout = 5000;
const retryAfter = 5000;
const mostConnections = 64;
/** Path, query and headers of a request. Bytes. */
const longestHead = 8192;

/** A browser asks its user for a name and a password; the password is the token. */
const challenges = ['Bearer', 'Basic realm="smtpcheck", charset="UTF-8"'];
/** The page has its scripts, styles and figures from here, and nothing else. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const dataPolicy = "default-src 'none'; frame-ancestors 'none'";

export type Respond = (url: string, accept: string, method?: string) => Promise<Answer>;

export const readingMethods: readonly string[] = ['GET', 'HEAD'];

/** Answers one request. `tokenPath`: of the file with the token, or empty. */
export async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  url: string,
  tokenPath: string,
  respond: Respond,
  methods = readingMethods,
): Promise<void> {
  const isDone = () => response.destroyed || request.destroyed;
  // Without a listener, of which each request on the connection would add one: the server ends a connection that times out.
  request.socket.setTimeout(timeout);
  const refusal = await refusalOf(callerOf(request), tokenPath);
  if (isDone()) return;
  if (refusal) {
    const challenge = refusal === 401 ? { 'WWW-Authenticate': challenges } : {};
    response.writeHead(refusal, { ...challenge, 'Content-Length': 0, Connection: 'close' }).end();
    return;
  }
  const { method = '', headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  let answer: Answer;
  if (!methods.includes(method)) answer = problem(405, `${method} is not answered here`, { methods });
  else if (hasBody) answer = problem(413, 'a request has no body here');
  else answer = await respond(url, headers.accept ?? '', method);
  if (isDone()) return;
  response.writeHead(answer.status, {
    'Content-Type': answer.type,
    'Content-Length': lengthOf(answer.body),
    'Content-Security-Policy': answer.type.startsWith('text/html') ? pagePolicy : dataPolicy,
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    ...(answer.location !== undefined && { Location: answer.location }),
    ...(answer.status === 405 && { Allow: methods.join(', ') }),
    // What is left of a body would be taken for the next request.
    ...((hasBody || answer.status >= 400) && { Connection: 'close' }),
  });
  if (method === 'HEAD') response.end();
  else if (typeof answer.body === 'string') response.end(answer.body);
  // As fast as the client reads.
  else Readable.from(answer.body.flatMap(slicesOf)).pipe(response);
}

function lengthOf(body: Answer['body']): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body.reduce((sum, { length }) => sum + length, 0);
}

/** Bytes that are written at once: between two slices mail is served. */
const slice = 1 << 18;

function slicesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / slice) }, (_, i) => bytes.subarray(i * slice, (i + 1) * slice));
}

/** One address or socket that is listened on, from its making to `close`; tried again and again where that fails. */
class Listener {
  private readonly server: Server;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  /** `failed`: called each time it cannot listen, with the reason. */
  constructor(
    readonly address: ListenAddress,
    private readonly failed: (reason: string) => void,
    listening: () => void,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ) {
    this.server = createServer(
      {
        connectionsCheckingInterval: 1000,
        headersTimeout: timeout,
        requestTimeout: timeout,
        keepAliveTimeout: timeout,
        maxHeaderSize: longestHead,
      },
      answer,
    );
    this.server.maxConnections = mostConnections;
    this.server.timeout = timeout;
    this.server.on('connection', (socket) => socket.unref());
    this.server.on('clientError', (_error, socket) => socket.destroy());
    this.server.on('listening', listening);
    this.server.on('error', (error: NodeJS.ErrnoException) => void this.recover(error));
    this.listen();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.server.close();
    this.server.closeAllConnections();
  }

  private listen(): void {
    const { address, server } = this;
    if (this.closed) return;
    if ('port' in address) {
      server.listen({ host: address.host, port: address.port, exclusive: true }).unref();
      return;
    }
    // The socket is bound within `listen`: at no moment may others connect.
    const before = process.umask(0o177);
    try {
      server.listen(address.path).unref();
    } finally {
      process.umask(before);
    }
  }

  private async recover(error: NodeJS.ErrnoException): Promise<void> {
    const { address } = this;
    try {
      // A server that was killed leaves its socket behind; one that answers there is another Haraka.
      if (error.code === 'EADDRINUSE' && 'path' in address && (await isAbandoned(address.path))) {
        unlinkSync(address.path);
        this.listen();
        return;
      }
      this.failed(error.message);
    } catch (failure) {
      this.failed((failure as Error).message);
    }
    if (!this.closed) this.retry = setTimeout(() => this.listen(), retryAfter).unref();
  }
}

function isAbandoned(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.unref();
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

export interface Wanted {
  readonly listen: readonly ListenAddress[];
  /** The path of the socket for the command; empty for none. */
  readonly socket: string;
  readonly tokenPath: string;
}

export class StatusServer {
  private readonly listeners = new Map<string, Listener>();
  private tokenPath = '';

  constructor(
    private readonly log: StoreLog,
    private readonly respond: Respond,
    /** To those who may open the socket of the command. */
    private readonly respondToCommand: Respond,
  ) {}

  /** Listens where the settings say, and nowhere else. An address that cannot be listened on is logged once, and the others are served. */
  use({ listen, socket, tokenPath }: Wanted): void {
    this.tokenPath = tokenPath;
    const wanted = new Map(listen.map((address) => [nameOf(address), address]));
    if (socket !== '') wanted.set(socket, { path: socket });
    for (const [name, listener] of this.listeners) {
      if (wanted.has(name)) continue;
      listener.close();
      this.listeners.delete(name);
    }
    for (const [name, address] of wanted) {
      if (!this.listeners.has(name)) this.listeners.set(name, this.open(name, address, name === socket));
    }
  }

  close(): void {
    for (const listener of this.listeners.values()) listener.close();
    this.listeners.clear();
  }

  private open(name: string, address: ListenAddress, isForCommand: boolean): Listener {
    let isLogged = false;
    const failed = (reason: string) => {
      if (isLogged) return;
      isLogged = true;
      if (!isForCommand) this.log.logerror(`the status server cannot listen on ${name}: ${reason}`);
      else {
        const remedy = 'set [status] socket to a path that Haraka can write, or to nothing';
        this.log.logwarn(
          `the smtpcheck command cannot ask this server, as ${name} cannot be made: ${reason}; ${remedy}`,
        );
      }
    };
    const listening = () => {
      isLogged = false;
      this.log.loginfo(`the status server listens on ${name}`);
    };
    return new Listener(address, failed, listening, (request, response) => {
      const respond = isForCommand ? this.respondToCommand : this.respond;
      const methods = isForCommand ? [...readingMethods, 'POST'] : readingMethods;
      handle(request, response, request.url ?? '', this.tokenPath, respond, methods).catch(() => response.destroy());
    });
  }
}

function nameOf(address: ListenAddress): string {
  if ('path' in address) return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
