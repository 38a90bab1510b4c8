/** Limits the load on the audited server and the time that it can take up: one connection at a time, a pause before each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DialogueFault } from './dialogue-fault';

export interface RequestLimits {
  readonly pauseMs: number;
  readonly connections: number;
  readonly commands: number;
  /** From the first connection on. */
  readonly durationMs: number;
}

export class RequestBudget {
  readonly #limits: RequestLimits;
  #connections = 0;
  #commands = 0;
  #end: number | undefined;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  async spendConnection(): Promise<void> {
    const { pauseMs, connections, durationMs } = this.#limits;
    const first = this.#end === undefined;
    this.#end ??= Date.now() + durationMs;
    this.#checkTime();
    if (this.#connections >= connections) throw new DialogueFault('budget', 'the audit has used up its connections');
    this.#connections += 1;
    if (!first && pauseMs > 0) await sleep(pauseMs);
  }

  spendCommand(): void {
    this.#checkTime();
    if (this.#commands >= this.#limits.commands) {
      throw new DialogueFault('budget', 'the audit has used up its commands');
    }
    this.#commands += 1;
  }

  #checkTime(): void {
    if (this.#end !== undefined && Date.now() > this.#end) {
      throw new DialogueFault('budget', 'the audit has used up its time: the server answers too slowly');
    }
  }
}
