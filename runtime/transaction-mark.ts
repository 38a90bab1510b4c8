/**
 * Which way the recipients of a transaction go, noted where Haraka's queue finds it again; and how one recipient goes on,
 * from the decision until `rcpt_ok` asks for it.
 */
import type { Way } from '../core/relay-decision';
import type { Address, Notes, Transaction } from '../types/haraka';

/** It goes into the queue file with the other notes, so it is plain data. */
export interface Mark {
  readonly way: Way;
  /** Accepted because of the destination: what is sent on is mail that we are backup MX for. */
  readonly backup: boolean;
}

/** Nothing where all recipients stay here. */
export function markOf(notes: Notes | undefined): Mark | undefined {
  return notes?.smtpcheck as Mark | undefined;
}

/** Most mail stays here and has no mark: to set one costs a message more than a search in a list. */
export function setMark(notes: Notes, mark: Mark): void {
  if (mark.way !== 'local') notes.smtpcheck = mark;
  else if (notes.smtpcheck !== undefined) notes.smtpcheck = undefined;
}

const onward = new WeakMap<Address, Mark>();

/** `decided` is the address that was decided on; the transaction may hold another object for it. */
export function setOnward(transaction: Transaction | null, decided: Address, how: Mark): void {
  onward.set(decided, how);
  // A plugin that rewrites recipients makes two addresses of each, and `rcpt_ok` is handed the transaction's.
  const held = transaction?.rcpt_to.at(-1);
  if (held && held !== decided && held.format() === decided.format()) onward.set(held, how);
}

export function onwardOf(recipient: Address): Mark | undefined {
  return onward.get(recipient);
}
