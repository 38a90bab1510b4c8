/** Sees which threads this process starts. */
import type { Worker } from 'node:worker_threads';

export class Started {
  threads = 0;
  ended = 0;
  last: Worker | undefined;

  private readonly see = (worker: Worker) => {
    this.threads++;
    this.last = worker;
    worker.once('exit', () => this.ended++);
  };

  /** `also`: what is to be done at each start. */
  constructor(private readonly also = (): void => {}) {
    process.on('worker', this.see);
    process.on('worker', this.also);
  }

  leave(): void {
    process.off('worker', this.see);
    process.off('worker', this.also);
  }
}
