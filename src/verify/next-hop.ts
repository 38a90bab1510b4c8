/**
 * Questions to one next hop: whether it knows a recipient. At most two connections of Haraka's own SMTP client, each used again
 * and again, and closed when nobody has asked for a while.
 */
import { isAscii } from '../policy/findings/characters';
import { judgeReply, type Verified } from '../policy/verify';
import type { SmtpClient, SmtpClientModule } from '../types/haraka';

export interface Hop {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

const mostConnections = 2;
/** Milliseconds without a question after which a connection is closed. */
const idleTime = 10_000;
/** A server may end a connection that asks for ever. */
const mostQuestions = 100;
/** Milliseconds between two attempts at a host that has not answered. */
const pause = 1000;
/** What a host may say on one connection, in bytes. */
const mostBytes = 1 << 20;

interface Question {
  readonly recipient: string;
  /** By the clock of the process. */
  readonly deadline: number;
  answer(verified: Verified): void;
  /** It was asked on a connection that the host had closed by then. */
  isRepeated?: boolean;
}

export class NextHop {
  private readonly waiting: Question[] = [];
  private readonly connections = new Set<HopConnection>();
  /** It has not answered the last time. */
  private isSilent = false;
  private failedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly hop: Hop,
    private readonly module: SmtpClientModule,
    private readonly me: string,
  ) {}

  /** One that did not answer is asked one question at a time, and once a second at most: others need not wait for it as well. */
  get mayBeAsked(): boolean {
    return !this.isSilent || (this.isIdle && performance.now() - this.failedAt >= pause);
  }

  get isIdle(): boolean {
    return this.connections.size === 0 && this.waiting.length === 0;
  }

  /** `unsure` after so many milliseconds; never rejects. */
  ask(recipient: string, timeout: number): Promise<Verified> {
    if (!this.mayBeAsked) return Promise.resolve('unsure');
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const place = this.waiting.indexOf(question);
        if (place >= 0) this.waiting.splice(place, 1);
        resolve('unsure');
      }, timeout);
      const answer = (verified: Verified) => {
        clearTimeout(timer);
        resolve(verified);
      };
      const question: Question = { recipient, deadline: performance.now() + timeout, answer };
      this.waiting.push(question);
      this.work();
    });
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }

  private work(): void {
    for (const connection of this.connections) if (connection.isResting) this.give(connection);
    // Others will be ready in a moment.
    const soonReady = [...this.connections].filter(({ isBusy }) => !isBusy).length;
    if (this.waiting.length <= soonReady || this.connections.size >= mostConnections) return;
    // A second connection may be one too many for the host.
    if (this.connections.size === 0 || performance.now() - this.failedAt >= pause) this.open();
  }

  private open(): void {
    const [first] = this.waiting;
    if (!first) return;
    const connection = new HopConnection(this.hop, this.module, this.me, first.deadline, {
      ready: () => {
        this.isSilent = false;
        this.give(connection);
      },
      ended: (question) => this.ended(connection, question),
    });
    this.connections.add(connection);
  }

  private give(connection: HopConnection): void {
    const question = this.waiting.shift();
    if (question) connection.ask(question);
    else connection.rest();
  }

  private ended(connection: HopConnection, question: Question | undefined): void {
    this.connections.delete(connection);
    const wasClosed = question && !question.isRepeated && connection.hasAnswered;
    if (wasClosed) this.waiting.unshift({ ...question, isRepeated: true });
    else question?.answer('unsure');
    if (question ? !wasClosed : connection.isOpening) this.failed();
    this.work();
  }

  private failed(): void {
    this.failedAt = performance.now();
    // The other one goes on.
    if (this.connections.size > 0) return;
    this.isSilent = true;
    for (const { answer } of this.waiting.splice(0)) answer('unsure');
  }
}

interface Listener {
  /** It can take a question. */
  ready(): void;
  /** With the question that has no answer. */
  ended(question: Question | undefined): void;
}

/** EHLO, STARTTLS if it is offered, and for each question MAIL FROM:<>, RCPT TO and RSET. */
class HopConnection {
  private readonly client: SmtpClient;
  private question: Question | undefined;
  private extensions: readonly string[] = [];
  private isSecure = false;
  /** A reply is due. */
  private isAwaiting = true;
  private isOver = false;
  private asked = 0;
  private received = 0;
  private timer: NodeJS.Timeout | undefined;
  isOpening = true;
  isResting = false;
  hasAnswered = false;

