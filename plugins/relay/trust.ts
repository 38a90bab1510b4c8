/**
 * Trust in a client: `connection.relaying`, given, reviewed and taken back. Trust for every sender holds for the connection;
 * trust for some senders begins at MAIL, and ends with the transaction.
 */

import { type Call, recordOpinion } from '../../src/host/answer';
import { type Client, clientOf, isAuthenticated } from '../../src/host/client';
import { decideTrust, dependsOnSender } from '../../src/policy/client-trust';
import type { Permit } from '../../src/policy/decision';
import type { TrustPermit } from '../../src/policy/relay-policy';
import type { Connection, Transaction } from '../../src/types/haraka';
import { factsOf } from './facts';

/** What the lists say of the client whatever it sends. Asked several times a session, and searched for when they change. */
function trustOfConnection(call: Call, client: Client): TrustPermit | undefined {
  const { suite, policy } = call;
  const { relay } = policy;
  const { judged, address, names } = client;
  if (judged?.policy === relay && judged.names === names) return judged.trust;
  const trust = decideTrust(relay, { clientAddress: address, clientNames: names, time: suite.timeFor(policy) });
  // What was found out holds until an entry ends, which the policy has no time of.
  const isLasting = !relay.clientNetworks.hasEnds && !relay.clientDomains.hasEnds;
  client.judged = isLasting ? { policy: relay, names, trust } : undefined;
  return trust;
}

const trustKey = Symbol('smtpcheck trust in the sender');

/** What the lists say of the client in this mail. */
export function trustInMail(call: Call, client: Client): TrustPermit | undefined {
  const { relay } = call.policy;
  const trust = trustOfConnection(call, client);
  return trust || !dependsOnSender(relay) ? trust : decideTrust(relay, factsOf(call, client));
}

/** The trust that we gave to the client for the open transaction alone. */
export function trustInTransaction({
  transaction,
}: {
  readonly transaction: (Transaction & { [trustKey]?: TrustPermit | undefined }) | null;
}): TrustPermit | undefined {
  return transaction?.[trustKey];
}

/** Whether `connection.relaying`, where it is set, is set by us. */
export function isOurGrant(connection: Connection, client: Client): boolean {
  return client.trust !== undefined || trustInTransaction(connection) !== undefined;
}

/**
 * Sets `connection.relaying` if the lists trust the client. Can run any number of times: after a PROXY line it speaks of
 * another address, and what we gave to the one before is taken back.
 */
export function grantTrust(call: Call, client = clientOf(call.connection)): void {
  const { connection } = call;
  reviewTrust(call, client);
  const trust = trustOfConnection(call, client);
  if (!trust || client.trust || client.announcedTrust?.rule === trust.rule) return;
  // Somebody else's word stays somebody else's: it is not ours to take back later.
  if (!connection.relaying && !isObserving(call)) {
    connection.relaying = true;
    client.trust = trust;
    client.withdrawn = false;
  } else {
    client.announcedTrust = trust;
  }
  recordOpinion(call, { hook: 'connect', observing: isObserving(call) }, trust);
}

/** At MAIL: the same where an entry trusts the client for this sender. It ends with the transaction, as Haraka's setter has it. */
export function grantTrustToSender(call: Call, client = clientOf(call.connection)): void {
  const { policy, connection } = call;
  const { transaction } = connection;
  reviewTrust(call, client);
  if (connection.relaying || !transaction) return;
  const trust = decideTrust(policy.relay, factsOf(call, client));
  if (!trust?.scope) return;
  if (!isObserving(call)) {
    connection.relaying = true;
    Object.assign(transaction, { [trustKey]: trust });
  }
  recordOpinion(call, { hook: 'mail', observing: isObserving(call) }, trust);
}

function isObserving({ policy }: Call): boolean {
  return policy.mode.relay === 'observe';
}

/**
 * Takes back what we gave, if the lists no longer give it. AUTH is a right of its own and stays. Whether the connection is
 * to be opened anew: another plugin may have granted the same before, and nobody sees that beside our own grant.
 */
export function reviewTrust(call: Call, client: Client): boolean {
  const { policy, connection } = call;
  if (client.trust && (isObserving(call) || !trustOfConnection(call, client))) {
    logWithdrawal(call, client.trust);
    client.trust = undefined;
    client.withdrawn = true;
    client.mustReconnect = true;
  }
  const inTransaction = trustInTransaction(connection);
  if (inTransaction && (isObserving(call) || !decideTrust(policy.relay, factsOf(call, client)))) {
    logWithdrawal(call, inTransaction);
    Object.assign(connection.transaction as Transaction, { [trustKey]: undefined });
    client.mustReconnect = true;
    if (!isAuthenticated(connection)) connection.relaying = false;
  }
  if (isAuthenticated(connection)) return false;
  if (client.withdrawn) {
    // Inside a transaction the setter speaks of that one alone; the connection itself must forget as well.
    connection.relaying = false;
    connection._relaying = false;
    // Whoever grants relaying from here on does so by their own word.
    client.withdrawn = false;
  }
  return client.mustReconnect && !connection.relaying;
}

function logWithdrawal({ plugin, policy, connection }: Call, { rule }: Permit): void {
  connection.lognotice(plugin, `smtpcheck trust withdrawn from ${clientOf(connection).ip}`, {
    rule,
    generation: policy.generation,
  });
}
