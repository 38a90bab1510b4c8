/** Connecting to a server that may be going away just now. */
import type { RunningHaraka } from '../../../testkit/live/haraka';
import {
  type ConnectOptions,
  connect,
  isAccepted,
  type Reply,
  type SmtpClient,
} from '../../../testkit/live/smtp-client';
import { said } from '../../../testkit/live/talk';

/** Nobody need be answered soon, but everybody must be answered. */
export const patience = 30_000;

const silence: Reply = { code: 'closed', lines: [], text: `no answer in ${patience} ms` };

/** The ports of a server, by family of addresses. */
export type Doors = RunningHaraka['ports'];

/** Where a client of that address connects to. */
export function doorFor(doors: Doors, from: string): { readonly host: string; readonly port: number } {
  const ipv6 = from.includes(':');
  const port = ipv6 ? doors.ipv6 : doors.ipv4;
  if (port === undefined) throw new Error(`no door for ${from}`);
  return { host: ipv6 ? '::1' : '127.0.0.1', port };
}

/** `undefined`: nobody answered. */
export async function enter(doors: Doors, from: string): Promise<SmtpClient | undefined> {
  const options: ConnectOptions = { ...doorFor(doors, from), localAddress: from, timeout: patience };
  try {
    return await connect(options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || isSilence(error)) return undefined;
    throw error;
  }
}

/** A reply, where silence is one too: for a client it is no other than a connection that has broken. */
export function heard(reply: Promise<Reply>): Promise<Reply> {
  return reply.catch((error: unknown) => {
    if (isSilence(error)) return silence;
    throw error;
  });
}

/** What a client is told about one recipient, or at the door. */
export async function ask(doors: Doors, from: string, recipient: string): Promise<string> {
  const client = await enter(doors, from);
  if (!client) return 'nothing';
  try {
    if (!isAccepted(client.greeting)) return said(client.greeting);
    await heard(client.command('EHLO asking.example'));
    await heard(client.command('MAIL FROM:<someone@sender.example>'));
    return said(await heard(client.command(`RCPT TO:<${recipient}>`)));
  } finally {
    client.destroy();
  }
}

function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('no reply in ');
}
