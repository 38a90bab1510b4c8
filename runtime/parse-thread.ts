/**
 * The thread in which one large list is parsed: waits for it, hashes, decodes, parses, and hands the tables over without a
 * copy. Where the processor is short, mail goes before it.
 */
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { Parsed, Task } from './parse-worker';

// Only on Linux does this speak of the thread alone.
if (process.platform === 'linux') {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some containers forbid it; the list is parsed all the same.
  }
}

// Not before: reading the parser's code takes longer than most lists.
const { mostReported, parseBytes } = require('./parse-worker') as typeof import('./parse-worker');

/** Milliseconds. */
const untilTaken = 200;

parentPort?.once('message', (task: Task) => {
  const { findings, ...parsed } = parseBytes(task);
  const said = findings.slice(0, mostReported);
  const handedOver: Parsed = { ...parsed, findings: said, unsaid: findings.length - said.length };
  parentPort?.postMessage(handedOver, buffersIn(parsed.data));
  // To take the tables over holds up mail a little, and so does the end of a thread, whose memory goes back: one at a time.
  setTimeout(() => undefined, untilTaken);
});

function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(buffersIn);
}
