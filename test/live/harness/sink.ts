/** A small SMTP server on loopback that takes everything and tells what it was given. */
import net from 'node:net';

export interface Sink {
  readonly port: number;
  /** Recipients of the messages taken so far, in order. */
  readonly taken: readonly string[];
  /** How often somebody connected. */
  readonly connections: number;
  stop(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const taken: string[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    serve(socket, taken);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as net.AddressInfo).port,
    taken,
    get connections() {
      return connections;
    },
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function serve(socket: net.Socket, taken: string[]): void {
  let recipients: string[] = [];
  let unread = '';
  let body = false;
  socket.setEncoding('latin1');
  socket.write('220 sink.example ESMTP\r\n');
  socket.on('data', (text) => {
    const lines = (unread + text).split('\r\n');
    unread = lines.pop() ?? '';
    for (const line of lines) {
      if (body) {
        if (line !== '.') continue;
        body = false;
        taken.push(...recipients);
        recipients = [];
      }
      const recipient = /^RCPT TO:<(.*?)>/i.exec(line)?.[1];
      if (recipient !== undefined) recipients.push(recipient);
      body = /^DATA$/i.test(line);
      socket.write(body ? '354 go ahead\r\n' : /^QUIT/i.test(line) ? '221 bye\r\n' : '250 ok\r\n');
    }
  });
}
