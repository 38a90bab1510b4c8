/**
 * The stub DNS at port 53. A resolver of the C library asks nowhere else, so an address of loopback that is free there
 * hands the questions on. Over UDP only: no answer of the corpus is long.
 */
import dgram from 'node:dgram';
import { once } from 'node:events';

export interface NameServer {
  readonly address: string;
  stop(): void;
}

const ANSWER_TIMEOUT = 5_000;

export async function serveAtPort53(stub: number): Promise<NameServer> {
  const { socket, address } = await bind();
  const pending = new Set<() => void>();
  socket.on('message', (question, from) => {
    const upstream = dgram.createSocket('udp4');
    const done = () => {
      clearTimeout(timer);
      if (pending.delete(done)) upstream.close();
    };
    const timer = setTimeout(done, ANSWER_TIMEOUT);
    pending.add(done);
    upstream.on('error', done).on('message', (answer) => {
      socket.send(answer, from.port, from.address);
      done();
    });
    upstream.send(question, stub, '127.0.0.1');
  });
  return {
    address,
    stop() {
      for (const done of pending) done();
      socket.close();
    },
  };
}

// Several test runs may be at work on one machine.
async function bind(attempts = 20): Promise<{ socket: dgram.Socket; address: string }> {
  const octet = () => 1 + Math.floor(Math.random() * 250);
  const address = `127.53.${octet()}.${octet()}`;
  const socket = dgram.createSocket('udp4');
  try {
    socket.bind(53, address);
    await once(socket, 'listening');
    return { socket, address };
  } catch (error) {
    socket.close();
    if (attempts <= 1) throw error;
    return bind(attempts - 1);
  }
}
