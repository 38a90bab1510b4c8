/** Trust in a client as the whole connection sees it: `connection.relaying`, given, reviewed and taken back. */

import type { Call } from '../../src/host/answer';
import { type Client, clientOf, isAuthenticated } from '../../src/host/client';
import { record } from '../../src/host/record';
import { decideTrust } from '../../src/policy/client-trust';
import type { Permit } from '../../src/policy/decision';
import type { RelayPolicy } from '../../src/policy/relay-policy';

/** What the lists say of the client as they are now. Asked several times a session, and searched for when they change. */
export function trustOf(policy: RelayPolicy, client: Client): Permit | undefined {
  const { judged, address, names } = client;
  if (judged?.policy === policy && judged.names === names) return judged.trust;
  const trust = decideTrust(policy, { clientAddress: address, clientNames: names });
  client.judged = { policy, names, trust };
  return trust;
}

/**
 * Sets `connection.relaying` if the lists trust the client. Can run any number of times: after a PROXY line it speaks of
 * another address, and what we gave to the one before is taken back.
 */
export function grantTrust(call: Call, client = clientOf(call.connection)): void {
  const { plugin, suite, policy, connection } = call;
  reviewTrust(call, client);
  const trust = trustOf(policy.relay, client);
  if (!trust || client.trust || client.announcedTrust?.rule === trust.rule) return;
  const observing = policy.mode.relay === 'observe';
  // Somebody else's word stays somebody else's: it is not ours to take back later.
  if (!connection.relaying && !observing) {
    connection.relaying = true;
    client.trust = trust;
    client.withdrawn = false;
  } else {
    client.announcedTrust = trust;
  }
  const { generation } = policy;
  record({ plugin, by: 'relay', suite, hook: 'connect', connection, generation, observing }, trust);
}

/**
 * Takes back what we gave, if the lists no longer give it. AUTH is a right of its own and stays. Whether the connection is
 * to be opened anew: another plugin may have granted the same before, and nobody sees that beside our own grant.
 */
export function reviewTrust({ plugin, policy, connection }: Call, client: Client): boolean {
  if (client.trust && (policy.mode.relay === 'observe' || !trustOf(policy.relay, client))) {
    connection.lognotice(plugin, `smtpcheck trust withdrawn from ${client.ip}`, {
      rule: client.trust.rule,
      generation: policy.generation,
    });
    client.trust = undefined;
    client.withdrawn = true;
    client.mustReconnect = true;
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
