/** The deny decision: is this client refused whatever it wants? It wins over every trust. */
import type { ClientNames } from './client-names';
import { type AskName, askName, type Decision, defer, pass, refuse, reply } from './decision';
import { formatAddress, type IpAddress } from './ip-address';
import { admits, type PolicyList } from './list';

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
}

export type DenyRule =
  | 'list-unavailable'
  | 'client-denied-network'
  | 'client-denied-domain'
  | 'client-address-unknown'
  | 'client-name-unknown'
  | 'client-not-denied';

export type DenyDecision = Decision<DenyRule>;

export function decideDeny(policy: DenyPolicy, request: DenyRequest): DenyDecision | AskName {
  // Trusted clients are deferred as well: the list may name them, and it wins over every trust.
  if (!policy.clients.available) return defer('list-unavailable', unavailable);

  if (policy.clients.size === 0) return notDenied;
  // A proxy may write an address as Haraka takes it and nobody else does (`0x7f000001`).
  if (!request.clientAddress) return defer('client-address-unknown', unavailable);

  const network = policy.clients.findAddress(request.clientAddress);
  if (admits(network)) return refuse('client-denied-network', denied, network.source);
  if (policy.clients.domainCount === 0) return notDenied;

  // A name need not be confirmed to deny: forging one must not be the way out.
  for (const name of request.clientNames.claimed) {
    const domain = policy.clients.findDomain(name);
    if (admits(domain)) return refuse('client-denied-domain', denied, domain.source);
  }
  if (request.clientNames.state === 'unasked') return askName;
  if (request.clientNames.state === 'unknown' && policy.onDnsFailure === 'defer') {
    return defer('client-name-unknown', cannotResolve(request.clientAddress));
  }
  return notDenied;
}

export const notDenied = pass('client-not-denied');
const denied = reply(550, '5.7.1', 'Access denied');
const unavailable = reply(450, '4.7.1', 'Access temporarily denied');

function cannotResolve(address: IpAddress) {
  return reply(450, '4.7.1', `Access temporarily denied. Cannot resolve PTR record for ${formatAddress(address)}`);
}
