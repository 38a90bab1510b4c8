/**
 * A message for recipients of both kinds is queued twice, each time as if those recipients alone had come: for ours by
 * the queue plugins, for the relayed ones by the step to Haraka's outbound queue. Each part is handed to the hooks as a view
 * of the connection.
 */
import constants from 'haraka-constants';
import type { Call } from '../../src/host/answer';
import { partOf, type QueueNotes } from '../../src/host/dispositions';
import { answerWith, type HookAnswer, noOpinion } from '../../src/host/guard';
import { reply } from '../../src/policy/decision';
import { printable } from '../../src/policy/findings/characters';
import type { Address, Connection, Notes, Transaction } from '../../src/types/haraka';
import { deferIfFull, keepHeader, sendOut } from './send-out';

type QueueHook = 'queue' | 'queue_outbound';

export interface Parts {
  readonly local: readonly Address[];
  readonly relay: readonly Address[];
  /** What other plugins have noted for the relayed ones. */
  readonly relayQueue: QueueNotes;
}

const declined = reply(451, '4.3.0', 'Queuing declined or disabled, try later');

/**
 * The local part comes first: most that can fail for now is behind the queue plugins, and as long as nothing is queued the
 * client can come again without anybody getting the message twice. What one part is refused for good when the other is
 * queued cannot be said to the client, who would take it for all of them: it is bounced.
 */
export async function queueInParts(call: Call, { local, relay, relayQueue }: Parts): Promise<HookAnswer> {
  const { plugin, connection } = call;
  const { transaction, relaying } = connection;
  if (!transaction) return noOpinion;
  const full = relay.length > 0 ? await deferIfFull(plugin, connection) : undefined;
  if (full) return full;

  const restoreHeader = keepHeader(transaction.header);
  type Step = (view: Connection) => Promise<HookAnswer>;
  const queuePart = async (recipients: readonly Address[], notes: Notes, step: Step): Promise<HookAnswer> => {
    const part = partOf(transaction, recipients, { relaying: relaying && recipients === relay, notes });
    const answer = await step(viewOf(connection, transaction, part));
    // Haraka's outbound queue adds headers, and plugins sign: each part has those that are its own.
    restoreHeader();
    return answer;
  };
  const send: Step = (view) => sendOut(call, view);
  const ask =
    (hook: QueueHook): Step =>
    (view) =>
      runHooks(plugin, hook, view);

  const ofLocal = await queuePart(local, { smtpcheck: undefined }, ask('queue'));
  if (isForNow(ofLocal) || relay.length === 0) return ofLocal;
  const ofRelayed = await queuePart(relay, { queue: relayQueue }, relaying ? ask('queue_outbound') : send);
  if (isForNow(ofRelayed)) return ofRelayed;
  if (isRefusal(ofLocal) === isRefusal(ofRelayed)) return ofLocal;

  const [refused, refusal] = isRefusal(ofLocal) ? [local, textOf(ofLocal)] : [relay, textOf(ofRelayed)];
  const bounced = await queuePart(refused, { smtpcheck: { refused: refusal } }, send);
  if (bounced.code !== constants.ok) return bounced;
  const count = `${refused.length} of ${local.length + relay.length} recipients`;
  return {
    code: constants.ok,
    message: `Message queued, but refused for ${count}, which a bounce reports: ${refusal}`,
  };
}

function isForNow(answer: HookAnswer): boolean {
  return answer.code !== constants.ok && !isRefusal(answer);
}

function isRefusal({ code }: HookAnswer): boolean {
  return code === constants.deny || code === constants.denydisconnect;
}

function textOf({ message }: HookAnswer): string {
  const { reply } = (typeof message === 'object' && message !== null ? message : {}) as { readonly reply?: string };
  // What a server behind a queue plugin has answered goes into a log, a reply and a bounce.
  return printable(String(reply ?? message ?? 'Message denied'));
}

/** The connection with a part of its transaction, as long as the client is there. Haraka runs hooks on it as on any other. */
function viewOf(connection: Connection, whole: Transaction, part: Transaction): Connection {
  return Object.create(connection, {
    transaction: { get: () => (connection.transaction === whole ? part : null) },
    // Haraka refuses to run hooks where others are running.
    hooks_to_run: { value: [], writable: true },
    saved_hooks_to_run: { value: [], writable: true },
    current_hook: { value: null, writable: true },
  });
}

/** How often it is looked whether the client has gone, in milliseconds. */
const lookForClient = 1000;

/** The answer of the queue plugins. Haraka gives each of them its time. */
function runHooks(plugin: Call['plugin'], hook: QueueHook, view: Connection): Promise<HookAnswer> {
  return new Promise((resolve, reject) => {
    const answer = (value: HookAnswer) => {
      clearInterval(watch);
      resolve(value);
    };
    // Haraka drops the answer of a plugin whose client has gone.
    const watch = setInterval(() => {
      if (!view.transaction) answer(noOpinion);
    }, lookForClient).unref();
    Object.assign(view, {
      [`${hook}_respond`]: (code: number, message: unknown) =>
        answer(code === constants.cont ? answerWith(hook, declined) : { code, message }),
    });
    try {
      plugin.haraka_require('plugins').run_hooks(hook, view);
    } catch (error) {
      clearInterval(watch);
      reject(error);
    }
  });
}
