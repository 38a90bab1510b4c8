/**
 * Who may relay through us. The decision is `core/relay-decision.ts`; here the facts are gathered and the answer is
 * given, hook by hook in the order in which a session meets them.
 */
import constants from 'haraka-constants';
import { type AskName, decided } from '../../core/decision';
import { admits, type Recipient } from '../../core/list';
import {
  canTellTrust,
  decideRecipientForm,
  decideRelay,
  decideSplit,
  type RelayDecision,
  sameWay,
} from '../../core/relay-decision';
import { type Call, first, join, last, leave, registerHook, type SuitePlugin, type Task } from '../../runtime/answer';
import { clientOf, hostNameOf, refuseProxyLines } from '../../runtime/client';
import { noOpinion } from '../../runtime/guard';
import { markOf, onwardOf, setMark, setOnward } from '../../runtime/transaction-mark';
import type { Address, AddressParams, Connection, OutboundMail } from '../../types/haraka';
import { nextHops } from './next-hops';
import { sendOut } from './send-out';
import { grantTrust, reviewTrust, trustOf } from './trust';

export function register(this: SuitePlugin): void {
  join(this, 'relay');
  registerRelay(this);
}

export function registerRelay(plugin: SuitePlugin): void {
  registerHook(plugin, 'connect', 'relay_trust_name', first, trustName);
  registerHook(plugin, 'rcpt', 'relay_guard_recipient', first, guardRecipient);
  registerRelayAlone(plugin);
}

