/** The step to Haraka's outbound queue, for mail that is sent on. */
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import constants from 'haraka-constants';
import type { Call, SuitePlugin } from '../../src/host/answer';
import { partOf } from '../../src/host/dispositions';
import { answerWith, type HookAnswer, noOpinion } from '../../src/host/guard';
import { reply } from '../../src/policy/decision';
import { printable } from '../../src/policy/findings/characters';
import type { Connection, Header, Transaction } from '../../src/types/haraka';
import { groupByRoute } from './next-hops';

/** Bytes beside the message itself: its envelope, and whatever else is being queued at the same time. */
const spare = 1 << 20;

/** RFC 5321 §4.2.3 has 452 for it; Haraka sends 450 for whatever a queue hook defers, with the rest as it stands here. */
const noRoom = reply(450, '4.3.1', 'Insufficient system storage');

/**
 * Queues the message. Where the disk has no room it is deferred without a try: Haraka can take a queue file that it could
 * not write for a message that is queued, and then says to the client that it has it. Mailboxes of one domain with
 * different next hops go into queue files of their own.
 */
export async function sendOut({ plugin, suite, policy }: Call, connection: Connection): Promise<HookAnswer> {
  const { transaction, relaying } = connection;
  if (!transaction) return noOpinion;
  const full = await deferIfFull(plugin, connection);
  if (full) return full;
  const groups = groupByRoute(policy.relay, transaction.rcpt_to, suite.timeFor(policy));
  if (groups.length < 2) return send(plugin, transaction);
  const restoreHeader = keepHeader(transaction.header);
  let answer: HookAnswer = noOpinion;
  for (const recipients of groups) {
    answer = await send(plugin, partOf(transaction, recipients, { relaying, notes: {} }));
    restoreHeader();
    if (answer.code !== constants.ok) break;
  }
  return answer;
}

function send(plugin: SuitePlugin, transaction: Transaction): Promise<HookAnswer> {
  return new Promise((resolve) => {
    plugin.haraka_require('outbound').send_trans_email(transaction, (code, message) =>
      // Haraka words success itself, and adds the transaction's id.
      resolve(code === constants.ok ? { code } : { code, message }),
    );
  });
}

/** The answer where there is no room for the message, or nobody to be answered any more. */
export async function deferIfFull(plugin: SuitePlugin, connection: Connection): Promise<HookAnswer | undefined> {
  const { transaction } = connection;
  const isWithoutRoom = transaction !== null && (await isFull(plugin, transaction));
  // The client has gone, and Haraka has let go of its message.
  if (!transaction || connection.transaction !== transaction) return noOpinion;
  if (!isWithoutRoom) return undefined;
  plugin.logerror(
    printable(`smtpcheck: no room for a message in ${queueFolder(plugin)}, the client is told to come again`),
  );
  return answerWith('queue', noRoom);
}

async function isFull(plugin: SuitePlugin, { data_bytes: size = 0 }: Transaction): Promise<boolean> {
  const folder = queueFolder(plugin);
  if (!folder) return false;
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize < size + spare;
  } catch {
    // What cannot be told here, Haraka tells when it writes.
    return false;
  }
}

function queueFolder(plugin: SuitePlugin): string | undefined {
  const { HARAKA: home } = process.env;
  if (!home) return undefined;
  const set = plugin.config.get('queue_dir');
  return typeof set === 'string' && set !== '' ? path.resolve(set) : path.join(home, 'queue');
}

/** Keeps the header as it is. The message stream holds on to the list, so that one is put back into it. */
export function keepHeader(header: Header): () => void {
  const { headers, headers_decoded: decoded, header_list: list } = header;
  const kept = { headers: copyOf(headers), decoded: copyOf(decoded), list: [...list] };
  return () => {
    header.headers = copyOf(kept.headers);
    header.headers_decoded = copyOf(kept.decoded);
    list.splice(0, list.length, ...kept.list);
  };
}

function copyOf(headers: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  const copies: Record<string, string[]> = Object.create(null);
  for (const [name, values] of Object.entries(headers)) copies[name] = [...values];
  return copies;
}
