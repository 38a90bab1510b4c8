/** POP3 as a client speaks it, with every reply kept as it came. */
import type { Deadline, Dialogue } from './dialogue';
import { DialogueFault } from './dialogue-fault';
import type { TlsOptions } from './tls-options';

export interface PopReply {
  readonly ok: boolean;
  /** The status line as it came. */
  readonly line: string;
  /** The status line without `+OK` or `-ERR`. */
  readonly text: string;
  /** The lines of a multi-line reply, dots unstuffed. */
  readonly body: readonly string[];
  readonly ms: number;
}

export class PopDialogue {
  readonly dialogue: Dialogue;
  banner: PopReply | undefined;

  constructor(dialogue: Dialogue) {
    this.dialogue = dialogue;
  }

  get isOpen(): boolean {
    return this.dialogue.isOpen;
  }

  async greeting(): Promise<PopReply> {
    this.banner = await this.reply();
    return this.banner;
  }

  async command(line: string): Promise<PopReply> {
    this.dialogue.write(`${line}\r\n`);
    return await this.reply();
  }

  async reply(ms?: number): Promise<PopReply> {
    return await this.#statusLine(this.dialogue.replyDeadline(ms));
  }

  async #statusLine(deadline: Deadline): Promise<PopReply> {
    const began = performance.now();
    const line = await this.dialogue.readLine(deadline);
    const [, status, text = ''] = /^(\+OK|-ERR)(?:\s+(.*))?$/i.exec(line) ?? [];
    // "+ " asks for the next step of an AUTH exchange, which is acceptance as far as a reply can be.
    if (status === undefined && !/^\+(?: |$)/.test(line)) {
      throw new DialogueFault('garbage', `not a POP3 reply: ${JSON.stringify(line.slice(0, 80))}`);
    }
    return { ok: status?.[0] !== '-', line, text, body: [], ms: performance.now() - began };
  }

  /** CAPA, or AUTH without an argument: a status line, and after `+OK` lines up to a dot. */
  async listing(command: string): Promise<PopReply> {
    this.dialogue.write(`${command}\r\n`);
    const deadline = this.dialogue.replyDeadline();
    const reply = await this.#statusLine(deadline);
    if (!reply.ok || !reply.line.startsWith('+OK')) return reply;
    const body: string[] = [];
    for (;;) {
      const line = await this.dialogue.readLine(deadline);
      if (line === '.') return { ...reply, body };
      body.push(line.startsWith('.') ? line.slice(1) : line);
      if (body.length > this.dialogue.limits.replyLines) {
        throw new DialogueFault('too-much', `a reply of more than ${this.dialogue.limits.replyLines} lines`);
      }
    }
  }

  async stls(options: TlsOptions): Promise<PopReply> {
    const reply = await this.command('STLS');
    if (reply.ok) await this.dialogue.startTls(options);
    return reply;
  }

  quit(): Promise<void> {
    return this.dialogue.quit();
  }
}