  constructor(
    { host, port }: Hop,
    { smtp_client: Client }: SmtpClientModule,
    private readonly me: string,
    deadline: number,
    private readonly listener: Listener,
  ) {
    const client = new Client({ host, port, connect_timeout: 30, idle_timeout: 60 });
    this.client = client;
    // As for opportunistic TLS in general (RFC 7435): a certificate of another name is better than no encryption.
    client.tls_options = { rejectUnauthorized: false };
    const events: Readonly<Record<string, (...of: string[]) => void>> = {
      greeting: (verb) => this.send(verb as string, this.me),
      capabilities: () => this.startTls(),
      helo: () => this.becomeReady(),
      mail: () => this.send('RCPT', `TO:${this.question?.recipient}`),
      rcpt: () => this.replied(250, ''),
      rset: () => this.becomeReady(),
      bad_code: (code, text) => this.refused(Number(code), text as string),
      server_protocol: (line) => this.hear(line as string),
      error: () => this.close(),
      'connection-error': () => this.close(),
    };
    for (const [event, act] of Object.entries(events)) client.on(event, (...of) => this.guarded(() => act(...of)));
    client.socket.on('secure', () => {
      // Haraka's socket says it twice.
      if (this.isSecure) return;
      this.isSecure = true;
      this.send('EHLO', this.me);
    });
    client.socket.on('close', () => this.close());
    client.socket.on('data', ({ length }: Buffer) => {
      this.received += length;
      if (this.received > mostBytes) this.close();
    });
    this.endAfter(deadline - performance.now());
  }

  get isBusy(): boolean {
    return this.question !== undefined;
  }

  ask(question: Question): void {
    this.isResting = false;
    this.question = question;
    this.asked++;
    this.endAfter(question.deadline - performance.now());
    const isPlain = isAscii(question.recipient);
    if (isPlain || this.extensions.includes('SMTPUTF8')) this.send('MAIL', `FROM:<>${isPlain ? '' : ' SMTPUTF8'}`);
    else this.replied(0, '');
  }

  /** Nobody asks: it stays for a while. */
  rest(): void {
    this.isResting = true;
    this.endAfter(idleTime);
  }

  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isResting = false;
    clearTimeout(this.timer);
    this.client.release();
    // What it still says is nobody's.
    this.client.on('error', () => {});
    this.listener.ended(this.question);
  }

  private startTls(): void {
    this.extensions = this.client.response.map((line) => line.split(' ')[0]?.toUpperCase() ?? '');
    if (this.isSecure || !this.extensions.includes('STARTTLS')) return;
    // Haraka's client goes on with HELO unless the command is another one by now.
    this.isAwaiting = true;
    this.client.send_command('STARTTLS');
  }

  private becomeReady(): void {
    this.isOpening = false;
    if (this.asked >= mostQuestions) this.close();
    else this.listener.ready();
  }

  /** Only a reply to RCPT says anything of the recipient. */
  private refused(code: number, text: string): void {
    if (this.client.command === 'rcpt') this.replied(code, text);
    else this.close();
  }

  private replied(code: number, text: string): void {
    this.hasAnswered = true;
    this.question?.answer(judgeReply({ code, text }));
    this.question = undefined;
    if (code === 421) this.close();
    else this.send('RSET');
  }

  /** In a turn of its own: a reply that has come by then was none to this command, and no later one could be told apart either. */
  private send(command: string, data?: string): void {
    setImmediate(() =>
      this.guarded(() => {
        this.isAwaiting = true;
        this.client.send_command(command, data);
      }),
    );
  }

  private hear(line: string): void {
    if (!this.isAwaiting) this.close();
    else this.isAwaiting = line[3] === '-';
  }

  private endAfter(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close(), Math.max(milliseconds, 1));
  }

  /** The client's listeners run in its socket: what they throw would end the process. */
  private guarded(action: () => void): void {
    if (this.isOver) return;
    try {
      action();
    } catch {
      this.close();
    }
  }
}
