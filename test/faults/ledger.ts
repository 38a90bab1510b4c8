/** The books of a run: what was answered under each fault, what the server owes, and what should not have happened. */
import type { QueuedMessage } from '../live/harness/queue';
import type { Outcome } from './expectations';
import { anybodyMayReach } from './site';

export interface Finding {
  readonly fault: string;
  readonly text: string;
}

export interface Tally {
  sessions: number;
  messages: number;
  readonly recipients: Record<Outcome, number>;
}

export interface Settlement {
  /** Messages that the server has said it has. */
  readonly accepted: number;
  /** Messages that are in a queue. */
  readonly queued: number;
  /** Of these, messages whose client did not hear that they were accepted. */
  readonly unheard: number;
  /** Recipients of accepted messages that are in no queue. */
  readonly lost: number;
  /** Recipients that have a message more than once: no client says anything twice. */
  readonly twice: number;
}

/** Every message carries its id as the subject. */
export const idPrefix = 'fault run message ';

export class Ledger {
  readonly findings: Finding[] = [];
  readonly tallies = new Map<string, Tally>();
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
      recipients: { accepted: 0, refused: 0, deferred: 0 },
    };
    this.tallies.set(fault, tally);
    return tally;
  }

  find(text: string): void {
    this.findings.push({ fault: this.#fault, text });
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
        if (!may) this.find(`${message.id}: ${recipient} was queued, and nobody was given leave for it`);
      }
      if (id !== undefined) found.set(id, [...(found.get(id) ?? []), ...message.recipients]);
    }
    let lost = 0;
    let twice = 0;
    let unheard = 0;
    for (const [id, recipients] of this.#begun) {
      const owed = this.#owed.get(id);
      const there = found.get(id) ?? [];
      if (!owed && there.length > 0) unheard++;
      for (const recipient of recipients) {
        const copies = there.filter((one) => sameMailbox(one, recipient)).length;
        if (copies > 1) {
          twice++;
          this.find(`${id} to ${recipient} is in the queues ${copies} times`);
        }
        if (!owed || copies > 0) continue;
        lost++;
        this.findings.push({ fault: owed, text: `${id} to ${recipient} was accepted and is in no queue` });
      }
    }
    return { accepted: this.#owed.size, queued: found.size, unheard, lost, twice };
  }
}

function sameMailbox(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
