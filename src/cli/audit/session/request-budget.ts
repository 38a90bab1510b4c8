/** Limits the load on the audited server: one connection at a time, a pause before each, and a maximum of requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DialogueFault } from './dialogue-fault';

export class RequestBudget {
  readonly #pauseMs: number;
  #connections: number;
  #commands: number;
  #first = true;

  constructor(pauseMs: number, connections: number, commands: number) {
    this.#pauseMs = pauseMs;
    this.#connections = connections;
    this.#commands = commands;
  }

  async spendConnection(): Promise<void> {
    if (this.#connections <= 0) throw new DialogueFault('budget', 'the audit has used up its connections');
    this.#connections -= 1;
    if (!this.#first && this.#pauseMs > 0) await sleep(this.#pauseMs);
    this.#first = false;
  }

  spendCommand(): void {
    if (this.#commands <= 0) throw new DialogueFault('budget', 'the audit has used up its commands');
    this.#commands -= 1;
  }
}
