/** Steady traffic: so many clients at a time, each with one session after the other, of every class in turn. */
import { isAccepted, isGo, type Reply, type SmtpClient } from '../../../testkit/live/smtp-client';
import { pause, said } from '../../../testkit/live/talk';
import type { Expectations, Outcome } from '../checks/expectations';
import { idPrefix, type Ledger } from '../checks/ledger';
import { type Attempt, type Coming, type Visitor, visitors } from '../site';
import { ask, type Doors, enter, heard, patience } from './entry';
import { type Hostility, hostilities, playHostile } from './hostile';

const betweenSessions = 15;

type Session = { readonly visitor: Visitor } | { readonly hostility: Hostility };

const sessions: readonly Session[] = [
  ...visitors.map((visitor) => ({ visitor })),
  ...hostilities.map((hostility) => ({ hostility })),
];

/** What a client has to send, to whom. */
interface Submission {
  readonly number: number;
  readonly from: string;
  readonly attempts: readonly Attempt[];
}

export class Traffic {
  #number = 0;
  #running = false;
  #clients: Promise<void>[] = [];
  #spent: Promise<void> | undefined;
  /** Sessions of each visitor that began and ended under the present expectations. */
  #whole = new Map<string, number>();
  /** Messages whose recipients were accepted and that were deferred then: their clients will come again. */
  #unsent: Submission[] = [];
  readonly #turns = new Map<string, number>();
  /** Sessions by IPv6 of each visitor, since the start. */
  readonly byIpv6 = new Map<string, number>();

  constructor(
    private readonly doors: Doors,
    private readonly expectations: Expectations,
    private readonly ledger: Ledger,
  ) {}

  start(clients: number): void {
    this.#running = true;
    this.#clients = Array.from({ length: clients }, () => this.#client());
  }

  /** Resolves when the last session is over, and whoever was to come again has done so. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
    const submissions = this.#unsent;
    this.#unsent = [];
    await Promise.all(this.#clients.map(() => this.#comeAgain(submissions)));
  }

  async #comeAgain(submissions: Submission[]): Promise<void> {
    for (let submission = submissions.pop(); submission; submission = submissions.pop()) {
      this.ledger.tally.sessions++;
      this.ledger.again();
      try {
        await this.#submit(submission);
      } catch (error) {
        this.ledger.find(`a client that came again: ${String(error)}`);
      }
    }
  }

  /** Resolves when each visitor has had so many sessions from beginning to end since now. */
  async sample(each: number): Promise<void> {
    this.#whole = new Map();
    const missing = () => visitors.map(({ name }) => name).filter((name) => (this.#whole.get(name) ?? 0) < each);
    const end = Date.now() + 2 * patience;
    while (this.#running && missing().length > 0) {
      if (Date.now() > end) return this.ledger.find(`no session from beginning to end: ${missing().join(', ')}`);
      await pause(20);
    }
  }

  /** The one recipient that the clients of `over-limit` may have, of each family. */
  async #spend(): Promise<void> {
    const { from = () => '' } = visitors.find(({ name }) => name === 'over-limit') ?? {};
    const [one, other] = [0, 1].map((turn) => from({ number: 0, turn })) as [string, string];
    for (const address of one.includes(':') ? [one, other] : [other]) {
      const told = await ask(this.doors, address, 'first@victim.example');
      if (!told.startsWith('250 ')) this.ledger.find(`over-limit: the first recipient was told ${told}`);
    }
  }

  async #client(): Promise<void> {
    this.#spent ??= this.#spend();
    await this.#spent;
    while (this.#running) {
      const number = ++this.#number;
      await this.play(sessions[number % sessions.length] as Session, number);
      await pause(betweenSessions);
    }
  }

  async play(session: Session, number: number): Promise<void> {
    const kind = 'visitor' in session ? session.visitor.name : session.hostility;
    const turn = this.#turns.get(kind) ?? 0;
    this.#turns.set(kind, turn + 1);
    this.ledger.tally.sessions++;
    try {
      if ('visitor' in session) await this.#visit(session.visitor, { number, turn });
      else await playHostile(session.hostility, this.doors, { number, turn }, this.ledger);
    } catch (error) {
      this.ledger.find(`${kind}: ${String(error)}`);
    }
  }

  async #visit({ name, from, attempts }: Visitor, coming: Coming): Promise<void> {
    const since = this.expectations.now;
    const submission: Submission = { number: coming.number, from: from(coming), attempts: attempts(coming) };
    if (submission.from.includes(':')) this.byIpv6.set(name, (this.byIpv6.get(name) ?? 0) + 1);
    await this.#submit(submission);
    if (this.expectations.now === since) this.#whole.set(name, (this.#whole.get(name) ?? 0) + 1);
  }

  async #submit(submission: Submission): Promise<void> {
    const { number, from, attempts } = submission;
    const since = this.expectations.now;
    const client = await enter(this.doors, from);
    try {
      const opened = client && (await open(client, number));
      const accepted: Attempt[] = [];
      for (const attempt of attempts) {
        const reply = client && opened && isAccepted(opened) ? await heard(client.command(rcpt(attempt))) : opened;
        if (this.#judge(attempt, from, since, reply) === 'accepted') accepted.push(attempt);
      }
      if (client && accepted.length > 0) await this.#send(client, { ...submission, attempts: accepted }, since);
      client?.write('QUIT\r\n');
    } finally {
      client?.destroy();
    }
  }

  #judge({ as, recipient }: Attempt, from: string, since: number, reply: Reply | undefined): Outcome {
    const outcome = outcomeOf(reply);
    const allowed = this.expectations.allowed(as, since);
    this.ledger.tell(
      as,
      outcome,
      allowed,
      () => `${as}: ${from} asked for ${recipient} and was told ${said(reply)}, not ${[...allowed].join(' or ')}`,
    );
    return outcome;
  }

  /** The recipients have been accepted. */
  async #send(client: SmtpClient, submission: Submission, since: number): Promise<void> {
    const { attempts } = submission;
    const id = this.ledger.newMessage(attempts.map(({ recipient }) => recipient));
    const go = await heard(client.command('DATA'));
    const done = isGo(go) ? await heard(client.message(`Subject: ${id}\n\ntext\n`)) : go;
    const outcome = outcomeOf(done);
    if (done.code !== 'closed') this.ledger.answered(id, outcome);
    if (outcome === 'deferred') this.#unsent.push(submission);
    // One reply is for all of them. A refusal for good would lose the message at a fault of ours.
    const may = attempts.some(({ as }) => this.expectations.allowed(as, since).has('deferred'));
    if (outcome === 'refused' || (outcome === 'deferred' && !may)) {
      const recipients = attempts.map(({ recipient }) => recipient).join(', ');
      this.ledger.find(`message ${id.slice(idPrefix.length)} to ${recipients}: ${said(done)}`, outcome);
    }
  }
}

function rcpt({ recipient }: Attempt): string {
  return `RCPT TO:<${recipient}>`;
}

/** The greeting where it is a refusal, else the reply to MAIL or the first refusal before it. */
async function open(client: SmtpClient, number: number): Promise<Reply> {
  if (!isAccepted(client.greeting)) return client.greeting;
  const hello = await heard(client.command(`EHLO client${number}.example`));
  return isAccepted(hello) ? heard(client.command('MAIL FROM:<someone@sender.example>')) : hello;
}

/** A broken connection is no verdict: the client comes again. */
function outcomeOf(reply: Reply | undefined): Outcome {
  if (reply === undefined || reply.code === 'closed') return 'deferred';
  if (reply.code < 400) return 'accepted';
  return reply.code < 500 ? 'deferred' : 'refused';
}
