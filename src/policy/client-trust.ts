/** Whether the lists trust a client itself, whatever it sends: by its address, or by a confirmed name. */
import { defer, type Permit, permit, reply } from './decision';
import { admits, type ListEntry } from './entries/list';
import type { ClientFacts, TrustPolicy } from './relay-policy';

/** Whether the client may relay to anyone. */
export function decideTrust(
  policy: TrustPolicy,
  client: ClientFacts,
): Permit<'client-network' | 'client-domain'> | undefined {
  const network = client.clientAddress && policy.clientNetworks.findAddress(client.clientAddress);
  if (admits(network)) return permit('client-network', network.source);

  // Only a confirmed name counts here: anyone can publish a PTR record.
  for (const name of client.clientNames.confirmed) {
    const host = policy.clientDomains.findDomain(name);
    if (admits(host)) return permit('client-domain', host.source);
  }
  return undefined;
}

/** The exclusion that keeps trust from the client, if one does: of its address first, then of its names. */
export function findExclusion(policy: TrustPolicy, { clientAddress, clientNames }: ClientFacts): ListEntry | undefined {
  const network = clientAddress && policy.clientNetworks.findAddress(clientAddress);
  if (network?.excluded) return network;
  return clientNames.confirmed.map((name) => policy.clientDomains.findDomain(name)).find((host) => host?.excluded);
}

/** Whether the lists can be read just now: where they cannot, no trust found means nothing. */
export function canDecideTrust({ clientNetworks, clientDomains }: TrustPolicy): boolean {
  return clientNetworks.available && clientDomains.available;
}

/** Whether a name might be trusted that could not be looked up, or has not been. */
export function nameMightBeTrusted({ clientDomains }: TrustPolicy, client: ClientFacts): boolean {
  if (namesAreUnknown(client)) return clientDomains.domainCount > 0;
  return client.clientNames.unresolved.some((name) => admits(clientDomains.findDomain(name)));
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
