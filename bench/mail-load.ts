/** A plain load client: sessions of one message each, some at a time, no pipelining. */
import net from 'node:net';

export interface Load {
  readonly port: number;
  /** Sessions at a time. */
  readonly parallel: number;
  readonly recipient: string;
  /** The address that session n comes from. */
  readonly clientOf: (n: number) => string;
  /** Octets of each message, about; a kilobyte where this is left out. */
  readonly octets?: number;
  /** Whether another session may start. */
  readonly goOn: (done: number) => boolean;
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
      if (await session(load, message, load.clientOf(started++))) messages++;
      else refused++;
    }
  };
  await Promise.all(Array.from({ length: load.parallel }, lane));
  return { messages, refused, seconds: (performance.now() - start) / 1000 };
}

/** Sends one message; `false` where the recipient was refused. Rejects on anything that no server should say. */
function session(load: Load, message: string, localAddress: string): Promise<boolean> {
  const lines = [
    'EHLO client.example\r\n',
    'MAIL FROM:<sender@sender.example>\r\n',
    `RCPT TO:<${load.recipient}>\r\n`,
    'DATA\r\n',
    message,
  ];
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port: load.port, host: '127.0.0.1', localAddress });
    let at = 0;
    let accepted = true;
    let unread = '';
    socket.setNoDelay();
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', () =>
      at > lines.length ? resolve(accepted) : reject(new Error(`closed after ${lines[at - 1]}`)),
    );
    socket.on('data', (text) => {
      unread += text;
      // The last line of a reply has a blank behind its code.
      if (!/(?:^|\n)[0-9]{3} [^\n]*\n$/.test(unread)) return;
      const refusedHere = /^[45]/.test(unread);
      unread = '';
      if (refusedHere && at !== 3) return void reject(new Error(`refused after ${lines[at - 1] ?? 'connecting'}`));
      if (refusedHere) {
        accepted = false;
        at = lines.length;
      }
      socket.write(lines[at] ?? 'QUIT\r\n');
      at++;
    });
  });
}

/** Addresses of the loopback network, each session another. */
export function anyLoopback(n: number): string {
  return `127.${1 + ((n >> 14) & 63)}.${(n >> 7) & 127}.${1 + (n & 127)}`;
}
