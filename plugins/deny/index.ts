/** Who is refused whatever they want: the clients in `host.deny`. The decision is `core/deny-decision.ts`. */
import { type DenyDecision, decideDeny, pass } from '../../core';
import { answer, type Context, join, leave, type SuitePlugin, suiteOf } from '../../runtime/answer';
import { type Client, clientOf, namesFromHaraka } from '../../runtime/client';
import type { Policy } from '../../runtime/policy';
import type { AddressParams, Connection, Next } from '../../types/haraka';

/** Before any plugin that could accept: deny wins over trust. */
const first = -100;

export function register(this: SuitePlugin): void {
  join(this, 'deny');
  registerDeny(this);
}

export function registerDeny(plugin: SuitePlugin): void {
  plugin.register_hook('connect', 'deny_connect', first);
  plugin.register_hook('rcpt', 'deny_recipient', first);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

export function deny_connect(this: SuitePlugin, next: Next, connection: Connection): void {
  answer({ plugin: this, name: 'deny', hook: 'connect', connection }, next, (policy) =>
    policy.settings.deny.at === 'connect' ? decide(this, policy, connection) : pass('deny-at-rcpt'),
  );
}

/** At each recipient too: the list may have changed since the client connected. */
export function deny_recipient(this: SuitePlugin, next: Next, connection: Connection, [address]: AddressParams): void {
  const context: Context = { plugin: this, name: 'deny', hook: 'rcpt', connection, recipient: address };
  answer(context, next, (policy) => decide(this, policy, connection));
}

type Decided = Exclude<DenyDecision, { outcome: 'ask-name' }>;

function decide(plugin: SuitePlugin, policy: Policy, connection: Connection): Decided | Promise<Decided> {
  const client = clientOf(connection);
  const decision = decideDeny(policy.deny, {
    clientAddress: client.address,
    clientNames: client.names.state === 'unasked' ? namesFromHaraka(connection) : client.names,
  });
  return decision.outcome === 'ask-name' ? askAndDecide(plugin, client) : decision;
}

/** Haraka knows one PTR name of the client at most; another may be the one that is listed. */
async function askAndDecide(plugin: SuitePlugin, client: Client): Promise<Decided> {
  const suite = suiteOf(plugin);
  if (!client.address) return pass('client-not-denied');
  const clientNames = await suite.names.claimed({ ip: client.ip, address: client.address });
  const decision = decideDeny(suite.policy.deny, { clientAddress: client.address, clientNames });
  if (decision.outcome === 'ask-name') throw new Error(`the name of ${client.ip} was asked for and is still unknown`);
  return decision;
}
