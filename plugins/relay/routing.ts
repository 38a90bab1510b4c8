/**
 * Each recipient goes its own way: ours to the queue plugins, what is relayed to Haraka's outbound queue. Haraka knows
 * one way for a whole transaction, by `connection.relaying`; here is what happens from RCPT until its queue hooks.
 */
import constants from 'haraka-constants';
import { type Call, recordOpinion, type Task } from '../../src/host/answer';
import { clientOf, isAuthenticated } from '../../src/host/client';
import {
  type BeforeRecipient,
  type Mark,
  permitOf,
  type QueueNotes,
  type Routing,
  recipientsOf,
  routingOf,
  startRouting,
} from '../../src/host/dispositions';
import { noOpinion } from '../../src/host/guard';
import { decideDisposition } from '../../src/policy/disposition';
import { decideRelay } from '../../src/policy/relay-decision';
import type { Disposition, RelayPermit } from '../../src/policy/relay-policy';
import type { Address, Connection, Transaction } from '../../src/types/haraka';
import { Acceptance } from './acceptance';
import { senderOf } from './facts';
import { queueInParts } from './queue-parts';
import { isThisHost, recipientOf } from './recipient';
import { relayRequest } from './requests';
import { sendOut } from './send-out';

/** To be called at the first rcpt hook. */
export function watchRecipient(connection: Connection): void {
  const { transaction } = connection;
  if (!transaction) return;
  const { queue, discard } = transaction.notes;
  const client = clientOf(connection);
  // What was noted before any recipient is for all of them.
  if (queue && transaction.rcpt_to.length === 1) startRouting(transaction).relayQueue = { ...queue };
  client.beforeRecipient =
    connection.relaying || queue !== undefined || discard
      ? {
          acceptance: connection.relaying ? new Acceptance(connection) : undefined,
          queue: queue && { ...queue },
          discard: Boolean(discard),
        }
      : undefined;
}

/** After the other plugins, none of which has refused the recipient: where it goes. A permit of ours is final now. */
export const routeRecipient: Task<Connection, Address> = {
  plugin: 'relay',
  hook: 'rcpt_ok',
  run(call, recipient) {
    const { policy, connection } = call;
    const { transaction } = connection;
    if (!transaction || policy.mode.relay === 'observe') return noOpinion;
    const permit = permitOf(recipient);
    if (permit) recordOpinion(call, { hook: 'rcpt_ok', observing: false, recipient }, permit);

    const { notes } = transaction;
    // A plugin has accepted it from a client that may not relay: it is ours, as most recipients are.
    if (!permit && !connection.relaying && !notes.discard) {
      const routing = routingOf(transaction);
      if (routing) routing.seen = transaction.rcpt_to.length;
      return noOpinion;
    }
    const before = clientOf(connection).beforeRecipient;
    const accepted = acceptedAt(connection, transaction);
    if (accepted.isDropped) notes.discard = false;
    const routing = routeNewRecipients(call, transaction, accepted);
    // What other plugins have noted for a recipient that is relayed is not for those that stay here.
    if (routing.dispositions.get(recipient) === 'relay' && !isSame(notes.queue, before?.queue)) {
      routing.relayQueue = notes.queue;
      notes.queue = before?.queue;
    }
    if (routing.dispositions.get(recipient) === 'relay') observeScope(call, recipient, permit);
    return noOpinion;
  },
};

/** With `[relay] attributes=observe`: what `from=` of the entry that trusts the client would refuse is recorded. */
function observeScope(call: Call, recipient: Address, permit: RelayPermit | undefined): void {
  const { policy, connection } = call;
  if (policy.relay.attributes !== 'observe') return;
  const scope = permit?.scope ?? clientOf(connection).trust?.scope;
  if (!scope || scope.covers(senderOf(connection))) return;
  // AUTH is a right of its own.
  if (isAuthenticated(connection)) return;
  const decision = decideRelay({ ...policy.relay, attributes: 'enforce' }, relayRequest(call, recipient));
  if (decision.outcome === 'permit' || decision.outcome === 'pass') return;
  recordOpinion(call, { hook: 'rcpt', observing: true, recipient }, decision);
}

interface Accepted {
  /** A plugin wants nobody to get the message for the recipient. */
  readonly isDropped?: boolean;
  readonly acceptance?: BeforeRecipient['acceptance'];
}

function acceptedAt(connection: Connection, transaction: Transaction): Accepted {
  const before = clientOf(connection).beforeRecipient;
  // The note speaks of the whole transaction; `aliases` means this recipient by it.
  const isDropped = Boolean(transaction.notes.discard) && !before?.discard;
  return { isDropped, acceptance: before?.acceptance };
}

/** Permits because of the destination. */
const backupRules: ReadonlySet<string> = new Set(['destination', 'relay-map', 'backup-mx']);

