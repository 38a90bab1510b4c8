/**
 * A stub DNS server on loopback, over UDP and TCP, that answers from a zone written as a literal.
 *
 *     const dns = await startDns({
 *       '127.9.0.1': ['lab1.campus.example'],                      // an address owns its PTR names
 *       'lab1.campus.example': { A: ['127.9.0.1'], ttl: 60 },
 *       'two.example': { A: ['192.0.2.1', { data: '192.0.2.2', ttl: 5 }], MX: [[10, 'mx.two.example']] },
 *       'alias.example': { CNAME: 'two.example' },                 // followed, as a resolver does
 *       'broken.example': { answer: 'SERVFAIL' },
 *       'half.example': { A: ['192.0.2.3'], answer: { AAAA: 'drop' } },
 *       'slow.example': { A: ['192.0.2.4'], delay: 300 },          // milliseconds
 *       'large.example': { A: ['192.0.2.5'], truncate: true },     // over UDP; TCP has the answer
 *     });
 *
 * A name that is not in the zone is NXDOMAIN; a name without records of the type asked is an empty answer.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import * as packet from 'dns-packet';
import { ownerOf, type ParsedZone, parseZone, type Question, type Resolved, resolve, type Zone } from './dns-zone';

export type { Behaviour, Entry, Question, Zone } from './dns-zone';

export interface DnsStub {
  readonly port: number;
  /** What was asked so far. A PTR question is listed under its address. */
  readonly questions: readonly Question[];
  /** Forgets the questions so far. */
  clear(): void;
  /** The whole zone; assign to replace it while running. */
  zone: Zone;
  /** Changes some names of the zone; `undefined` removes one. */
  change(part: Readonly<Record<string, Zone[string] | undefined>>): void;
  stop(): Promise<void>;
}

const LARGEST_UDP_ANSWER = 1232;
const HEADER_LENGTH = 12;
/** Of a question without its name: the first length and the last, type and class. */
const QUESTION_LENGTH = 6;

export async function startDns(zone: Zone = {}): Promise<DnsStub> {
  let written: Zone = zone;
  let parsed: ParsedZone = parseZone(zone);
  let questions: Question[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const sockets = new Set<net.Socket>();
  const { udp, tcp, port } = await bindBoth();

  function ask(request: Buffer, over: Question['over'], answer: (message: Buffer) => void): void {
    const query = decode(request);
    const question = query?.questions?.[0];
    if (!query || !question) return;
    const asked: Question = { name: ownerOf(question.name), type: question.type, over };
    questions.push(asked);
    const resolved = resolve(parsed, asked);
    if (resolved.rcode === 'drop') return;
    const message = respond(query, resolved, over);
    // A resolver drops an answer to another question, and dns-packet makes two labels of one with a dot inside.
    const end = HEADER_LENGTH + question.name.length + QUESTION_LENGTH;
    request.copy(message, HEADER_LENGTH, HEADER_LENGTH, end);
    const timer = setTimeout(() => {
      timers.delete(timer);
      answer(message);
    }, resolved.delay);
    timers.add(timer);
  }

  udp.on('message', (request, from) => ask(request, 'udp', (message) => udp.send(message, from.port, from.address)));
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        ask(pending.subarray(2, end), 'tcp', (message) => socket.write(withLength(message)));
        pending = pending.subarray(end);
      }
    });
  });

  const stub: DnsStub = {
    port,
    get questions() {
      return questions;
    },
    clear() {
      questions = [];
    },
    get zone() {
      return written;
    },
    set zone(next: Zone) {
      parsed = parseZone(next);
      written = next;
    },
    change(part) {
      const kept = Object.entries({ ...written, ...part }).filter((entry) => entry[1] !== undefined);
      stub.zone = Object.fromEntries(kept) as Zone;
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((done) => udp.close(() => done())),
        new Promise<void>((done) => tcp.close(() => done())),
      ]);
    },
  };
  return stub;
}

const rcodes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

function respond(query: packet.DecodedPacket, resolved: Resolved, over: Question['over']): Buffer {
  const flags = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE;
  const rcode = resolved.rcode === 'drop' ? rcodes.SERVFAIL : rcodes[resolved.rcode];
  const answer = { type: 'response', id: query.id, questions: query.questions } as const;
  const whole = packet.encode({ ...answer, flags: flags | rcode, answers: [...resolved.answers] });
  const cut = over === 'udp' && (resolved.truncate || whole.length > LARGEST_UDP_ANSWER);
  return cut ? packet.encode({ ...answer, flags: flags | packet.TRUNCATED_RESPONSE }) : whole;
}

function decode(request: Buffer): packet.DecodedPacket | undefined {
  try {
    return packet.decode(request);
  } catch {
    return undefined;
  }
}

function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

interface Sockets {
  readonly udp: dgram.Socket;
  readonly tcp: net.Server;
  readonly port: number;
}

// A resolver asks both transports at one port number; the one that is free for UDP may be taken for TCP.
async function bindBoth(attempts = 10): Promise<Sockets> {
  const udp = dgram.createSocket('udp4');
  await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done));
  const { port } = udp.address();
  const tcp = net.createServer();
  try {
    await new Promise<void>((done, fail) => tcp.once('error', fail).listen(port, '127.0.0.1', done));
    return { udp, tcp, port };
  } catch (error) {
    udp.close();
    if (attempts <= 1) throw error;
    return bindBoth(attempts - 1);
  }
}
