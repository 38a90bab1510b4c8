/**
 * Whether the lists trust a client: by its address, or by a confirmed name. An entry may trust it for some senders alone; a
 * sender is a claim, so it never gives trust, and only narrows it.
 */
import { defer, permit, reply } from './decision';
import { admits, type ListEntry } from './entries/list';
import type { ClientFacts, TrustPermit, TrustPolicy } from './relay-policy';

/** Whether the client may relay to anyone, in mail of this sender. */
export function decideTrust(policy: TrustPolicy, client: ClientFacts): TrustPermit | undefined {
  const network = findNetwork(policy, client);
  if (trusts(policy, network, client)) return withBounds(permit('client-network', network.source), network);

  // Only a confirmed name counts here: anyone can publish a PTR record.
  for (const name of client.clientNames.confirmed) {
    const host = policy.clientDomains.findDomain(name, client.time);
    if (trusts(policy, host, client)) return withBounds(permit('client-domain', host.source), host);
  }
  return undefined;
}

/** Whether the entry, the most specific one, trusts clients in mail of this sender. Where it does not, no wider one is asked. */
export function trusts(
  policy: Pick<TrustPolicy, 'attributes'>,
  entry: ListEntry | undefined,
  client: Pick<ClientFacts, 'sender'>,
): entry is ListEntry {
  if (!admits(entry)) return false;
  return entry.scope === undefined || policy.attributes === 'observe' || entry.scope.covers(client.sender);
}

/** Whether any entry trusts clients for some senders alone. */
export function dependsOnSender({ clientNetworks, clientDomains }: TrustPolicy): boolean {
  return clientNetworks.hasScopes || clientDomains.hasScopes;
}

function withBounds(trust: TrustPermit, { scope, limits }: ListEntry): TrustPermit {
  return scope || limits ? { ...trust, ...(scope && { scope }), ...(limits && { limits }) } : trust;
}

function findNetwork({ clientNetworks }: TrustPolicy, { clientAddress, time }: ClientFacts): ListEntry | undefined {
  return clientAddress && clientNetworks.findAddress(clientAddress, time);
}

/**
 * The entry that keeps trust from a client without it, if one does: an exclusion, or one that does not cover the sender. Of
 * its address first, then of its names.
 */
export function findDenial(policy: TrustPolicy, client: ClientFacts): ListEntry | undefined {
  const network = findNetwork(policy, client);
  if (network) return network;
  for (const name of client.clientNames.confirmed) {
    const host = policy.clientDomains.findDomain(name, client.time);
    if (host) return host;
  }
  return undefined;
}

/** Whether the lists can be read just now: where they cannot, no trust found means nothing. */
export function canDecideTrust({ clientNetworks, clientDomains }: TrustPolicy): boolean {
  return clientNetworks.available && clientDomains.available;
}

/** Whether a name might be trusted that could not be looked up, or has not been. */
export function nameMightBeTrusted(policy: TrustPolicy, client: ClientFacts): boolean {
  const { clientDomains } = policy;
  if (namesAreUnknown(client)) return clientDomains.holdsNames(client.time);
  return client.clientNames.unresolved.some((name) =>
    trusts(policy, clientDomains.findDomain(name, client.time), client),
  );
}

export function namesAreUnknown(client: ClientFacts): boolean {
  return client.clientNames.state === 'unknown' || canLookUpNames(client);
}

/** Whether the names of the client have not been looked up. A client without an address has none to look up. */
export function canLookUpNames({ clientAddress, clientNames }: ClientFacts): boolean {
  return clientAddress !== undefined && clientNames.state === 'unasked';
}

/** After trust was withdrawn: 421 ends the connection, and on a new one the client has what it has a right to. */
export const trustWithdrawn = defer(
  'trust-withdrawn',
  reply(421, '4.7.1', 'Relaying permission has changed, please reconnect'),
);
