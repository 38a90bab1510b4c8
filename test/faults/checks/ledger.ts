/** The books of a run: what was answered under each fault, what the server owes, and what should not have happened. */
import type { QueuedMessage } from '../../../testkit/live/queue';
import { anybodyMayReach, queueFor } from '../site';
import { type ClassName, classNames, type Outcome, permittedClasses } from './expectations';

/** What must not be, and in which words the books close with it. */
export const offences = {
  forbidden: 'forbidden recipients accepted',
  refused: 'permitted recipients refused for good',
  deferred: 'recipients deferred by a fault that does not touch them',
  lost: 'accepted messages lost',
  twice: 'messages queued twice',
  misrouted: 'recipients in the wrong queue',
  unhandled: 'unhandled rejections',
  watchers: 'leaked file watchers',
  timers: 'leaked timers',
  sockets: 'leaked sockets',
  memory: 'leaked memory',
  other: 'other findings',
} as const;

export type Offence = keyof typeof offences;

export interface Finding {
  readonly fault: string;
  readonly offence: Offence;
  readonly text: string;
}

/** How many recipients were told so. */
export type Told = Record<Outcome, number>;

export interface Tally {
  sessions: number;
  messages: number;
  readonly recipients: Told;
}

export interface Settlement {
  /** Messages that the server has said it has. */
  readonly accepted: number;
  /** Messages that are in a queue. */
  readonly queued: number;
  /** Of these, messages whose client did not hear what became of them. */
  readonly unheard: number;
  /** Of these, messages that were deferred when their local part was queued already. */
  readonly inPart: number;
  /** Messages that a client has sent once more, because the first was deferred or its client heard nothing. */
  readonly again: number;
  /** Accepted messages that are in no queue, for one of their recipients at least. */
  readonly lost: number;
}

/** One message, sent once. A client that sends it again sends another. */
interface Sent {
  readonly recipients: string[];
  /** Absent where the connection broke, or the client died. */
  told?: Outcome;
  /** Under which fault it was sent. */
  readonly fault: string;
}

/** Every message carries its id as the subject. */
export const idPrefix = 'fault run message ';

export class Ledger {
  readonly findings: Finding[] = [];
  readonly tallies = new Map<string, Tally>();
  /** Over all faults, what the recipients of each class were told. */
  readonly told = Object.fromEntries(classNames.map((name) => [name, noneTold()])) as Record<ClassName, Told>;
  readonly #sent = new Map<string, Sent>();
  #fault = 'none';
  #accepted = 0;
  #again = 0;

  /** All that is noted from now on belongs to this fault. */
  under(fault: string): void {
    this.#fault = fault;
  }

  get tally(): Tally {
    return this.tallyOf(this.#fault);
  }

  /** How many have been accepted so far. */
  get messages(): number {
    return this.#accepted;
  }

  tallyOf(fault: string): Tally {
    const tally = this.tallies.get(fault) ?? {
      sessions: 0,
      messages: 0,
      recipients: noneTold(),
    };
    this.tallies.set(fault, tally);
    return tally;
  }

  find(text: string, offence: Offence = 'other'): void {
    this.findings.push({ fault: this.#fault, offence, text });
  }

  /** One recipient of the class was told so, by one client; `text` says it where it was not allowed. */
  tell(name: ClassName, outcome: Outcome, allowed: ReadonlySet<Outcome>, text: () => string): void {
    this.tally.recipients[outcome]++;
    this.told[name][outcome]++;
    if (!allowed.has(outcome)) this.find(text(), offenceOf(name, outcome));
  }

  /** To be called before it is sent. */
  newMessage(recipients: readonly string[]): string {
    const id = `${idPrefix}${this.#sent.size + 1}`;
    this.#sent.set(id, { recipients: [...recipients], fault: this.#fault });
    return id;
  }

  /** One more recipient of a message that is not sent yet. */
  addRecipient(id: string, recipient: string): void {
    this.#sentAs(id).recipients.push(recipient);
  }

  /** A client sends a message once more. */
  again(): void {
    this.#again++;
  }

  /** What the server has said of it. */
  answered(id: string, told: Outcome): void {
    this.#sentAs(id).told = told;
    if (told !== 'accepted') return;
    this.#accepted++;
    this.tally.messages++;
  }

  #sentAs(id: string): Sent {
    const sent = this.#sent.get(id);
    if (!sent) throw new Error(`no message ${id}`);
    return sent;
  }

  /** Holds what was accepted against what the queues hold. */
  settle(queued: readonly QueuedMessage[]): Settlement {
    const found = new Map<string, string[]>();
    for (const { id: file, via, headers, recipients } of queued) {
      const id = headers.find((header) => header.startsWith(`Subject: ${idPrefix}`))?.slice('Subject: '.length);
      const sent = id === undefined ? undefined : this.#sent.get(id);
      for (const recipient of recipients) {
        const may = sent ? sent.recipients.some((one) => sameMailbox(one, recipient)) : anybodyMayReach(recipient);
        if (!may) this.find(`${file}: ${recipient} was queued, and nobody was given leave for it`, 'forbidden');
        if (via !== queueFor(recipient)) this.find(`${file}: ${recipient} is in the wrong queue`, 'misrouted');
      }
      if (id !== undefined) found.set(id, [...(found.get(id) ?? []), ...recipients]);
    }
    const counts = { lost: 0, unheard: 0, inPart: 0 };
    for (const [id, sent] of this.#sent) {
      const there = found.get(id) ?? [];
      const copies = (recipient: string) => there.filter((one) => sameMailbox(one, recipient)).length;
      // What a client sends again is a message of its own, so that no copy of the one hides the loss of the other.
      const double = sent.recipients.filter((recipient) => copies(recipient) > 1);
      if (double.length > 0) this.find(`${id} is in the queues more than once, for ${double.join(', ')}`, 'twice');
      if (sent.told === 'accepted') {
        const missing = sent.recipients.filter((recipient) => copies(recipient) === 0);
        if (missing.length === 0) continue;
        counts.lost++;
        const text = `${id} was accepted and is in no queue, for ${missing.join(', ')}`;
        this.findings.push({ fault: sent.fault, offence: 'lost', text });
      } else if (sent.told === undefined) {
        if (there.length > 0) counts.unheard++;
      } else {
        const surplus = sent.recipients.filter((recipient) => copies(recipient) > 0 && !mayComeTwice(sent, recipient));
        if (there.length > surplus.length) counts.inPart++;
        if (surplus.length === 0) continue;
        const text = `${id} was ${sent.told} and is in a queue all the same, for ${surplus.join(', ')}`;
        this.findings.push({ fault: sent.fault, offence: 'twice', text });
      }
    }
    return { accepted: this.#accepted, queued: found.size, again: this.#again, ...counts };
  }
}

/** The local part of a mixed message is queued first, and stays queued where the relayed part is deferred. */
function mayComeTwice({ recipients, told }: Sent, recipient: string): boolean {
  const isMixed = new Set(recipients.map(queueFor)).size > 1;
  return told === 'deferred' && isMixed && queueFor(recipient) === 'local';
}

function noneTold(): Told {
  return { accepted: 0, refused: 0, deferred: 0 };
}

/** A list that is emptied forbids what it permitted, so whatever is accepted and may not be is forbidden. */
function offenceOf(name: ClassName, outcome: Outcome): Offence {
  if (outcome === 'accepted') return 'forbidden';
  if (outcome === 'deferred') return outcome;
  return (permittedClasses as readonly string[]).includes(name) ? 'refused' : 'other';
}

function sameMailbox(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
