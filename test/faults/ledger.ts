/** The books of a run: what was answered under each fault, what the server owes, and what should not have happened. */
import type { QueuedMessage } from '../live/harness/queue';
import { type ClassName, classNames, type Outcome, permittedClasses } from './expectations';
import { anybodyMayReach } from './site';

/** What must not be, and in which words the books close with it. */
export const offences = {
  forbidden: 'forbidden recipients accepted',
  refused: 'permitted recipients refused for good',
  deferred: 'recipients deferred by a fault that does not touch them',
  lost: 'accepted messages lost',
  twice: 'messages queued twice',
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
  /** Of these, messages whose client did not hear that they were accepted. */
  readonly unheard: number;
  /** Accepted messages that are in no queue, for one of their recipients at least. */
  readonly lost: number;
}

/** Every message carries its id as the subject. */
export const idPrefix = 'fault run message ';

export class Ledger {
  readonly findings: Finding[] = [];
  readonly tallies = new Map<string, Tally>();
  /** Over all faults, what the recipients of each class were told. */
  readonly told = Object.fromEntries(classNames.map((name) => [name, noneTold()])) as Record<ClassName, Told>;
  /** Under which fault each message was accepted. */
  readonly #owed = new Map<string, string>();
  /** Recipients of every message that was begun, whether or not its client has learned what became of it. */
  readonly #begun = new Map<string, readonly string[]>();
  #fault = 'none';
  #numbered = 0;

  /** All that is noted from now on belongs to this fault. */
  under(fault: string): void {
    this.#fault = fault;
  }

  get tally(): Tally {
    return this.tallyOf(this.#fault);
  }

  /** How many have been accepted so far. */
  get messages(): number {
    return this.#owed.size;
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

  newMessage(recipients: readonly string[]): string {
    const id = `${idPrefix}${++this.#numbered}`;
    this.#begun.set(id, recipients);
    return id;
  }

  /** The server has said that it has it. */
  accepted(id: string): void {
    this.#owed.set(id, this.#fault);
    this.tally.messages++;
  }

  /** Holds what was accepted against what the queues hold. */
  settle(queued: readonly QueuedMessage[]): Settlement {
    const found = new Map<string, string[]>();
    for (const message of queued) {
      const id = message.headers.find((header) => header.startsWith(`Subject: ${idPrefix}`))?.slice('Subject: '.length);
      const own = id === undefined ? undefined : this.#begun.get(id);
      for (const recipient of message.recipients) {
        const may = own ? own.some((one) => sameMailbox(one, recipient)) : anybodyMayReach(recipient);
        if (!may) this.find(`${message.id}: ${recipient} was queued, and nobody was given leave for it`, 'forbidden');
      }
      if (id !== undefined) found.set(id, [...(found.get(id) ?? []), ...message.recipients]);
    }
    let lost = 0;
    let unheard = 0;
    for (const [id, recipients] of this.#begun) {
      const owed = this.#owed.get(id);
      const there = found.get(id) ?? [];
      const copies = (recipient: string) => there.filter((one) => sameMailbox(one, recipient)).length;
      const missing = recipients.filter((recipient) => copies(recipient) === 0);
      // No client says anything twice.
      const double = recipients.filter((recipient) => copies(recipient) > 1);
      if (double.length > 0) this.find(`${id} is in the queues more than once, for ${double.join(', ')}`, 'twice');
      if (owed === undefined) {
        if (there.length > 0) unheard++;
      } else if (missing.length > 0) {
        lost++;
        const text = `${id} was accepted and is in no queue, for ${missing.join(', ')}`;
        this.findings.push({ fault: owed, offence: 'lost', text });
      }
    }
    return { accepted: this.#owed.size, queued: found.size, unheard, lost };
  }
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
