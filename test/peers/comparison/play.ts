/** Plays a case to a server and keeps what came of it: a verdict for each command that decides, and what was queued. */
import { foldLocalPart } from '../../../src/policy/mailbox';
import { type Case, type Client, mailboxOf } from '../../../testkit/live/corpus';
import { MESSAGE } from '../../../testkit/live/dialogue';
import { connect, isAccepted, isGo, type Reply, type SmtpClient } from '../../../testkit/live/smtp-client';
import type { Server } from '../servers/server';

/** `syntax`: not understood, as against refused by policy. */
export type Verdict = 'accept' | 'temporary' | 'permanent' | 'syntax' | 'none';

export interface Outcome {
  readonly verdicts: readonly { readonly command: string; readonly verdict: Verdict }[];
  /** Mailboxes in one spelling, sorted. */
  readonly queued: readonly string[];
  readonly transcript: string;
}

/** A server to play to, which tells what it has taken since it was last asked. */
export interface Stage {
  readonly ports: Server['ports'];
  taken(): Promise<readonly string[]>;
}

/** Long enough for a second reply to one write, where only some servers give one. */
const SECOND_REPLY_TIMEOUT = 500;

export async function play(stage: Stage, { address, listener }: Client, played: Case): Promise<Outcome> {
  const port = stage.ports[listener] ?? stage.ports.ipv4 ?? 0;
  const host = listener === 'ipv6' ? '::1' : '127.0.0.1';
  const client = await connect({ port, host, localAddress: address });
  const session = new Session(client, played.rcpts.length === 0);
  try {
    if (played.helo) await client.command(`EHLO ${played.helo}`);
    if (played.raw)
      for (const [index, lines] of played.raw.entries()) await session.write(lines, repliesTo(played, index));
    else await session.transaction(played.mail, played.rcpts);
    await session.send();
    client.write('QUIT\r\n');
    await client.waitForClose(2_000);
  } finally {
    client.destroy();
  }
  const queued = (await stage.taken()).map(canonicalMailbox);
  return { verdicts: session.verdicts, queued: [...new Set(queued)].sort(), transcript: client.transcript };
}

function repliesTo(played: Case, index: number): number {
  return [played.raw_expect?.[index] ?? 'any'].flat().length;
}

class Session {
  readonly verdicts: { command: string; verdict: Verdict }[] = [];
  readonly #client: SmtpClient;
  readonly #all: boolean;
  #body = false;

  /** RCPT, VRFY and EXPN decide; in a dialogue without recipients every command does. */
  constructor(client: SmtpClient, all: boolean) {
    this.#client = client;
    this.#all = all;
  }

  /** One write, which may hold several commands. */
  async write(lines: string, replies: number): Promise<void> {
    this.#client.write(`${lines}\r\n`);
    const body = this.#body;
    const commands = body ? ['.'] : lines.split(/\r?\n/);
    for (let index = 0; index < replies; index++) {
      const reply = index === 0 ? await this.#client.reply() : await this.#another();
      const command = commands[index] ?? '';
      this.#body = !body && /^DATA/i.test(command) && reply !== undefined && isGo(reply);
      this.#note(command, reply ? verdictOf(reply) : 'none');
    }
  }

  /** MAIL, and RCPT for each recipient. */
  async transaction(sender: string, recipients: readonly string[]): Promise<void> {
    await this.#client.command(`MAIL FROM:<${sender}>`);
    for (const recipient of recipients) {
      const command = `RCPT TO:<${recipient}>`;
      this.#note(command, verdictOf(await this.#client.command(command)));
    }
  }

  /** Sends a message to whatever is accepted by now. Without a recipient DATA is refused, and that is all. */
  async send(): Promise<void> {
    if (this.#body || this.#client.closed) return;
    if (isGo(await this.#client.command('DATA'))) await this.#client.message(MESSAGE);
  }

  #note(command: string, verdict: Verdict): void {
    if (this.#all || /^(?:RCPT|VRFY|EXPN)/i.test(command)) this.verdicts.push({ command, verdict });
  }

  #another(): Promise<Reply | undefined> {
    return this.#client.reply(SECOND_REPLY_TIMEOUT).catch(() => undefined);
  }
}

export function verdictOf(reply: Reply): Verdict {
  if (isAccepted(reply) || isGo(reply)) return 'accept';
  if (reply.code === 'closed') return 'permanent';
  if (reply.code < 500) return 'temporary';
  // RFC 5321 §4.2.3: 553 is for a mailbox whose syntax is incorrect.
  const codes = reply.code <= 504 || reply.code === 553 || reply.code === 555;
  return codes || /^5\.(?:5\.\d|1\.3)$/.test(reply.enhanced ?? '') ? 'syntax' : 'permanent';
}

// A server may complete a name with its own, take quotes off that are not needed, and drop a source route.
function canonicalMailbox(recipient: string): string {
  const mailbox = mailboxOf(recipient);
  const at = mailbox.lastIndexOf('@');
  const localPart = at < 0 ? mailbox : mailbox.slice(0, at);
  const domain = at < 0 ? 'mx.local.example' : mailbox.slice(at + 1);
  return `${foldLocalPart(localPart) ?? localPart}@${domain}`;
}
