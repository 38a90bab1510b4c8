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

interface Owed {
  readonly fault: string;
  readonly recipients: readonly string[];
}

export interface Settlement {
  readonly accepted: number;
  readonly queued: number;
  readonly lost: number;
  /** Taken twice: a client that was not told comes again, and so may a server that was killed. */
  readonly twice: number;
}

/** Every message carries its id as the subject. */
export const idPrefix = 'fault run message ';

export class Ledger {
  readonly findings: Finding[] = [];
  readonly tallies = new Map<string, Tally>();
  readonly #owed = new Map<string, Owed>();
  /** Recipients of messages whose fate the client has not learned. */
  readonly #open = new Map<string, readonly string[]>();
  #fault = 'none';
  #messages = 0;

  /** All that is noted from now on belongs to this fault. */
  under(fault: string): void {
    this.#fault = fault;
  }

  get tally(): Tally {
    return this.tallyOf(this.#fault);
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
    const id = `${idPrefix}${++this.#messages}`;
    this.#open.set(id, recipients);
    return id;
  }

  /** The server has said that it has it. */
  accepted(id: string): void {
    this.#owed.set(id, { fault: this.#fault, recipients: this.#open.get(id) ?? [] });
    this.tally.messages++;
  }

  /** Holds what was accepted against what the queues hold. */
  settle(queued: readonly QueuedMessage[]): Settlement {
    const found = new Map<string, string[]>();
    for (const message of queued) {
      const id = message.headers.find((header) => header.startsWith(`Subject: ${idPrefix}`))?.slice('Subject: '.length);
      const own = id === undefined ? undefined : this.#open.get(id);
      for (const recipient of message.recipients) {
        const may = own ? own.some((one) => sameMailbox(one, recipient)) : anybodyMayReach(recipient);
        if (!may) this.find(`${message.id}: ${recipient} was queued, and nobody was given leave for it`);
      }
      if (id !== undefined) found.set(id, [...(found.get(id) ?? []), ...message.recipients]);
    }
    let lost = 0;
    let twice = 0;
    for (const [id, { fault, recipients }] of this.#owed) {
      const there = found.get(id) ?? [];
      for (const recipient of recipients) {
        const copies = there.filter((one) => sameMailbox(one, recipient)).length;
        if (copies > 1) twice++;
        if (copies > 0) continue;
        lost++;
        this.findings.push({ fault, text: `${id} to ${recipient} was accepted and is in no queue` });
      }
    }
    return { accepted: this.#owed.size, queued: found.size, lost, twice };
  }
}

function sameMailbox(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
