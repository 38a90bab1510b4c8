/** Reads what a Haraka of the harness has taken: handed to local delivery, or waiting in its outbound queue. */
import fs from 'node:fs/promises';
import path from 'node:path';

export interface QueuedMessage {
  /** The file it was read from; a message queued for two destinations is two. */
  readonly id: string;
  readonly via: 'local' | 'outbound';
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Unfolded, `Name: value`, in the order of the message. */
  readonly headers: readonly string[];
  readonly text: string;
}

export async function readQueues(harakaDirectory: string): Promise<readonly QueuedMessage[]> {
  const local = await readFolder(path.join(harakaDirectory, 'kept'), readKept);
  const outbound = await readFolder(path.join(harakaDirectory, 'queue'), readOutbound);
  return [...local, ...outbound];
}

interface Envelope {
  readonly mail_from: HarakaAddress;
  readonly rcpt_to: readonly HarakaAddress[];
}

interface HarakaAddress {
  readonly user: string;
  readonly host: string;
}

function readKept(id: string, file: Buffer): QueuedMessage {
  const { text, ...envelope } = JSON.parse(file.toString()) as Envelope & { text: string };
  return queuedMessage(id, 'local', envelope, text);
}

// Haraka's outbound/index.js build_todo: the header's length in four bytes, the header as JSON, then the message.
function readOutbound(id: string, file: Buffer): QueuedMessage {
  const start = 4 + file.readUInt32BE(0);
  const envelope = JSON.parse(file.toString('utf8', 4, start)) as Envelope;
  return queuedMessage(id, 'outbound', envelope, file.toString('latin1', start));
}

function queuedMessage(id: string, via: QueuedMessage['via'], envelope: Envelope, text: string): QueuedMessage {
  return {
    id: `${via}/${id}`,
    via,
    sender: written(envelope.mail_from),
    recipients: envelope.rcpt_to.map(written),
    headers: headersOf(text),
    text,
  };
}

function written({ user, host }: HarakaAddress): string {
  return host ? `${user}@${host}` : user;
}

function headersOf(text: string): readonly string[] {
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  return head.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/);
}

type Reader = (id: string, file: Buffer) => QueuedMessage;

async function readFolder(folder: string, read: Reader): Promise<readonly QueuedMessage[]> {
  const names = await fs.readdir(folder).catch(absent);
  const messages: QueuedMessage[] = [];
  for (const name of (names ?? []).sort()) {
    if (name.startsWith('__tmp__.') || name.endsWith('.part')) continue;
    // Haraka may rename a queue file between the listing and the reading.
    const file = await fs.readFile(path.join(folder, name)).catch(absent);
    // Haraka may leave an empty one where it could not write.
    if (file?.length) messages.push(read(name, file));
  }
  return messages;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
