/** A small SMTP or LMTP server on loopback that takes everything, but for what a test has it refuse, and tells what it was given. */
import net from 'node:net';

export interface TakenMessage {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly text: string;
}

export interface Sink {
  readonly port: number;
  /** Recipients of the messages taken so far, in order. */
  readonly taken: readonly string[];
  readonly messages: readonly TakenMessage[];
  /** How often somebody connected. */
  readonly connections: number;
  /** The reply to a recipient; nothing takes it. */
  refuse: (recipient: string) => string | undefined;
  stop(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const sockets = new Set<net.Socket>();
  const messages: TakenMessage[] = [];
  let connections = 0;
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    serve(socket, sink, (message) => messages.push(message));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const sink: Sink = {
    port: (server.address() as net.AddressInfo).port,
    messages,
    get taken() {
      return messages.flatMap(({ recipients }) => recipients);
    },
    get connections() {
      return connections;
    },
    refuse: () => undefined,
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
  return sink;
}

function serve(socket: net.Socket, sink: Sink, take: (message: TakenMessage) => void): void {
  let sender = '';
  let recipients: string[] = [];
  let text: string[] | undefined;
  let unread = '';
  let isLmtp = false;
  socket.setEncoding('latin1');
  socket.write('220 sink.example ESMTP\r\n');
  socket.on('data', (data) => {
    const lines = (unread + data).split('\r\n');
    unread = lines.pop() ?? '';
    for (const line of lines) {
      if (text && line !== '.') {
        text.push(line);
        continue;
      }
      socket.write(`${reply(line)}\r\n`);
    }
  });

  function reply(line: string): string {
    if (text) {
      take({ sender, recipients, text: text.join('\n') });
      // RFC 2033 §4.2: LMTP answers for each recipient.
      const answers = isLmtp ? recipients.map(() => '250 ok') : ['250 ok'];
      text = undefined;
      recipients = [];
      return answers.join('\r\n');
    }
    const path = /^(MAIL FROM|RCPT TO):<(.*?)>/i.exec(line);
    if (/^MAIL/i.test(line)) {
      sender = path?.[2] ?? '';
      recipients = [];
    } else if (path?.[2] !== undefined) {
      const refusal = sink.refuse(path[2]);
      if (refusal !== undefined) return refusal;
      recipients.push(path[2]);
    }
    isLmtp ||= /^LHLO/i.test(line);
    if (/^QUIT/i.test(line)) return '221 bye';
    if (!/^DATA$/i.test(line)) return '250 ok';
    text = [];
    return '354 go ahead';
  }
}
