/**
 * Who may relay through us. The decision is `core/relay-decision.ts`; here the facts are gathered and the answer is
 * given, hook by hook in the order in which a session meets them.
 */
import constants from 'haraka-constants';
import {
  admits,
  decideRecipientForm,
  decideRelay,
  decideSplit,
  pass,
  type Recipient,
  type RelayDecision,
  type RelayPermit,
  type RelayPolicy,
} from '../../core';
import { answer, guarded, join, leave, type SuitePlugin, suiteOf } from '../../runtime/answer';
import { clientOf, hostNameOf, markOf, onwardOf, setOnward } from '../../runtime/client';
import { noOpinion } from '../../runtime/guard';
import type { Address, AddressParams, Connection, Next, OutboundMail } from '../../types/haraka';
import { nextHops } from './next-hops';
import { grantTrust, reviewTrust, trustOf } from './trust';

/** The earliest and the latest place among the plugins of a hook. */
const first = -100;
const last = 100;

export function register(this: SuitePlugin): void {
  join(this, 'relay');
  registerRelay(this);
}

export function registerRelay(plugin: SuitePlugin): void {
  plugin.register_hook('connect_init', 'relay_trust_address', first);
  plugin.register_hook('connect', 'relay_trust_name', first);
  plugin.register_hook('rcpt', 'relay_guard_recipient', first);
  plugin.register_hook('rcpt', 'relay_decide_recipient', last);
  plugin.register_hook('rcpt_ok', 'relay_split_transaction', first);
  plugin.register_hook('queue', 'relay_queue', first);
  plugin.register_hook('get_mx', 'relay_next_hops', first);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

/** A client in `localip` is ours from the start, for other plugins too. Haraka runs this again after a PROXY line. */
export function relay_trust_address(this: SuitePlugin, next: Next, connection: Connection): void {
  guarded({ plugin: this, name: 'relay', hook: 'connect_init', connection }, next, (suite) => {
    grantTrust(this, suite, connection);
    return noOpinion;
  });
}

/** The same by name, if the PTR name that Haraka found lies in `localdomain` and leads back to the address. */
export function relay_trust_name(this: SuitePlugin, next: Next, connection: Connection): void {
  guarded({ plugin: this, name: 'relay', hook: 'connect', connection }, next, (suite, policy) => {
    const client = clientOf(connection);
    const { ip, address } = client;
    const name = hostNameOf(connection);
    // XCLIENT leads here and not through connect_init, so the address counts again.
    grantTrust(this, suite, connection);
    if (connection.relaying || !name || !address || !admits(policy.relay.clientDomains.findDomain(name))) {
      return noOpinion;
    }
    return suite.names.confirmed({ ip, address }).then((names) => {
      client.names = names;
      grantTrust(this, suite, connection);
      return noOpinion;
    });
  });
}

/** Before the other plugins: trust that the lists no longer give is gone; impossible domains and routes are refused. */
export function relay_guard_recipient(
  this: SuitePlugin,
  next: Next,
  connection: Connection,
  [address]: AddressParams,
): void {
  answer({ plugin: this, name: 'relay', hook: 'rcpt', connection, recipient: address }, next, (policy) => {
    reviewTrust(this, policy, connection);
    const trusted = connection.relaying || trustOf(policy.relay, clientOf(connection)) !== undefined;
    return decideRecipientForm({ ...recipientOf(address), writtenDomain: address.original_host ?? '' }, trusted);
  });
}

/** After the other plugins, none of which has vouched for the recipient. */
export function relay_decide_recipient(
  this: SuitePlugin,
  next: Next,
  connection: Connection,
  [address]: AddressParams,
): void {
  answer(
    { plugin: this, name: 'relay', hook: 'rcpt', connection, recipient: address },
    next,
    (policy) => {
      const decision = decideFor(policy.relay, connection, address);
      return decision.outcome === 'ask-name' ? askAndDecide(this, connection, address) : decision;
    },
    (permit: RelayPermit) => {
      const backup = permit.rule === 'destination' || permit.rule === 'relay-map';
      setOnward(address, { way: permit.way, backup });
      return { code: constants.ok };
    },
  );
}

/** For every recipient that anyone accepted: a transaction holds recipients of one way only. */
export function relay_split_transaction(this: SuitePlugin, next: Next, connection: Connection, address: Address): void {
  answer({ plugin: this, name: 'relay', hook: 'rcpt_ok', connection, recipient: address }, next, () => {
    const { transaction, relaying } = connection;
    if (!transaction) return pass('same-way');
    const mark = markOf(transaction);
    const how = onwardOf(address) ?? { way: 'local', backup: false };
    const way = relaying ? 'relay' : how.way;
    const isFirst = transaction.rcpt_to[0] === address || transaction.rcpt_to.length === 0;
    // Where relaying is on, Haraka sends the whole transaction out as it is.
    const decision = relaying ? pass('same-way') : decideSplit(isFirst ? undefined : mark.way, way);
    if (decision.outcome !== 'pass') return decision;
    if (isFirst) mark.way = way;
    mark.backup = how.backup || (mark.backup ?? false);
    return decision;
  });
}

/** Mail that goes out although `connection.relaying` is off takes its own step to the outbound queue. */
export function relay_queue(this: SuitePlugin, next: Next, connection: Connection): void {
  guarded({ plugin: this, name: 'relay', hook: 'queue', connection }, next, () => {
    const { transaction } = connection;
    const way = transaction ? markOf(transaction).way : undefined;
    if (way === 'discard') return { code: constants.ok, message: 'Message accepted' };
    if (way !== 'relay' || !transaction) return noOpinion;
    return new Promise((resolve) => {
      this.haraka_require('outbound').send_trans_email(transaction, (code, message) =>
        // Haraka words success itself, and adds the transaction's id.
        resolve(code === constants.ok ? { code } : { code, message }),
      );
    });
  });
}

/** Where mail for a domain goes that we relay to: its route, or the MX hosts before this one. */
export function relay_next_hops(this: SuitePlugin, next: Next, mail: OutboundMail, domain: string): void {
  guarded({ plugin: this, name: 'relay', hook: 'get_mx', connection: mail }, next, (suite) =>
    nextHops(suite, mail, domain),
  );
}

type Answered = Exclude<RelayDecision, { outcome: 'ask-name' }>;

/** Asks for the client's name and decides with the policy in force by then. */
async function askAndDecide(plugin: SuitePlugin, connection: Connection, address: Address): Promise<Answered> {
  const suite = suiteOf(plugin);
  const client = clientOf(connection);
  if (client.address) client.names = await suite.names.confirmed({ ip: client.ip, address: client.address });
  const decision = decideFor(suite.policy.relay, connection, address);
  if (decision.outcome === 'ask-name') throw new Error(`the name of ${client.ip} was asked for and is still unknown`);
  return decision;
}

function decideFor(policy: RelayPolicy, connection: Connection, address: Address): RelayDecision {
  const client = clientOf(connection);
  return decideRelay(policy, {
    clientAddress: client.address,
    clientNames: client.names,
    recipient: recipientOf(address),
    vouched: connection.relaying && !client.trust,
  });
}

function recipientOf(address: Address): Recipient {
  return { localPart: address.user ?? '', domain: (address.host ?? '').toLowerCase() };
}
