/**
 * Servers to be judged, on real sockets on loopback: a careful SMTP server and a careful POP3 server, each with
 * weaknesses that can be switched on one by one, and one that says whatever a test wants it to.
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
  await new Promise<void>((resolve) => server.listen(0, options.host ?? '127.0.0.1', resolve));
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

export type SmtpWeakness =
  | 'relays'
  | 'relays-for-local-senders'
  | 'follows-percent'
  | 'follows-source-routes'
  | 'relays-to-literals'
  | 'compares-endings'
  | 'reads-past-nul'
  | 'obeys-xclient'
  | 'trusts-transaction'
  | 'trusts-connection'
  | 'refuses-postmaster'
  | 'refuses-backup'
  | 'vrfy-tells'
  | 'vrfy-tells-before-helo'
  | 'vrfy-is-slow-for-users'
  | 'expn-tells'
  | 'rcpt-tells'
  | 'rcpt-is-slow-for-users'
  | 'obeys-debug'
  | 'obeys-etrn'
  | 'no-helo-needed'
  | 'takes-junk'
  | 'echoes-junk'
  | 'offers-auth-in-clear'
  | 'takes-auth-in-clear'
  | 'offers-cram-in-clear'
  | 'offers-anonymous'
  | 'no-starttls'
  | 'keeps-injected'
  | 'goes-on-in-clear'
  | 'keeps-transaction'
  | 'old-tls'
  | 'tells-version'
  | 'ends-at-lf'
  | 'greylists'
  | 'greylists-all-but-postmaster'
  | 'defers-relaying'
  | 'denies-relaying-for-now'
  | 'defers-everyone'
  | 'asks-for-login';

export interface SoundSmtp {
  readonly weak?: readonly SmtpWeakness[];
  readonly local?: string;
  readonly backup?: string;
  readonly name?: string;
}

const users = new Set(['root', 'postmaster', 'admin']);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that does everything right, but for the weaknesses it is given. */
export function smtpScript({ weak = [], local = 'local.example.org', backup = 'backup.example.org', name }: SoundSmtp) {
  const has = (weakness: SmtpWeakness): boolean => weak.includes(weakness);
  const self = name ?? 'mx.local.example.org';

  return (): Script => {
    let greeted = false;
    let sender: string | undefined;
    let data: string[] | undefined;
    let awaitsAuth = false;
    let lastEnding = '';
    let trusted = false;
    let trustedNow = false;
    let heardAnyAccepted = false;

    const judge = (mailbox: string): string => {
      const denied = has('defers-relaying')
        ? `454 4.7.1 <${mailbox}>: Relay access denied`
        : has('denies-relaying-for-now')
          ? '450 4.7.1 Relaying temporarily denied'
          : '550 5.7.1 Relaying denied';
      if (has('defers-everyone')) return `454 4.7.1 <${mailbox}>: Relay access denied`;
      if (has('greylists-all-but-postmaster') && !/^postmaster\b/i.test(mailbox)) {
        return '454 4.7.1 Greylisted for 300 seconds';
      }
      if (has('greylists')) return '451 4.7.1 Greylisted, come back later';
      if (mailbox.toLowerCase() === 'postmaster') return '250 2.1.5 OK';
      let address = mailbox;
      if (has('follows-source-routes')) {
        if (/^@[^:]+:[^"%!]+$/.test(address)) return '250 2.1.5 OK, routed';
      }
      address = address.replace(/^@[^:]*:/, '');
      if (has('relays') || trusted || trustedNow) return '250 2.1.5 OK';
      if (has('relays-for-local-senders') && sender?.toLowerCase().endsWith(`@${local}`)) return '250 2.1.5 OK';
      if (has('reads-past-nul') && address.includes('\0')) return '250 2.1.5 OK';
      const at = address.lastIndexOf('@');
      const domain = address.slice(at + 1).toLowerCase();
      const user = at < 0 ? address : address.slice(0, at);
      if (/[%!@"\\]/.test(user)) {
        return has('follows-percent') && user.includes('%') && domain === local ? '250 2.1.5 OK, routed' : denied;
      }
      if (has('relays-to-literals') && domain.startsWith('[')) return '250 2.1.5 OK';
      if (has('compares-endings') && domain.endsWith(local) && !domain.includes('(')) return '250 2.1.5 OK';
      if (domain === backup) return has('refuses-backup') ? denied : '250 2.1.5 OK';
      if (at < 0 || domain !== local) return denied;
      if (user === 'postmaster' && has('refuses-postmaster')) return '550 5.1.1 User unknown';
      if ((has('rcpt-tells') || has('follows-percent')) && !users.has(user)) return '550 5.1.1 User unknown';
      return '250 2.1.5 OK';
    };

    const answer = async (text: string, line: Line): Promise<string | undefined> => {
      const [verb = '', ...words] = text.split(' ');
      const rest = words.join(' ');
      switch (verb.toUpperCase()) {
        case 'EHLO':
        case 'HELO': {
          const junk = !/^(?:[A-Za-z0-9.-]{1,255}|\[[0-9a-fA-F.:IPv]+\])$/.test(rest);
          if (junk && !has('takes-junk') && !has('echoes-junk')) return '501 5.0.0 Invalid domain name';
          greeted = true;
          sender = undefined;
          trustedNow = false;
          if (junk && has('echoes-junk')) return `250 Hello ${rest}`;
          if (verb.toUpperCase() === 'HELO') return `250 ${self}`;
          const offers = [self, 'PIPELINING', 'SIZE 10240000', '8BITMIME', 'DSN'];
          if (!line.isSecure && !has('no-starttls')) offers.push('STARTTLS');
          if (!line.isSecure && has('offers-auth-in-clear')) offers.push('AUTH PLAIN LOGIN');
          if (!line.isSecure && has('offers-cram-in-clear')) offers.push('AUTH CRAM-MD5');
          if (line.isSecure) offers.push(has('offers-anonymous') ? 'AUTH PLAIN ANONYMOUS' : 'AUTH PLAIN LOGIN');
          return offers.map((offer, at) => `250${at === offers.length - 1 ? ' ' : '-'}${offer}`).join('\r\n');
        }
        case 'STARTTLS':
          if (has('no-starttls') || line.isSecure) return '502 5.5.1 Not here';
          line.write('220 2.0.0 Ready\r\n');
          if (!has('keeps-transaction')) {
            greeted = false;
            sender = undefined;
          }
          if (has('goes-on-in-clear')) {
            line.secureIfAsked();
            return undefined;
          }
          line.secure(has('keeps-injected'));
          return undefined;
        case 'MAIL':
          if (has('asks-for-login')) return '530 5.7.0 Authentication required';
          if (!greeted && !has('no-helo-needed')) return '503 5.0.0 Polite people say HELO first';
          sender = /<([^>]*)>/.exec(rest)?.[1] ?? '';
          return '250 2.1.0 OK';
        case 'RCPT': {
          if (sender === undefined) return '503 5.5.1 MAIL first';
          const mailbox = /^TO:\s*<(.*?)>(?: |$)/i.exec(rest)?.[1] ?? /^TO:\s*(\S+)$/i.exec(rest)?.[1];
          if (mailbox === undefined || />\s*</.test(rest)) return '501 5.1.3 Bad recipient';
          const reply = judge(mailbox);
          if (has('rcpt-is-slow-for-users') && users.has(mailbox.split('@')[0] ?? '')) await wait(120);
          if (reply.startsWith('250')) {
            heardAnyAccepted = true;
            if (has('trusts-transaction')) trustedNow = true;
            if (has('trusts-connection')) trusted = true;
          }
          return reply;
        }
        case 'RSET':
          sender = undefined;
          trustedNow = false;
          return '250 2.0.0 OK';
        case 'DATA':
          if (!heardAnyAccepted) return '503 5.5.1 RCPT first';
          data = [];
          return '354 Go on';
        case 'VRFY':
        case 'EXPN': {
          const tells =
            has(verb.toUpperCase() === 'VRFY' ? 'vrfy-tells' : 'expn-tells') ||
            (verb.toUpperCase() === 'VRFY' && has('vrfy-tells-before-helo') && !greeted);
          const user = rest.split('@')[0] ?? '';
          if (has('vrfy-is-slow-for-users') && users.has(user)) await wait(120);
          if (tells) return users.has(user) ? `250 2.1.5 <${user}@${local}>` : `550 5.1.1 ${rest}... User unknown`;
          if (verb.toUpperCase() === 'EXPN') return '502 5.7.0 Sorry, we do not allow this operation';
          return '252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery';
        }
        case 'AUTH': {
          const usable = line.isSecure || has('offers-auth-in-clear') || has('takes-auth-in-clear');
          if (!usable) return '538 5.7.11 Encryption required';
          awaitsAuth = true;
          return '334 ';
        }
        case 'XCLIENT':
          return has('obeys-xclient') ? '220 mx ESMTP' : '500 5.5.1 Unknown command';
        case 'DEBUG':
          return has('obeys-debug') ? '200 Debug set' : '500 5.5.1 Unknown command';
        case 'ETRN':
          return has('obeys-etrn') ? '250 2.0.0 Queuing started' : '502 5.7.0 Sorry, we do not allow this operation';
        case 'NOOP':
          return '250 2.0.0 OK';
        case 'HELP':
          return has('tells-version') ? '214-This is Postfix version 3.7.11\r\n214 End' : '214 See RFC 5321';
        case 'QUIT':
          line.write('221 2.0.0 Bye\r\n');
          line.close();
          return undefined;
        default:
          return '500 5.5.1 Unknown command';
      }
    };

    return {
      open: (line) => line.write(`220 ${self} ESMTP${has('tells-version') ? ' Postfix 3.7.11' : ''}\r\n`),
      heard: async (text, line, ending) => {
        const before = lastEnding;
        lastEnding = ending;
        if (awaitsAuth) {
          awaitsAuth = false;
          line.write('501 5.7.0 Cancelled\r\n');
          return;
        }
        if (data !== undefined) {
          data.push(text);
          const proper = before === '\r\n' && ending === '\r\n';
          if (text === '.' && (proper || has('ends-at-lf'))) {
            data = undefined;
            line.write('250 2.0.0 Queued\r\n');
          }
          return;
        }
        const reply = await answer(text, line);
        if (reply !== undefined) line.write(`${reply}\r\n`);
      },
    };
  };
}

export type PopWeakness =
  | 'takes-user-in-clear'
  | 'offers-sasl-in-clear'
  | 'begins-sasl-in-clear'
  | 'offers-cram-in-clear'
  | 'offers-anonymous'
  | 'obeys-rpop'
  | 'knows-rpop'
  | 'apop'
  | 'apop-repeats'
  | 'apop-malformed'
  | 'apop-counts'
  | 'tells-users'
  | 'never-tires'
  | 'no-stls'
  | 'keeps-injected'
  | 'old-tls'
  | 'tells-version';

let popConnections = 0;

/** A POP3 server that does everything right, but for the weaknesses it is given. */
export function popScript({ weak = [] }: { readonly weak?: readonly PopWeakness[] }) {
  const has = (weakness: PopWeakness): boolean => weak.includes(weakness);
  const stamp = (): string => {
    popConnections += 1;
    if (has('apop')) return ` <${Math.random().toString(36).slice(2)}.${process.hrtime.bigint()}@pop.example.org>`;
    if (has('apop-repeats')) return ' <1896.697170952@pop.example.org>';
    if (has('apop-malformed')) return ` <${Math.random()}>`;
    if (has('apop-counts')) return ` <${popConnections}@pop.example.org>`;
    return '';
  };

  return (): Script => {
    let user: string | undefined;
    let failures = 0;
    let awaitsAuth = false;

    const answer = (text: string, line: Line): string | undefined => {
      const [verb = '', argument = ''] = text.split(' ');
      const open = line.isSecure || has('takes-user-in-clear');
      switch (verb.toUpperCase()) {
        case 'CAPA': {
          const lines = ['+OK', 'TOP', 'UIDL'];
          if (!line.isSecure && !has('no-stls')) lines.push('STLS');
          if (open) lines.push('USER');
          if (line.isSecure) lines.push(has('offers-anonymous') ? 'SASL PLAIN ANONYMOUS' : 'SASL PLAIN');
          else if (has('offers-sasl-in-clear')) lines.push('SASL PLAIN LOGIN');
          else if (has('offers-cram-in-clear')) lines.push('SASL CRAM-MD5');
          if (has('tells-version')) lines.push('IMPLEMENTATION qpopper-4.0.5');
          return [...lines, '.'].join('\r\n');
        }
        case 'STLS':
          if (has('no-stls') || line.isSecure) return '-ERR Unknown command';
          line.write('+OK Begin TLS\r\n');
          line.secure(has('keeps-injected'));
          return undefined;
        case 'USER':
          if (!open) return '-ERR [AUTH] Plaintext authentication disallowed without TLS';
          user = argument;
          return '+OK';
        case 'PASS':
          if (user === undefined) return '-ERR USER first';
          failures += 1;
          if (has('tells-users') && users.has(user)) return '-ERR [AUTH] Wrong password';
          if (!has('never-tires') && failures >= 2) {
            line.write('-ERR [AUTH] Authentication failed\r\n');
            line.close();
            return undefined;
          }
          return '-ERR [AUTH] Authentication failed';
        case 'RPOP':
          if (has('obeys-rpop')) return '+OK logged in';
          return has('knows-rpop') ? '-ERR permission denied for RPOP from your port' : '-ERR Unknown command';
        case 'AUTH':
          if (!line.isSecure && !has('begins-sasl-in-clear')) return '-ERR Not without TLS';
          awaitsAuth = true;
          return '+ ';
        case 'QUIT':
          line.write('+OK Bye\r\n');
          line.close();
          return undefined;
        default:
          return '-ERR Unknown command';
      }
    };

    return {
      open: (line) => line.write(`+OK ready${has('tells-version') ? ' QPOP (version 4.0.5)' : ''}${stamp()}\r\n`),
      heard: (text, line) => {
        if (awaitsAuth) {
          awaitsAuth = false;
          line.write('-ERR Cancelled\r\n');
          return;
        }
        const reply = answer(text, line);
        if (reply !== undefined) line.write(`${reply}\r\n`);
      },
    };
  };
}
