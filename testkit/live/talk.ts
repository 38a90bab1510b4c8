/** Short ways to ask a running Haraka something and to read its answer as the client does. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { RunningHaraka } from './haraka';
import { type ConnectOptions, connect, isAccepted, type Reply, type SmtpClient } from './smtp-client';

/** A client that nobody knows, unless a test says so. */
export const stranger = '127.66.0.1';

/** `550 5.7.1 Relaying denied`. */
export function said(reply: Reply | undefined): string {
  return reply ? `${reply.code} ${reply.text}`.trim() : 'nothing';
}

export interface Visit extends Partial<ConnectOptions> {
  /** The client's address. */
  readonly from?: string;
  readonly helo?: string;
  readonly mail?: string;
}

/** Connects and introduces itself. */
export async function greet(haraka: Pick<RunningHaraka, 'port'>, visit: Visit = {}): Promise<SmtpClient> {
  const { from = stranger, helo = 'client.example', ...options } = visit;
  const client = await connect({ port: haraka.port, localAddress: from, ...options });
  if (helo && client.greeting.code === 220) await client.command(`EHLO ${helo}`);
  return client;
}

/** The same, and opens a transaction. */
export async function open(haraka: Pick<RunningHaraka, 'port'>, visit: Visit = {}): Promise<SmtpClient> {
  const client = await greet(haraka, visit);
  await client.command(`MAIL FROM:<${visit.mail ?? 'someone@sender.example'}>`);
  return client;
}

export async function rcpt(client: SmtpClient, recipient: string): Promise<string> {
  return said(await client.command(`RCPT TO:<${recipient}>`));
}

/** What a client is told about one recipient, in a session of its own. */
export async function askFor(
  haraka: Pick<RunningHaraka, 'port'>,
  recipient: string,
  visit: Visit = {},
): Promise<string> {
  const client = await open(haraka, visit);
  try {
    return await rcpt(client, recipient);
  } finally {
    client.destroy();
  }
}

/** Sends a message to the recipients accepted so far. */
export async function send(client: SmtpClient, subject: string, headers = ''): Promise<string> {
  const go = await client.command('DATA');
  return said(go.code === 354 ? await client.message(`${headers}Subject: ${subject}\n\ntext\n`) : go);
}

export async function deliver(
  haraka: RunningHaraka,
  recipients: readonly string[],
  subject: string,
  visit: Visit & { readonly headers?: string } = {},
): Promise<string> {
  const { headers, ...rest } = visit;
  const client = await open(haraka, rest);
  try {
    for (const recipient of recipients) {
      const reply = await client.command(`RCPT TO:<${recipient}>`);
      if (!isAccepted(reply)) throw new Error(`${recipient}: ${said(reply)}`);
    }
    return await send(client, subject, headers);
  } finally {
    client.destroy();
  }
}

/** What was queued under a subject: `local user@local.example`, one line for each recipient. */
export async function queuedAs(haraka: RunningHaraka, subject: string): Promise<readonly string[]> {
  const messages = (await haraka.queued()).filter(({ headers }) => headers.includes(`Subject: ${subject}`));
  return messages.flatMap(({ via, recipients }) => recipients.map((recipient) => `${via} ${recipient}`)).sort();
}

/** Asks again until the answer is the one wanted; fails with the last answer when the time is over. */
export async function eventually<T>(wanted: (answer: T) => boolean, ask: () => Promise<T>, limit = 20_000): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(answer)} after ${limit} ms`);
    await pause(50);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Longer than a change takes that an event tells of, and shorter than `[main] poll`. */
export function settled(): Promise<void> {
  return pause(150);
}

/** The generation of the last version of the file that the log tells of, or 0. */
export function generationOf(haraka: Pick<RunningHaraka, 'log'>, file: string): number {
  const name = file.replaceAll('.', '\\.');
  const lines = [...haraka.log().matchAll(new RegExp(`loaded file=${name} generation=(\\d+)`, 'g'))];
  return Number(lines.at(-1)?.[1] ?? 0);
}

/** Writes a file of the config folder and waits until it is in force. For a single process. */
export async function load(haraka: RunningHaraka, name: string, text: string): Promise<void> {
  if (fs.existsSync(haraka.configFile(name)) && fs.readFileSync(haraka.configFile(name), 'utf8') === text) return;
  const told = haraka.log().length;
  haraka.write(name, text);
  // By its hash: what the log tells of the version before may come late.
  const hash = createHash('sha256')
    .update(fs.readFileSync(haraka.configFile(name)))
    .digest('hex')
    .slice(0, 12);
  const line = new RegExp(`loaded file=${name.replaceAll('.', '\\.')} generation=\\d+ sha256=${hash}`);
  await eventually(
    (log) => line.test(log),
    async () => haraka.log().slice(told),
  );
}
