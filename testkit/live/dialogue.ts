/**
 * One client's dialogue, with the books of what the server owes: which recipients it has accepted in the open
 * transaction, and which it has taken a message for.
 */
import { isAccepted, isGo, type Reply, type SmtpClient } from './smtp-client';

export const MESSAGE = 'Subject: corpus\n\ntext\n';

export class Dialogue {
  /** A message was accepted for these. */
  readonly delivered: string[] = [];
  readonly #client: SmtpClient;
  #accepted: string[] = [];
  #body = false;

  constructor(client: SmtpClient) {
    this.#client = client;
  }

  async command(line: string): Promise<Reply> {
    return (await this.group(line, 1))[0] as Reply;
  }

  /** One write, which may hold several commands, and that many replies. */
  async group(lines: string, replies: number): Promise<readonly Reply[]> {
    const body = this.#body;
    this.#client.write(`${lines}\r\n`);
    const received = await this.#client.replies(replies);
    const commands = body ? ['.'] : lines.split(/\r?\n/);
    for (const [index, reply] of received.entries()) this.#note(commands[index] ?? '', reply);
    return received;
  }

  /** Sends a message to whatever is accepted by now, if anything. */
  async send(): Promise<Reply | undefined> {
    if (this.#body || this.#client.closed || !this.#accepted.length) return undefined;
    const go = await this.command('DATA');
    if (!isGo(go)) return go;
    const done = await this.#client.message(MESSAGE);
    this.#note('.', done);
    return done;
  }

  /** Leaves, so that the server has judged everything it was sent. */
  async leave(): Promise<void> {
    this.#client.write('QUIT\r\n');
    await this.#client.waitForClose(1_000);
    this.#client.destroy();
  }

  #note(command: string, reply: Reply): void {
    const verb = command.slice(0, 4).toUpperCase();
    if (command === '.') {
      this.#body = false;
      if (isAccepted(reply)) this.delivered.push(...this.#accepted);
      this.#accepted = [];
    } else if (verb === 'DATA') {
      this.#body = isGo(reply);
    } else if (isAccepted(reply)) {
      if (verb === 'RCPT') this.#accepted.push(/^RCPT TO:\s*<?([^>]*)/i.exec(command)?.[1] ?? command);
      else if (['MAIL', 'RSET', 'EHLO', 'HELO'].includes(verb)) this.#accepted = [];
    }
  }
}
