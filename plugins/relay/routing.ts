/**
 * Each recipient goes its own way: ours to the queue plugins, what is relayed to Haraka's outbound queue. Haraka knows
 * one way for a whole transaction, by `connection.relaying`; here is what happens from RCPT until its queue hooks.
 */
import constants from 'haraka-constants';
import { decideDisposition } from '../../core/relay-decision';
import { type Call, recordPermit, type Task } from '../../runtime/answer';
import { clientOf } from '../../runtime/client';
import { permitOf, type QueueNotes, recipientsOf, routingOf, startRouting } from '../../runtime/dispositions';
import { noOpinion } from '../../runtime/guard';
import type { Address, Connection, Transaction } from '../../types/haraka';
import { Acceptance } from './acceptance';
import { queueInParts } from './queue-parts';
import { isThisHost, recipientOf } from './recipient';
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
    if (permit) recordPermit(call, permit, recipient);

    const { discard } = transaction.notes;
    // A plugin has accepted it from a client that may not relay: it is ours, as most recipients are.
    if (!permit && !connection.relaying && !discard) return noOpinion;
    routeNewRecipients(call, transaction);
    return noOpinion;
  },
};

function routeNewRecipients({ suite, policy, connection }: Call, transaction: Transaction): void {
  const before = clientOf(connection).beforeRecipient;
  const routing = startRouting(transaction);
  const { notes } = transaction;
  // The note speaks of the whole transaction; `aliases` means this recipient by it.
  const isDropped = Boolean(notes.discard) && !before?.discard;
  if (isDropped) notes.discard = false;
  let isRelayed = false;
  for (const address of transaction.rcpt_to.slice(routing.seen)) {
    const permit = permitOf(address);
    const disposition = isDropped
      ? 'discard'
      : decideDisposition(policy.relay, {
          recipient: recipientOf(address),
          recipientIsHere: isThisHost(suite, address),
          relaying: connection.relaying,
          permit,
          knownMailbox: !permit && before?.acceptance?.vouchesForMailbox(connection) === true,
        });
    if (disposition !== 'local') routing.dispositions.set(address, disposition);
    if (disposition !== 'relay') continue;
    isRelayed = true;
    if (permit?.rule === 'destination' || permit?.rule === 'relay-map') routing.backup = true;
  }
  routing.seen = transaction.rcpt_to.length;
  if (!isRelayed) return;
  notes.smtpcheck = { backup: routing.backup };
  // What other plugins have noted for a recipient that is relayed is not for those that stay here.
  if (isSame(notes.queue, before?.queue)) return;
  routing.relayQueue = notes.queue;
  notes.queue = before?.queue;
}

function isSame(a: QueueNotes, b: QueueNotes): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * The last word before Haraka chooses the queue hooks: it would send out the whole transaction of a client that may relay,
 * and ask no queue plugin.
 */
export const chooseQueue: Task = {
  plugin: 'relay',
  hook: 'data_post',
  run({ connection }) {
    const { transaction } = connection;
    const routing = transaction && routingOf(transaction);
    if (!routing || !connection.relaying) return noOpinion;
    const { local, discard } = recipientsOf(transaction);
    if (local.length + discard.length > 0) {
      routing.relaying = true;
      connection.relaying = false;
    } else transaction.notes.queue = routing.relayQueue;
    return noOpinion;
  },
};

/** What is relayed takes its own step to the outbound queue; what is local is left to the queue plugins. */
export const queue: Task = {
  plugin: 'relay',
  hook: 'queue',
  limitFactor: 5,
  run({ plugin, connection }) {
    const { transaction } = connection;
    const routing = transaction && routingOf(transaction);
    if (!routing) return noOpinion;
    const { local, relay, discard } = recipientsOf(transaction);
    const { notes } = transaction;
    // A plugin has found out that nobody is to get the message, and queue/discard takes it for those that stay here.
    const isDropped = Boolean(notes.discard || connection.notes.discard);
    if (relay.length === 0 || isDropped) {
      if (local.length === 0) return { code: constants.ok, message: 'Message accepted' };
      transaction.rcpt_to = local;
      notes.smtpcheck = undefined;
      return noOpinion;
    }
    if (local.length + discard.length > 0) return queueInParts(plugin, connection, routing, { local, relay });
    notes.queue = routing.relayQueue;
    return sendOut(plugin, connection);
  },
};

/** Haraka's own step answers 550 where its queue cannot be written, and a full disk would lose the mail. */
export const queueOutbound: Task = {
  plugin: 'relay',
  hook: 'queue_outbound',
  run({ plugin, policy, connection }) {
    return connection.relaying && policy.mode.relay === 'enforce' ? sendOut(plugin, connection) : noOpinion;
  },
};