/** The hooks at which no other plugin of the suite is asked. */
export function registerRelayAlone(plugin: SuitePlugin): void {
  registerHook(plugin, 'connect_init', 'relay_trust_address', first, trustAddress);
  registerHook(plugin, 'rcpt', 'relay_decide_recipient', last, decideRecipient);
  registerHook(plugin, 'rcpt_ok', 'relay_split_transaction', first, splitTransaction);
  registerHook(plugin, 'queue', 'relay_queue', first, queue);
  registerHook(plugin, 'queue_outbound', 'relay_queue_outbound', last, queueOutbound);
  registerHook(plugin, 'get_mx', 'relay_next_hops', first, findNextHops);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

/** A client in `localip` is ours from the start, for other plugins too. Haraka runs this again after a PROXY line. */
const trustAddress: Task = {
  plugin: 'relay',
  hook: 'connect_init',
  run(call) {
    grantTrust(call);
    return noOpinion;
  },
};

/** The same by name, if the PTR name that Haraka found lies in `localdomain` and leads back to the address. */
export const trustName: Task = {
  plugin: 'relay',
  hook: 'connect',
  run(call) {
    const { suite, policy, connection } = call;
    if (policy.mode.relay === 'enforce') refuseProxyLines(connection);
    const client = clientOf(connection);
    // XCLIENT leads here and not through connect_init, so the address counts again.
    grantTrust(call, client);
    const { ip, address } = client;
    const name = hostNameOf(connection);
    if (connection.relaying || !name || !address || !admits(policy.relay.clientDomains.findDomain(name))) {
      return noOpinion;
    }
    return suite.names.confirmed({ ip, address }).then((names) => {
      client.names = names;
      grantTrust(call.renew());
      return noOpinion;
    });
  },
};

/** Before the other plugins: trust that the lists no longer give is gone; impossible domains and routes are refused. */
export const guardRecipient: Task<Connection, AddressParams> = {
  plugin: 'relay',
  hook: 'rcpt',
  recipient: ([address]) => address,
  run(call, [address]) {
    const { policy, connection } = call;
    const client = clientOf(connection);
    reviewTrust(call, client);
    const trusted = connection.relaying || trustOf(policy.relay, client) !== undefined;
    return decideRecipientForm(recipientOf(address), trusted || (canTellTrust(policy.relay) ? false : 'unknown'));
  },
};

/** After the other plugins, none of which has vouched for the recipient. */
const decideRecipient: Task<Connection, AddressParams, RelayDecision> = {
  plugin: 'relay',
  hook: 'rcpt',
  recipient: ([address]) => address,
  run(call, [address]): RelayDecision | Promise<RelayDecision> {
    const decision = decideFor(call, address);
    return decision.outcome === 'ask-name' ? askAndDecide(call, address) : decision;
  },
  onPermit(permit, [address], { connection }) {
    const backup = permit.rule === 'destination' || permit.rule === 'relay-map';
    setOnward(connection.transaction, address, { way: permit.way, backup });
    return { code: constants.ok };
  },
};

/** For every recipient that anyone accepted: a transaction holds recipients of one way only. */
const splitTransaction: Task<Connection, Address> = {
  plugin: 'relay',
  hook: 'rcpt_ok',
  recipient: (address) => address,
  run({ policy, connection }, address) {
    const { transaction } = connection;
    if (!transaction) return sameWay;
    const onward = onwardOf(address);
    // Haraka counts a recipient when all have agreed to it. Plugins may have put others into the transaction before.
    const isFirst = transaction.rcpt_count.accept === 0;
    const mark = isFirst ? undefined : markOf(transaction.notes);
    const before = isFirst ? undefined : (mark?.way ?? 'local');
    // Mail to our postmaster stays here, whoever sends it. Else Haraka sends out the whole transaction of a relaying client.
    const isOurs = onward?.way === 'local';
    if (isOurs && isFirst) connection.relaying = false;
    const goesOut = connection.relaying && !isOurs;
    const way = goesOut ? 'relay' : (onward?.way ?? 'local');
    const decision = goesOut ? sameWay : decideSplit(before, way);
    if (decision.outcome !== 'pass') return decision;
    const backup = onward?.backup === true || mark?.backup === true;
    if (policy.mode.relay === 'enforce') setMark(transaction.notes, { way, backup });
    return decision;
  },
};

/** Mail that goes out although `connection.relaying` is off takes its own step to the outbound queue. */
const queue: Task = {
  plugin: 'relay',
  hook: 'queue',
  run({ plugin, connection }) {
    const { transaction } = connection;
    const way = markOf(transaction?.notes)?.way;
    if (way === 'discard') return { code: constants.ok, message: 'Message accepted' };
    return way === 'relay' ? sendOut(plugin, connection) : noOpinion;
  },
};

/** Haraka's own step answers 550 where its queue cannot be written, and a full disk would lose a trusted client's mail. */
const queueOutbound: Task = {
  plugin: 'relay',
  hook: 'queue_outbound',
  run({ plugin, connection }) {
    return connection.relaying && clientOf(connection).trust ? sendOut(plugin, connection) : noOpinion;
  },
};

/** Where mail for a domain goes that we relay to: its route, or the MX hosts before this one. */
const findNextHops: Task<OutboundMail, string> = {
  plugin: 'relay',
  hook: 'get_mx',
  run: ({ suite, connection: mail }, domain) => nextHops(suite, mail, domain),
};

/** Asks for the client's name and decides with the policy in force by then. */
async function askAndDecide(call: Call, address: Address): Promise<RelayDecision> {
  const client = clientOf(call.connection);
  if (client.address) client.names = await call.suite.names.confirmed({ ip: client.ip, address: client.address });
  return decided(decideFor(call.renew(), address));
}

function decideFor({ policy, connection }: Call, address: Address): RelayDecision | AskName {
  const client = clientOf(connection);
  return decideRelay(policy.relay, {
    clientAddress: client.address,
    clientNames: client.names,
    recipient: recipientOf(address),
    vouched: connection.relaying && !client.trust,
  });
}

function recipientOf({ user, host, original_host }: Address): Recipient & { readonly writtenDomain: string } {
  return { localPart: user ?? '', domain: (host ?? '').toLowerCase(), writtenDomain: original_host ?? '' };
}
