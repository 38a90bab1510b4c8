/** The deny decision: is this client refused whatever it wants? It wins over every trust. */
import type { ClientNames } from './client-names';
import { type Decision, defer, pass, refuse, reply } from './decision';
import { formatAddress, type IpAddress } from './entries/ip-address';
import { admits, type ListEntry, type PolicyList } from './entries/list';

export interface DenyPolicy {
  /** `host.deny`. */
  readonly clients: PolicyList;
  /** What to do when a name could decide and could not be looked up just now. */
  readonly onDnsFailure: 'defer' | 'pass';
}

export interface DenyRequest {
  /** `undefined` where the host has none for the client, or one that cannot be read. */
  readonly clientAddress: IpAddress | undefined;
  readonly clientNames: ClientNames;
  /** When the question is asked, in milliseconds since 1970: an entry that has ended does not exist. */
  readonly time: number;
}

export type DenyRule =
  | 'list-unavailable'
  | 'client-denied-network'
  | 'client-denied-domain'
  | 'client-address-unknown'
  | 'client-name-unknown'
  | 'client-not-denied';

export type DenyDecision = Decision<DenyRule>;

/** The client's names must have been looked up where `denyNeedsClientName` says so. */
export function decideDeny(policy: DenyPolicy, request: DenyRequest): DenyDecision {
  // Trusted clients are deferred as well: the list may name them, and it wins over every trust.
  if (!policy.clients.available) return defer('list-unavailable', unavailable);

  const { time } = request;
  if (!policy.clients.holdsEntries(time)) return notDenied;
  // A proxy may write an address as Haraka takes it and nobody else does (`0x7f000001`).
  if (!request.clientAddress) return defer('client-address-unknown', unavailable);

  const network = policy.clients.findAddress(request.clientAddress, time);
  if (admits(network)) return refuse('client-denied-network', denied, network.source);
  if (!policy.clients.holdsNames(time)) return notDeniedBy(network);

  // A name need not be confirmed to deny: forging one must not be the way out.
  let exclusion = network;
  for (const name of request.clientNames.claimed) {
    const domain = policy.clients.findDomain(name, time);
    if (admits(domain)) return refuse('client-denied-domain', denied, domain.source);
    exclusion ??= domain;
  }
  // No opinion would let in whom a name could deny.
  if (request.clientNames.state === 'unasked') throw new Error("the client's names have not been looked up");
  if (request.clientNames.state === 'unknown' && policy.onDnsFailure === 'defer') {
    return defer('client-name-unknown', cannotResolve(request.clientAddress));
  }
  return notDeniedBy(exclusion);
}

/** The exclusion that kept a wider entry from refusing the client, where there is one. */
function notDeniedBy(exclusion: ListEntry | undefined): DenyDecision {
  return exclusion ? pass('client-not-denied', exclusion.source) : notDenied;
}

/**
 * Whether the names of the client must be looked up before `decideDeny` is asked. Neither its address decides, nor a name that
 * is known without a look-up.
 */
export function denyNeedsClientName({ clients }: DenyPolicy, request: DenyRequest): boolean {
  const { clientAddress, clientNames, time } = request;
  if (!clients.holdsNames(time) || clientNames.state !== 'unasked' || !clientAddress || !clients.available)
    return false;
  return (
    !admits(clients.findAddress(clientAddress, time)) &&
    !clientNames.claimed.some((name) => admits(clients.findDomain(name, time)))
  );
}

export const notDenied = pass('client-not-denied');
const denied = reply(550, '5.7.1', 'Access denied');
const unavailable = reply(450, '4.7.1', 'Access temporarily denied');

function cannotResolve(address: IpAddress) {
  return reply(450, '4.7.1', `Access temporarily denied. Cannot resolve PTR record for ${formatAddress(address)}`);
}
