/** A load client: sessions of one message each, some at a time, no pipelining. */
import net from 'node:net';
import tls from 'node:tls';

export interface Load {
  readonly port: number;
  /** Sessions at a time. */
  readonly parallel: number;
  readonly recipient: string;
  /** The address that session n comes from. */
  readonly clientOf: (n: number) => string;
  /** Octets of each message, about; a kilobyte where this is left out. */
  readonly octets?: number;
  /** STARTTLS first, with a whole handshake. */
  readonly tls?: boolean | undefined;
  /** What the clients say at EHLO; left out, each says its own address, as RFC 5321 §4.1.4 has it for a host without a name. */
  readonly claim?: string | undefined;
  /** Whether another session may start, behind so many. */
  readonly goOn: (started: number) => boolean;
  /** Called for each message that was taken. */
  readonly taken?: () => void;
}

export interface LoadResult {
  readonly messages: number;
  /** Sessions whose recipient was not accepted. */
  readonly refused: number;
  readonly seconds: number;
}

const line = 'A line of text as it stands in mail.\r\n';

function messageOf(octets: number): string {
  return `From: <sender@sender.example>\r\nSubject: load\r\n\r\n${line.repeat(octets / line.length)}.\r\n`;
}

export async function sendMail(load: Load): Promise<LoadResult> {
  let started = 0;
  let messages = 0;
  let refused = 0;
  const message = messageOf(load.octets ?? 1000);
  const start = performance.now();
  const lane = async () => {
    while (load.goOn(started)) {
      if (await session(load, message, load.clientOf(started++))) {
        messages++;
        load.taken?.();
      } else refused++;
    }
  };
  await Promise.all(Array.from({ length: load.parallel }, lane));
  return { messages, refused, seconds: (performance.now() - start) / 1000 };
}

const startTls = 'STARTTLS\r\n';

/** Sends one message; `false` where the recipient was refused. Rejects on anything that no server should say. */
function session(load: Load, message: string, localAddress: string): Promise<boolean> {
  const hello = `EHLO ${load.claim ?? `[${localAddress}]`}\r\n`;
  const recipient = `RCPT TO:<${load.recipient}>\r\n`;
  const lines = [
    ...(load.tls ? [hello, startTls, hello] : [hello]),
    'MAIL FROM:<sender@sender.example>\r\n',
    recipient,
    'DATA\r\n',
    message,
  ];
  return new Promise((resolve, reject) => {
    let at = 0;
    let accepted = true;
    let unread = '';
    const ended = () => (at > lines.length ? resolve(accepted) : reject(new Error(`closed after ${lines[at - 1]}`)));
    const say = (socket: net.Socket) => {
      socket.write(lines[at] ?? 'QUIT\r\n');
      at++;
    };
    const hear = (socket: net.Socket, text: Buffer) => {
      unread += text.toString('latin1');
      // The last line of a reply has a blank behind its code.
      if (!/(?:^|\n)[0-9]{3} [^\n]*\n$/.test(unread)) return;
      const said = lines[at - 1] ?? 'connecting';
      const refused = /^[45]/.test(unread);
      unread = '';
      if (refused && said !== recipient) return void reject(new Error(`refused after ${said}`));
      if (refused) {
        accepted = false;
        at = lines.length;
      }
      if (said === startTls) goOnInside(socket);
      else say(socket);
    };
    const listen = (socket: net.Socket) =>
      socket
        .on('error', reject)
        .on('close', ended)
        .on('data', (text) => hear(socket, text));
    const goOnInside = (socket: net.Socket) => {
      socket.removeAllListeners('close').removeAllListeners('data');
      const secure = tls.connect({ socket, rejectUnauthorized: false }, () => say(secure));
      listen(secure);
    };
    listen(net.connect({ port: load.port, host: '127.0.0.1', localAddress }).setNoDelay());
  });
}

/** Addresses of the loopback network, each session another. */
export function anyLoopback(n: number): string {
  return `127.${1 + ((n >> 14) & 63)}.${(n >> 7) & 127}.${1 + (n & 127)}`;
}
