/** A thread of its own, so that it swaps steadily whatever the run is busy with. Answers `stop` with how often it did, in what time. */
import fs from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

export interface Swapping {
  readonly file: string;
  /** Milliseconds. */
  readonly between: number;
  readonly versions: Versions;
}

export type Versions = readonly [string, string];
export type Order = Versions | 'stop';

export interface Swapped {
  readonly swaps: number;
  readonly milliseconds: number;
}

const { file, between, versions } = workerData as Swapping;
const began = performance.now();
let current = versions;
let swaps = 0;

// What a busy machine has held up is made up for, a little at a time: between the ticks there may be an order.
const timer = setInterval(() => {
  for (let n = 0; n < 5 && swaps * between < performance.now() - began; n++) swap();
}, between);

function swap(): void {
  fs.writeFileSync(`${file}.new`, current[++swaps % 2 ? 1 : 0]);
  fs.renameSync(`${file}.new`, file);
}

parentPort?.on('message', (order: Order) => {
  if (order !== 'stop') {
    current = order;
    return;
  }
  clearInterval(timer);
  const swapped: Swapped = { swaps, milliseconds: performance.now() - began };
  parentPort?.postMessage(swapped);
  parentPort?.close();
});
