/** SMTP as a client speaks it, with every reply kept as it came. It knows no policy and sends whatever it is told. */
import type { Dialogue } from './dialogue';
import { DialogueFault } from './dialogue-fault';
import type { TlsOptions } from './tls-options';

export interface Reply {
  readonly code: number;
  /** The lines as they came, codes included. */
  readonly lines: readonly string[];
  /** The text without codes, one line a line. */
  readonly text: string;
  /** RFC 3463, where the server gives one: `5.7.1`. */
  readonly enhanced: string | undefined;
  readonly ms: number;
}

export const isAccepted = (reply: Reply): boolean => reply.code >= 200 && reply.code < 300;
export const isDeferred = (reply: Reply): boolean => reply.code >= 400 && reply.code < 500;
export const isRefused = (reply: Reply): boolean => reply.code >= 500 && reply.code < 600;

/** One line for a person: `550 5.7.1 Relaying denied`. */
export function shownReply(reply: Reply): string {
  return reply.lines.join(' / ');
}

export class SmtpDialogue {
  readonly dialogue: Dialogue;
  banner: Reply | undefined;
  /** What EHLO offers, upper case, with its parameters: `AUTH` → `PLAIN LOGIN`. */
  offers: ReadonlyMap<string, string> = new Map();

  constructor(dialogue: Dialogue) {
    this.dialogue = dialogue;
  }

  get isOpen(): boolean {
    return this.dialogue.isOpen;
  }

  async greeting(): Promise<Reply> {
    this.banner = await this.reply();
    return this.banner;
  }

  async command(line: string, encoding: 'latin1' | 'utf8' = 'latin1'): Promise<Reply> {
    this.dialogue.write(`${line}\r\n`, encoding);
    return await this.reply();
  }

  async reply(ms?: number): Promise<Reply> {
    const began = performance.now();
    const deadline = this.dialogue.replyDeadline(ms);
    const lines: string[] = [];
    for (;;) {
      const line = await this.dialogue.readLine(deadline);
      if (!/^[2-5]\d\d(?:[ -]|$)/.test(line)) {
        throw new DialogueFault('garbage', `not an SMTP reply: ${JSON.stringify(line.slice(0, 80))}`);
      }
      lines.push(line);
      if (lines.length > this.dialogue.limits.replyLines) {
        throw new DialogueFault('too-much', `a reply of more than ${this.dialogue.limits.replyLines} lines`);
      }
      if (line[3] !== '-') return parsedReply(lines, performance.now() - began);
    }
  }

  /** EHLO, or HELO where the server knows no EHLO. */
  async hello(name: string): Promise<Reply> {
    let reply = await this.command(`EHLO ${name}`);
    if (isRefused(reply)) reply = await this.command(`HELO ${name}`);
    this.offers = offersOf(reply);
    return reply;
  }

  /** The handshake after a 220; anything else is returned and nothing has changed. */
  async starttls(options: TlsOptions): Promise<Reply> {
    const reply = await this.command('STARTTLS');
    if (reply.code === 220) {
      await this.dialogue.startTls(options);
      this.offers = new Map();
    }
    return reply;
  }

  quit(): Promise<void> {
    return this.dialogue.quit();
  }
}

function parsedReply(lines: readonly string[], ms: number): Reply {
  const last = lines[lines.length - 1] ?? '';
  const text = lines.map((line) => line.slice(4)).join('\n');
  return {
    code: Number(last.slice(0, 3)),
    lines,
    text,
    enhanced: /^([245]\.\d{1,3}\.\d{1,3})(?:\s|$)/.exec(last.slice(4))?.[1],
    ms,
  };
}

function offersOf(reply: Reply): Map<string, string> {
  const offers = new Map<string, string>();
  if (!isAccepted(reply)) return offers;
  for (const line of reply.text.split('\n').slice(1)) {
    // `AUTH=LOGIN` is what servers say to clients of 1999.
    const [, keyword = '', parameters = ''] = /^([A-Za-z0-9-]+)[ =]?(.*)$/.exec(line) ?? [];
    if (keyword === '') continue;
    const key = keyword.toUpperCase();
    const before = offers.get(key);
    offers.set(key, before === undefined ? parameters.trim() : `${before} ${parameters.trim()}`);
  }
  return offers;
}
