/** Who is refused whatever they want: the clients in `host.deny`. The decision is `src/policy/deny-decision.ts`. */

import { type Call, first, join, leave, registerHook, type SuitePlugin, type Task } from '../../src/host/answer';
import { type Client, clientOf, forgetExpiredNames, namesFromHaraka, refuseProxyLines } from '../../src/host/client';
import type { Suite } from '../../src/host/suite';
import { unknownNames } from '../../src/policy/client-names';
import { pass } from '../../src/policy/decision';
import { type DenyDecision, decideDeny, denyNeedsClientName, notDenied } from '../../src/policy/deny-decision';
import type { AddressParams, Connection } from '../../src/types/haraka';

export function register(this: SuitePlugin): void {
  join(this, 'deny');
  registerDeny(this);
}

export function registerDeny(plugin: SuitePlugin): void {
  // Before any plugin that could accept: deny wins over trust.
  registerHook(plugin, 'connect', 'deny_connect', first, denyAtConnect);
  registerHook(plugin, 'rcpt', 'deny_recipient', first, denyAtRecipient);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

const later = pass('deny-at-rcpt');

export const denyAtConnect: Task = {
  plugin: 'deny',
  hook: 'connect',
  run(call) {
    const { policy, connection } = call;
    if (policy.mode.deny === 'enforce') refuseProxyLines(connection);
    return policy.settings.deny.at === 'connect' ? decide(call) : later;
  },
};

/** At each recipient too: the list may have changed since the client connected. */
export const denyAtRecipient: Task<Connection, AddressParams> = {
  plugin: 'deny',
  hook: 'rcpt',
  recipient: ([address]) => address,
  run: decide,
};

function decide({ suite, policy, connection }: Call): DenyDecision | Promise<DenyDecision> {
  const client = clientOf(connection);
  forgetExpiredNames(client);
  if (client.clearedBy === policy.deny) return notDenied;
  const { address: clientAddress, names } = client;
  const clientNames = names.state === 'unasked' ? namesFromHaraka(connection) : names;
  const request = { clientAddress, clientNames, time: suite.timeFor(policy) };
  if (denyNeedsClientName(policy.deny, request)) return lookUpAndDecide(suite, client);
  const decision = decideDeny(policy.deny, request);
  // No entry covers the address, so none can begin to deny it when another ends.
  if (decision === notDenied && !policy.deny.clients.holdsNames(request.time)) client.clearedBy = policy.deny;
  return decision;
}

/** Haraka knows one PTR name of the client at most; another may be the one that is listed. */
async function lookUpAndDecide(suite: Suite, client: Client): Promise<DenyDecision> {
  const { ip, address } = client;
  client.claims = address ? await suite.names.claimed({ ip, address }) : unknownNames;
  const { policy } = suite;
  const time = suite.timeFor(policy);
  return decideDeny(policy.deny, { clientAddress: address, clientNames: client.claims, time });
}