/** The recipients of the transaction that nobody has looked at yet, and where each goes: a plugin can put several in the place of one. */
function newRecipients(
  { suite, policy, connection }: Call,
  transaction: Transaction,
  { isDropped = false, acceptance }: Accepted,
): readonly (readonly [Address, Disposition])[] {
  return transaction.rcpt_to.slice(seenOf(transaction)).map((address) => {
    const permit = permitOf(address);
    const disposition = isDropped
      ? 'discard'
      : decideDisposition(policy.relay, {
          recipient: recipientOf(address),
          recipientIsHere: isThisHost(suite, address),
          relaying: connection.relaying,
          permit,
          knownMailbox: !permit && acceptance?.vouchesForMailbox(connection) === true,
        });
    return [address, disposition];
  });
}

/** Whoever was accepted before without a routing is local. */
function seenOf(transaction: Transaction): number {
  const { rcpt_to: recipients, rcpt_count: counts } = transaction;
  return routingOf(transaction)?.seen ?? (counts.accept > 0 ? recipients.length - 1 : 0);
}

/** At the hook of one RCPT: what of it is sent on. */
export function newRelayed(call: Call, transaction: Transaction): readonly Address[] {
  const recipients = newRecipients(call, transaction, acceptedAt(call.connection, transaction));
  return recipients.flatMap(([address, disposition]) => (disposition === 'relay' ? [address] : []));
}

/** Before a recipient is refused here: what plugins have put into its place, or noted for it, goes with it. Haraka takes the last one off. */
export function takeBackRecipient(connection: Connection, transaction: Transaction): void {
  transaction.rcpt_to = transaction.rcpt_to.slice(0, seenOf(transaction) + 1);
  const { queue } = clientOf(connection).beforeRecipient ?? {};
  if (!isSame(transaction.notes.queue, queue)) transaction.notes.queue = queue;
}

function routeNewRecipients(call: Call, transaction: Transaction, accepted: Accepted = {}): Routing {
  const recipients = newRecipients(call, transaction, accepted);
  const routing = startRouting(transaction, seenOf(transaction));
  for (const [address, disposition] of recipients) {
    const permit = permitOf(address);
    if (disposition !== 'local') routing.dispositions.set(address, disposition);
    if (disposition !== 'relay') continue;
    if (permit && backupRules.has(permit.rule)) routing.backup = true;
    const { backup, byExchanges } = routing;
    if (permit?.rule === 'backup-mx') byExchanges.push(recipientOf(address).domain);
    const mark: Mark = { backup, ...(byExchanges.length > 0 && { byExchanges }) };
    transaction.notes.smtpcheck = mark;
  }
  routing.seen = transaction.rcpt_to.length;
  return routing;
}

function isSame(a: QueueNotes, b: QueueNotes): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Before any queue plugin is asked. Haraka has chosen the hook by the client: whatever comes from one that may relay is to
 * go out, and of anybody else nothing is.
 */
function queueByRecipient(hook: 'queue' | 'queue_outbound'): Task {
  return {
    plugin: 'relay',
    hook,
    limitFactor: 5,
    run(call) {
      const { connection } = call;
      const { transaction } = connection;
      const routing = transaction && routingOf(transaction);
      if (!routing) return noOpinion;
      // A plugin may have added others after the last RCPT.
      if (connection.relaying) routeNewRecipients(call, transaction);
      const { local, ...others } = recipientsOf(transaction);
      const { notes } = transaction;
      // A plugin has found that nobody is to get the message; queue/discard takes it for those that stay here.
      const relay = notes.discard || connection.notes.discard ? [] : others.relay;
      if (local.length + relay.length === 0) return { code: constants.ok, message: 'Message accepted' };

      const isOutbound = hook === 'queue_outbound';
      if (isOutbound ? local.length > 0 : relay.length > 0 && local.length > 0) {
        return queueInParts(call, { local, relay, relayQueue: routing.relayQueue });
      }
      // What is left goes one way. The plugins of the hook are asked as if it alone had come.
      transaction.rcpt_to = isOutbound || relay.length > 0 ? relay : local;
      if (relay.length > 0) notes.queue = routing.relayQueue;
      else notes.smtpcheck = undefined;
      return !isOutbound && relay.length > 0 ? sendOut(call, connection) : noOpinion;
    },
  };
}

export const queue = queueByRecipient('queue');
export const queueOutbound = queueByRecipient('queue_outbound');

/** Haraka's own step answers 550 where its queue cannot be written, and a full disk would lose the mail. */
export const sendOutLast: Task = {
  plugin: 'relay',
  hook: 'queue_outbound',
  run(call) {
    const { policy, connection } = call;
    return connection.relaying && policy.mode.relay === 'enforce' ? sendOut(call, connection) : noOpinion;
  },
};
