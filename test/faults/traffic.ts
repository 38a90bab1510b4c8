/** Steady traffic: so many clients at a time, each with one session after the other, of every class in turn. */
import { isAccepted, isGo, type Reply, type SmtpClient } from '../live/harness/smtp-client';
import { pause, said } from '../live/harness/talk';
import { type Doors, enter, heard, patience } from './entry';
import { type ClassName, classNames, type Expectations, type Outcome } from './expectations';
import { type Hostility, hostilities, playHostile } from './hostile';
import { idPrefix, type Ledger } from './ledger';
import { type Attempt, type Coming, type Visitor, visitors } from './site';

const betweenSessions = 15;

type Session = { readonly visitor: Visitor } | { readonly hostility: Hostility };

const sessions: readonly Session[] = [
  ...visitors.map((visitor) => ({ visitor })),
  ...hostilities.map((hostility) => ({ hostility })),
];

export class Traffic {
  #number = 0;
  #running = false;
  #clients: Promise<void>[] = [];
  /** Sessions of each class that began and ended under the present expectations. */
  #whole = new Map<ClassName, number>();
  readonly #turns = new Map<ClassName | Hostility, number>();
  /** Sessions by IPv6 of each class, since the start. */
  readonly byIpv6 = new Map<ClassName, number>();

  constructor(
    private readonly doors: Doors,
    private readonly expectations: Expectations,
    private readonly ledger: Ledger,
  ) {}

  start(clients: number): void {
    this.#running = true;
    this.#clients = Array.from({ length: clients }, () => this.#client());
  }

  /** Resolves when the last session is over. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
  }

  /** Resolves when each class has had so many sessions from beginning to end since now. */
  async sample(each: number): Promise<void> {
    this.#whole = new Map();
    const missing = () => classNames.filter((name) => (this.#whole.get(name) ?? 0) < each);
    const end = Date.now() + 2 * patience;
    while (this.#running && missing().length > 0) {
      if (Date.now() > end) return this.ledger.find(`no session from beginning to end: ${missing().join(', ')}`);
      await pause(20);
    }
  }

  async #client(): Promise<void> {
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

  async #visit(visitor: Visitor, { number, turn }: Coming): Promise<void> {
    const since = this.expectations.now;
    const from = visitor.from({ number, turn });
    const client = await enter(this.doors, from);
    if (from.includes(':')) this.byIpv6.set(visitor.name, (this.byIpv6.get(visitor.name) ?? 0) + 1);
    try {
      await this.#attempt(client, number, visitor.attempts(number), { from, since });
      if (this.expectations.now === since) this.#whole.set(visitor.name, (this.#whole.get(visitor.name) ?? 0) + 1);
      client?.write('QUIT\r\n');
    } finally {
      client?.destroy();
    }
  }

  async #attempt(
    client: SmtpClient | undefined,
    number: number,
    attempts: readonly Attempt[],
    { from, since }: { readonly from: string; readonly since: number },
  ): Promise<void> {
    const opened = client && (await open(client, number));
    const accepted: Attempt[] = [];
    for (const attempt of attempts) {
      const reply = client && opened && isAccepted(opened) ? await heard(client.command(rcpt(attempt))) : opened;
      if (this.#judge(attempt, from, since, reply) === 'accepted') accepted.push(attempt);
    }
    if (client && accepted.length > 0) await this.#send(client, accepted, since);
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

  async #send(client: SmtpClient, accepted: readonly Attempt[], since: number): Promise<void> {
    const id = this.ledger.newMessage(accepted.map(({ recipient }) => recipient));
    const go = await heard(client.command('DATA'));
    const done = isGo(go) ? await heard(client.message(`Subject: ${id}\n\ntext\n`)) : go;
    const outcome = outcomeOf(done);
    if (outcome === 'accepted') this.ledger.accepted(id);
    // The recipients were accepted, so a refusal for good would lose the message at a fault of ours.
    const may = accepted.every(({ as }) => this.expectations.allowed(as, since).has('deferred'));
    if (outcome === 'refused' || (outcome === 'deferred' && !may)) {
      this.ledger.find(`message ${id.slice(idPrefix.length)} to ${accepted[0]?.recipient}: ${said(done)}`, outcome);
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
