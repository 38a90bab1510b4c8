/** What the relay decisions are made of: the lists as one policy, the facts of one RCPT as a request, and the replies. */
import type { Limits } from './attributes/limit';
import type { Sender, SenderScope } from './attributes/sender-scope';
import type { ClientNames } from './client-names';
import { type Decision, type Permit, type Reply, reply } from './decision';
import type { Recipient } from './entries/entry-tables';
import { formatAddress, type IpAddress } from './entries/ip-address';
import type { PolicyList } from './entries/list';
import type { LocalDomains } from './entries/local-domains';
import type { RelayMap } from './entries/relay-map';
import { printable } from './findings/characters';
import type { DomainExchanges } from './mx-backup';
import type { VerifyRule } from './verify';

/** The lists that trust a client. */
export interface TrustPolicy {
  /** `localip`: clients that may relay to anyone. */
  readonly clientNetworks: PolicyList;
  /** `localdomain`: likewise, by confirmed name. */
  readonly clientDomains: PolicyList;
  /** `observe`: an entry with `from=` trusts its clients whatever their sender is. */
  readonly attributes: 'enforce' | 'observe';
}

export interface RelayPolicy extends TrustPolicy {
  /** `false`: whatever no list permits is left to the other plugins, unless `relay.map` refuses it. */
  readonly restriction: boolean;
  /** `relay.to`: destinations that anyone may send to. */
  readonly destinations: PolicyList;
  readonly map: RelayMap;
  /** Domains that this server delivers itself, whoever sends to them. */
  readonly localDomains: LocalDomains;
  /** `false`: whatever a client may relay is sent on, our own domains included. */
  readonly localDelivery: boolean;
}

export interface ClientFacts {
  /** `undefined` when the host has no address for the client; such a client is trusted for nothing. */
  readonly clientAddress: IpAddress | undefined;
  readonly clientNames: ClientNames;
  /** When the question is asked, in milliseconds since 1970: an entry that has ended does not exist. */
  readonly time: number;
  /** Absent before MAIL. */
  readonly sender?: Sender | undefined;
}

export interface RelayRequest extends ClientFacts {
  readonly recipient: Recipient;
  /** The recipient's domain is an address literal of this host. */
  readonly recipientIsHere: boolean;
  /** Another plugin has granted relaying (`connection.relaying`, not by us). */
  readonly vouched: boolean;
  /** Absent while nobody has looked them up: they are only where they could change the decision. */
  readonly exchanges?: DomainExchanges;
}

export type RelayRule =
  | 'vouched'
  | 'client-network'
  | 'client-domain'
  | 'destination'
  | 'relay-map'
  | 'backup-mx'
  | 'postmaster'
  | 'own-address'
  | 'list-unavailable'
  | 'name-unknown'
  | 'mx-unknown'
  | 'trust-withdrawn'
  | 'limit-reached'
  | 'client-excluded'
  | 'sender-not-covered'
  | 'destination-excluded'
  | 'relay-denied'
  | 'restriction-off'
  | VerifyRule;

/** Where an accepted recipient goes: to Haraka's outbound queue, to the queue plugins, or nowhere. */
export type Disposition = 'relay' | 'local' | 'discard';

/** What narrows the trust that an entry gives: the senders that it is for, and for how many recipients. */
export interface TrustBounds {
  readonly scope?: SenderScope;
  readonly limits?: Limits;
}

export type TrustPermit = Permit<'client-network' | 'client-domain'> & TrustBounds;

export interface RelayPermit extends Permit<RelayRule>, TrustBounds {
  readonly disposition: Disposition;
  /** The next hop is to be asked first. */
  readonly verify?: true;
  /** By the answer of the next hop. */
  readonly verified?: 'known' | 'unsure';
}

export type RelayDecision = RelayPermit | Exclude<Decision<RelayRule>, Permit>;

export const relayingDenied = reply(550, '5.7.1', 'Relaying denied');
export const relayingUnavailable = reply(450, '4.7.1', 'Relaying temporarily denied');

export function cannotResolve(client: ClientFacts): Reply {
  const { code, text } = relayingUnavailable;
  return reply(code, '4.7.1', `${text}. Cannot resolve PTR record for ${addressText(client)}`);
}

export function cannotFindExchanges({ recipient }: RelayRequest): Reply {
  const { code, text } = relayingUnavailable;
  return reply(code, '4.4.3', `${text}. Cannot resolve MX records for ${printable(recipient.domain)}`);
}

export function addressText({ clientAddress }: ClientFacts): string {
  return clientAddress ? formatAddress(clientAddress) : 'unknown';
}

/** RFC 5321 §4.5.1: `<postmaster>` without a domain. */
export function isBarePostmaster(recipient: Recipient): boolean {
  return recipient.domain === '' && recipient.localPart.toLowerCase() === 'postmaster';
}
