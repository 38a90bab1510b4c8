/** Connects to one channel within the request budget, and stops trying where the server does not answer. */
import { type Audit, type Channel, channelName, peerOf } from './channel';
import { Dialogue } from './dialogue';
import { DialogueFault } from './dialogue-fault';
import type { TlsOptions } from './tls-options';

/** After three connections in a row without a greeting the server is down or blocks us: no more attempts. */
const maxFailures = 3;

export class Connector {
  readonly #channel: Channel;
  readonly #audit: Audit;
  #unreachable: DialogueFault | undefined;
  #failures = 0;

  constructor(channel: Channel, audit: Audit) {
    this.#channel = channel;
    this.#audit = audit;
  }

  /** Connects, and lets `greet` read the greeting or do the handshake. */
  async open<T>(turn: number, implicit: TlsOptions | undefined, greet: (dialogue: Dialogue) => Promise<T>): Promise<T> {
    if (this.#unreachable !== undefined) throw this.#unreachable;
    await this.#audit.budget.spendConnection();
    const { limits, transcript } = this.#audit;
    try {
      const name = `${channelName(this.#channel)} #${turn}`;
      const peer = peerOf(this.#channel, this.#audit);
      const session = await greet(await Dialogue.connect(name, peer, limits, transcript, implicit));
      this.#failures = 0;
      return session;
    } catch (error) {
      if (error instanceof DialogueFault && error.kind !== 'budget') this.#note(error);
      throw error;
    }
  }

  #note(fault: DialogueFault): void {
    this.#failures += 1;
    // A handshake may fail by intent: with an old version of TLS, say.
    if (fault.kind === 'tls') return;
    if (fault.kind === 'unreachable') this.#unreachable = fault;
    else if (this.#failures >= maxFailures) {
      this.#unreachable = new DialogueFault('unreachable', `${fault.message}, ${maxFailures} times running`);
    }
  }
}
