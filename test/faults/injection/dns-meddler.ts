/**
 * Stands between Haraka and the stub DNS at one port that stays the same, and does to the answers what networks, broken
 * servers and liars do. Honest until told otherwise.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import * as packet from 'dns-packet';
import { freePort } from '../../../examples/haraka-directory';
import { type DnsStub, startDns, type Zone } from '../../../testkit/live/dns';
import { forgedClients } from '../site';
import { addresses } from '../traffic/ipv6';

export type Manner =
  | 'honest'
  /** Takes questions and says nothing. */
  | 'silent'
  /** Answers in time, but not at once. */
  | 'slow'
  /** Answers when nobody waits any more. */
  | 'late'
  | 'servfail'
  /** Over UDP only a truncated answer; TCP has the whole. */
  | 'truncated'
  /** The same, and TCP hangs up. */
  | 'cut-off'
  /** Before the true answer come forged ones: of another id, to another question. */
  | 'lying'
  /** Bytes that are no answer. */
  | 'garbled'
  /** Nothing listens. */
  | 'gone';

const slow = 150;
const late = 3_000;

export class DnsMeddler {
  #manner: Manner = 'honest';
  #udp: dgram.Socket | undefined;
  #tcp: net.Server | undefined;
  readonly #sockets = new Set<net.Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(
    readonly port: number,
    private readonly stub: DnsStub,
  ) {}

  static async start(zone: Zone): Promise<DnsMeddler> {
    const meddler = new DnsMeddler(await freePort(), await startDns(zone));
    await meddler.#listen();
    return meddler;
  }

  change(part: Parameters<DnsStub['change']>[0]): void {
    this.stub.change(part);
  }

  get questions(): number {
    return this.stub.questions.length;
  }

  async behave(manner: Manner): Promise<void> {
    this.stub.clear();
    if (manner === 'gone') await this.#close();
    else if (this.#manner === 'gone') await this.#listen();
    this.#manner = manner;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#close();
    await this.stub.stop();
  }

  async #listen(): Promise<void> {
    const udp = dgram.createSocket('udp4');
    udp.on('message', (question, from) => {
      this.#answer(question, (answer) => this.#udp?.send(answer, from.port, from.address, () => undefined));
    });
    const tcp = net.createServer((socket) => this.#connected(socket));
    await new Promise<void>((done) => udp.bind(this.port, '127.0.0.1', done));
    await new Promise<void>((done) => tcp.listen(this.port, '127.0.0.1', done));
    this.#udp = udp;
    this.#tcp = tcp;
  }

  async #close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const [udp, tcp] = [this.#udp, this.#tcp];
    this.#udp = undefined;
    this.#tcp = undefined;
    if (udp) await new Promise<void>((done) => udp.close(() => done()));
    if (tcp) await new Promise<void>((done) => tcp.close(() => done()));
  }

  #answer(question: Buffer, say: (answer: Buffer) => void): void {
    const ask = () => this.#ask(question, say);
    switch (this.#manner) {
      case 'gone':
      case 'silent':
        break;
      case 'slow':
        this.#later(slow, ask);
        break;
      case 'late':
        this.#later(late, ask);
        break;
      case 'servfail':
        say(withFlags(question, 2));
        break;
      case 'truncated':
      case 'cut-off':
        say(withFlags(question, packet.TRUNCATED_RESPONSE));
        break;
      case 'garbled':
        say(Buffer.concat([question.subarray(0, 2), Buffer.from('8180ffffffffc00c', 'hex')]));
        break;
      case 'lying':
        for (const lie of lies(question)) say(lie);
        ask();
        break;
      case 'honest':
        ask();
        break;
    }
  }

  #later(delay: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delay);
    this.#timers.add(timer);
  }

  #ask(question: Buffer, say: (answer: Buffer) => void): void {
    const socket = dgram.createSocket('udp4');
    const giveUp = setTimeout(() => socket.close(), late);
    socket.once('message', (answer) => {
      clearTimeout(giveUp);
      socket.close();
      say(answer);
    });
    socket.send(question, this.stub.port, '127.0.0.1', () => undefined);
  }

  #connected(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    if (this.#manner === 'silent') return;
    if (this.#manner === 'cut-off') {
      socket.destroy();
      return;
    }
    const upstream = net.connect(this.stub.port, '127.0.0.1');
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    socket.pipe(upstream).pipe(socket);
  }
}

/** The question as its own answer: with an error code or the truncation bit, and no records. */
function withFlags(question: Buffer, flags: number): Buffer {
  const query = packet.decode(question);
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: flags | packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE,
    questions: query.questions ?? [],
  });
}

/** What an attacker sends who does not see the question, and what one sends who guessed its id. */
function lies(question: Buffer): readonly Buffer[] {
  const query = packet.decode(question);
  const asked = query.questions?.[0];
  if (!asked) return [];
  const flags = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE;
  const id = query.id ?? 0;
  const answers = liesAbout(asked);
  const other: packet.Question = { ...asked, name: 'another.question.example' };
  return [
    packet.encode({ type: 'response', id: (id + 1) & 0xffff, flags, questions: query.questions ?? [], answers }),
    packet.encode({ type: 'response', id, flags, questions: [other], answers }),
  ];
}

/** That everybody has a name of ours, and that each name of ours leads to those who only claim one. */
function liesAbout({ type, name }: packet.Question): packet.Answer[] {
  switch (type) {
    case 'PTR':
      return [{ type, name, ttl: 1, data: 'pc0.campus.example' }];
    case 'A':
      return forgedClients.map((data) => ({ type, name, ttl: 1, data }));
    case 'AAAA':
      return addresses.forged.map((data) => ({ type, name, ttl: 1, data }));
    default:
      return [];
  }
}
