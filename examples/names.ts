/** The example's name server: the few hosts below on loopback, so that the example needs no network. */
import dgram from 'node:dgram';
import { type Answer, decode, encode, type Question } from 'dns-packet';

/** What a client's address is called, and which addresses that name has in turn. */
const hosts: readonly { readonly client: string; readonly name: string; readonly addresses: readonly string[] }[] = [
  { client: '127.50.0.1', name: 'mail.sender.example', addresses: ['127.50.0.1'] },
  { client: '127.50.0.2', name: 'lab1.campus.example', addresses: ['127.50.0.2'] },
  // Whoever owns an address may call it what he likes; the campus does not know this one.
  { client: '127.50.0.3', name: 'lab9.campus.example', addresses: [] },
];

const NXDOMAIN = 3;

export interface NameServer {
  /** As `address:port`. */
  readonly address: string;
  close(): void;
}

export async function serveNames(): Promise<NameServer> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (request, from) => {
    const { id, questions = [] } = decode(request);
    const answers = questions.flatMap(answersTo);
    const flags = answers.length ? 0 : NXDOMAIN;
    socket.send(encode({ type: 'response', id, flags, questions, answers }), from.port, from.address);
  });
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

function answersTo({ name, type }: Question): readonly Answer[] {
  const asked = name.toLowerCase();
  if (type === 'PTR') {
    return hosts
      .filter(({ client }) => asked === `${client.split('.').reverse().join('.')}.in-addr.arpa`)
      .map((host) => ({ type, name, data: host.name }));
  }
  if (type !== 'A') return [];
  return hosts
    .filter((host) => host.name === asked)
    .flatMap(({ addresses }) => addresses.map((data) => ({ type, name, data })));
}
