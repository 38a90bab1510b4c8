/**
 * Which limits the recipients of a client are counted against. A limit narrows what trust or AUTH gives: recipients that
 * anyone may send to are not counted, nor are those that stay here.
 */
import type { Limit } from './attributes/limit';
import { type Defer, defer, reply } from './decision';
import { formatAddress, formatNetwork, type IpAddress, maskAddress, parseAddress } from './entries/ip-address';
import type { SourceLine } from './findings/finding';
import type { TrustPermit } from './relay-policy';

export interface LimitPolicy {
  /** `observe`: what is over a limit is recorded, and accepted. */
  readonly mode: 'enforce' | 'observe';
  /** For each trusted client whose entry has no limit. */
  readonly client: Limit | null;
  /** For each user of AUTH. */
  readonly user: Limit | null;
  /** Where the two stand in the settings. */
  readonly at: Readonly<Partial<Record<'client' | 'user', SourceLine>>>;
  /** IPv6 clients are counted by networks of this length. */
  readonly ipv6: number;
}

/** Something that recipients are counted for, and its limit. Of reports there is one a day. */
export interface Counter {
  readonly subject: 'client' | 'entry' | 'user' | 'report';
  /** An address or network, the text of an entry, or a user. */
  readonly name: string;
  readonly limit: Limit;
  /** The entry or the setting that the limit is of. */
  readonly at?: SourceLine | undefined;
}

/** Counters with the same key count together, in every process and on every machine, also when the limit is changed. */
export function keyOf({ subject, name, limit }: Counter): string {
  return `${subject} ${limit.period} ${name}`;
}

export interface CountedClient {
  readonly address: IpAddress | undefined;
  /** Who has authenticated, if anyone has: AUTH is a right of its own, and no entry limits it. */
  readonly user: string | undefined;
  readonly trust: TrustPermit | undefined;
}

/** Where the limit of an entry and that of all its clients are both given, the former is first. `entryOf`: the text of an entry. */
export function countersOf(
  policy: LimitPolicy,
  { address, user, trust }: CountedClient,
  entryOf: (at: SourceLine) => string,
): readonly Counter[] {
  if (user !== undefined) {
    return policy.user ? [{ subject: 'user', name: userName(user), limit: policy.user, at: policy.at.user }] : [];
  }
  if (!trust || !address) return [];
  const name = clientName(address, policy.ipv6);
  if (!trust.limits) {
    return policy.client ? [{ subject: 'client', name, limit: policy.client, at: policy.at.client }] : [];
  }
  const { at } = trust;
  const { client, all } = trust.limits;
  return [
    ...(client ? [{ subject: 'client', name, limit: client, at } as const] : []),
    ...(all && at ? [{ subject: 'entry', name: entryOf(at), limit: all, at } as const] : []),
  ];
}

/** The names that a client, a user or an entry may be counted under, as somebody writes it. */
export function namesFor(text: string, ipv6: number): readonly string[] {
  const address = parseAddress(text);
  return address ? [clientName(address, ipv6), text] : [text, userName(text)];
}

/** Some password stores do not distinguish the case of a name, and nobody gets a limit for each way to write it. */
function userName(user: string): string {
  return user.normalize('NFKC').toLowerCase();
}

/** Whoever has one IPv6 address has the network around it too. */
function clientName(address: IpAddress, length: number): string {
  if (address.family === 4) return formatAddress(address);
  return formatNetwork({ address: maskAddress(address, length), length });
}

/** A recipient over a limit: each on its own, and those before it are sent. */
export function decideCounted({ at }: Counter): Defer<'limit-reached'> {
  return defer('limit-reached', limitReached, at);
}

const limitReached = reply(450, '4.7.1', 'Too many recipients from this client; try again later');
