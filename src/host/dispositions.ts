/**
 * Where each recipient of a transaction goes: from the decision until `rcpt_ok` asks for it, then until the message is
 * queued; and the mark that the queue file of relayed mail carries.
 */
import type { Disposition, RelayPermit } from '../policy/relay-policy';
import type { Address, Connection, Notes, Transaction } from '../types/haraka';

/** Of mail in Haraka's outbound queue that we have put there. It goes into the queue file with the other notes, so it is plain data. */
export interface Mark {
  /** Accepted because of the destination: what is sent on is mail that we are backup MX for. */
  readonly backup?: boolean;
  /** Domains that were accepted because of their MX records: these are looked at again before the mail is sent. */
  readonly byExchanges?: readonly string[];
  /** The reply of a queue that has refused the message for good: it is there to be bounced. */
  readonly refused?: string;
  /** Where this server listens. Mail of `[limits] report_to` to a local mailbox comes in there as any other mail does. */
  readonly listener?: { readonly exchange: string; readonly port: number };
}

/** Nothing for mail that another plugin has put into the queue. */
export function markOf(notes: Notes | undefined): Mark | undefined {
  return notes?.smtpcheck as Mark | undefined;
}

/** `notes.queue` of other plugins: which queue is to take the message, and its next hop. */
export type QueueNotes = Readonly<Record<string, unknown>> | undefined;

/** What stands before other plugins are asked about a recipient, to be compared with what stands afterwards. */
export interface BeforeRecipient {
  /** Where the client may relay: an acceptance need not mean that the recipient is ours. */
  readonly acceptance?: { vouchesForMailbox(connection: Connection): boolean } | undefined;
  readonly queue: QueueNotes;
  readonly discard: boolean;
}

/** What the suite keeps of a transaction in which not every recipient goes to the queue plugins. */
export interface Routing {
  /** Recipients that are not in it are local. */
  readonly dispositions: Map<Address, Exclude<Disposition, 'local'>>;
  /** How many recipients of the transaction have been looked at: a plugin can put several in the place of one. */
  seen: number;
  backup: boolean;
  byExchanges: string[];
  /** What other plugins have noted for the recipients that are relayed. */
  relayQueue: QueueNotes;
}

const routingKey = Symbol('smtpcheck routing');

type Known = Transaction & { [routingKey]?: Routing };

/** Nothing where every recipient is local: most mail has none, and costs no more. */
export function routingOf(transaction: Known): Routing | undefined {
  return transaction[routingKey];
}

/** The routing of the transaction, or a new one: `seen` recipients of it are local then. */
export function startRouting(transaction: Known, seen = 0): Routing {
  transaction[routingKey] ??= { dispositions: new Map(), seen, backup: false, byExchanges: [], relayQueue: undefined };
  return transaction[routingKey];
}

/** The transaction as if these recipients alone had come in it, with notes of its own. Nothing of it is to be routed any more. */
export function partOf(
  transaction: Transaction,
  recipients: readonly Address[],
  { relaying, notes }: { readonly relaying: boolean; readonly notes: Notes },
): Transaction {
  const { notes: all } = transaction;
  // Notes of Haraka's are an object of a class, whose methods are bound to it.
  const copy = new (all.constructor as new (notes: Notes) => Notes)(all);
  return Object.create(transaction, {
    rcpt_to: { value: [...recipients], writable: true },
    notes: { value: Object.assign(copy, notes), writable: true },
    _relaying: { value: relaying, writable: true },
    [routingKey]: { value: undefined, writable: true },
  });
}

/** The recipients of a transaction, by where they go. */
export function recipientsOf(transaction: Transaction): Readonly<Record<Disposition, readonly Address[]>> {
  const byDisposition: Record<Disposition, Address[]> = { relay: [], local: [], discard: [] };
  const dispositions = routingOf(transaction)?.dispositions;
  for (const recipient of transaction.rcpt_to) byDisposition[dispositions?.get(recipient) ?? 'local'].push(recipient);
  return byDisposition;
}

const permits = new WeakMap<Address, RelayPermit>();

/** `decided` is the address that was decided on; the transaction may hold another object for it. */
export function keepPermit(transaction: Transaction | null, decided: Address, permit: RelayPermit): void {
  permits.set(decided, permit);
  // A plugin that rewrites recipients makes two addresses of each, and `rcpt_ok` is handed the transaction's.
  const held = transaction?.rcpt_to.at(-1);
  if (held && held !== decided && held.format() === decided.format()) permits.set(held, permit);
}

export function permitOf(recipient: Address): RelayPermit | undefined {
  return permits.get(recipient);
}
