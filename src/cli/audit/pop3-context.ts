/** What POP3 checks have to work with: paced connections with or without TLS. */
import { type Audit, type Channel, tlsOptionsOf } from './session/channel';
import { Connector } from './session/connector';
import { DialogueFault } from './session/dialogue-fault';
import { PopDialogue, type PopReply } from './session/pop3-dialogue';
import type { TlsOptions } from './session/tls-options';

export class PopContext {
  readonly channel: Channel;
  readonly audit: Audit;
  #open: PopDialogue[] = [];
  #connections = 0;
  readonly #connector: Connector;
  /** STLS was refused once: the questions that need it cannot be asked, and it is not asked for again. */
  #noStls: DialogueFault | undefined;
  #hasStls = false;

  constructor(channel: Channel, audit: Audit) {
    this.channel = channel;
    this.audit = audit;
    this.#connector = new Connector(channel, audit);
  }

  /** A new connection after its greeting, with TLS up where the channel has it. */
  async connect(): Promise<PopDialogue> {
    if (this.#noStls !== undefined) throw this.#noStls;
    const pop = await this.connectClear(this.channel.security === 'implicit' ? this.tlsOptions : undefined);
    if (this.channel.security !== 'starttls') return pop;
    this.audit.budget.spendCommand();
    const reply = await pop.stls(this.tlsOptions);
    this.#hasStls = reply.ok;
    if (this.#hasStls) return pop;
    this.#noStls = new DialogueFault('no-tls', `STLS → ${reply.line}`);
    throw this.#noStls;
  }

  /** In clear text, on a server whose STLS is known to work: a refusal then means something. */
  async beforeStls(): Promise<PopDialogue> {
    if (!this.#hasStls) await this.connect();
    return await this.connectClear();
  }

  async connectClear(implicit?: TlsOptions): Promise<PopDialogue> {
    await this.end();
    this.#connections += 1;
    return await this.#connector.open(this.#connections, implicit, async (dialogue) => {
      const pop = new PopDialogue(dialogue);
      this.#open.push(pop);
      const banner = await pop.greeting();
      if (!banner.ok) throw new DialogueFault('closed', `the greeting refuses us: ${banner.line}`);
      return pop;
    });
  }

  async command(pop: PopDialogue, line: string): Promise<PopReply> {
    this.audit.budget.spendCommand();
    return await pop.command(line);
  }

  get tlsOptions(): TlsOptions {
    return tlsOptionsOf(this.channel, this.audit);
  }

  async end(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    for (const pop of open) await pop.quit();
  }
}
