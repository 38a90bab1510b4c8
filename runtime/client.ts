/** What is known of a connection's client. It is kept on the connection, where nobody else sees it. */
import { type ClientNames, unaskedNames } from '../core/client-names';
import type { Permit } from '../core/decision';
import { type IpAddress, parseAddress } from '../core/ip-address';
import type { RelayPolicy, Way } from '../core/relay-decision';
import type { Address, Connection, Transaction } from '../types/haraka';

export interface Client {
  /** As Haraka writes it. */
  readonly ip: string;
  readonly address: IpAddress | undefined;
  names: ClientNames;
  /** What the lists of `policy` said of the client under these names. */
  judged: { readonly policy: RelayPolicy; readonly names: ClientNames; readonly trust: Permit | undefined } | undefined;
  /** Why we set `connection.relaying`, if it was us. */
  trust: Permit | undefined;
  /** Trust that was told of without being given: while observing, or where another plugin had given it before. */
  told: Permit | undefined;
  /** We gave trust and took it back. */
  withdrawn: boolean;
}

/** A symbol of ours: no other plugin, no log and no queue file meets it. A WeakMap would cost a message more than a list. */
const clientKey = Symbol('smtpcheck client');

type Known = Connection & { [clientKey]?: Client };

/** The client as it is now: after a PROXY line or XCLIENT the address is another, and nothing known before counts. */
export function clientOf(connection: Known): Client {
  const ip = connection.remote.ip ?? '';
  const known = connection[clientKey];
  if (known?.ip === ip) return known;
  const client: Client = {
    ip,
    address: parseAddress(ip),
    names: unaskedNames,
    judged: undefined,
    trust: undefined,
    told: undefined,
    // Trust given to the address before must not survive it.
    withdrawn: known !== undefined && (known.trust !== undefined || known.withdrawn),
  };
  connection[clientKey] = client;
  return client;
}

/** The PTR name that Haraka's own look-up found, if it found one. */
export function hostNameOf(connection: Connection): string | undefined {
  const { host } = connection.remote;
  return host && host !== 'NXDOMAIN' && host !== 'DNSERROR' && host !== 'Unknown' ? host : undefined;
}

/**
 * What Haraka's own look-up tells of the client's names, at no cost: one of them, or nothing. Its NXDOMAIN says nothing
 * either: Haraka writes that for a SERVFAIL or a timeout too.
 */
export function namesFromHaraka(connection: Connection): ClientNames {
  const name = hostNameOf(connection);
  return name === undefined ? unaskedNames : { ...unaskedNames, claimed: [name] };
}

/** Whether AUTH succeeded on this connection: such a client relays by its own right. */
export function isAuthenticated(connection: Connection): boolean {
  return Boolean(connection.notes.auth_user);
}

/** What we note of a transaction that does not stay here. It goes into the queue file with other notes, so it is plain data. */
export interface TransactionMark {
  /** The way of the recipients that the transaction holds. */
  readonly way: Way;
  /** Accepted because of the destination: what is sent on is mail that we are backup MX for. */
  readonly backup: boolean;
}

export function markOf(transaction: Transaction): TransactionMark | undefined {
  return transaction.notes.smtpcheck as TransactionMark | undefined;
}

export function setMark(transaction: Transaction, mark: TransactionMark): void {
  transaction.notes.smtpcheck = mark;
}

/** How a recipient that we permitted goes on, until `rcpt_ok` asks for it. */
export type Onward = TransactionMark;

const onward = new WeakMap<Address, Onward>();

export function setOnward(recipient: Address, how: Onward): void {
  onward.set(recipient, how);
}

export function onwardOf(recipient: Address): Onward | undefined {
  return onward.get(recipient);
}
