/**
 * The thread in which one large list is parsed: reads it, or is given it; hashes, decodes, parses, and hands the tables over
 * without a copy. Where the processor is short, mail goes before it; and it rests again and again.
 */
import { readSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { ReadAnswer, Request } from './parse-apart';
import type { Parsed, Task } from './parse-bytes';

// Only on Linux does this speak of the thread alone.
if (process.platform === 'linux') {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some containers forbid it; the list is parsed all the same.
  }
}

// Not before: reading the parser's code takes longer than most lists.
const { memoryFor, prepareHandOver } = require('../core/large-memory') as typeof import('../core/large-memory');
const { callOnProgress } = require('../core/progress') as typeof import('../core/progress');
const { mostReported, parseBytes } = require('./parse-bytes') as typeof import('./parse-bytes');
const { Rests } = require('./rests') as typeof import('./rests');

prepareHandOver();
const rests = new Rests({ share: 0.6, most: 300 });
callOnProgress(() => rests.whenDue());

/** Milliseconds. */
const untilTaken = 200;

let content: Uint8Array = new Uint8Array();
let wait: NodeJS.Timeout | undefined;

parentPort?.on('message', (request: Request) => {
  clearTimeout(wait);
  if ('read' in request) {
    const { fd, size } = request.read;
    parentPort?.postMessage({ failure: failureOf(() => read(fd, size)) } satisfies ReadAnswer);
    wait = setTimeout(() => parentPort?.close(), request.read.wait);
  } else {
    parse(request.bytes ?? content, request.parse);
    // To take the tables over holds up mail a little, and so does the end of a thread, whose memory goes back: one at a time.
    setTimeout(() => parentPort?.close(), untilTaken);
  }
});

/** As `readBytes` does, and leaves the file's offset where it is. */
function read(fd: number, size: number): void {
  const bytes = new Uint8Array(memoryFor(size), 0, size);
  let filled = 0;
  for (let count = 1; count > 0 && filled < size; filled += count) {
    count = readSync(fd, bytes, filled, size - filled, filled);
  }
  content = bytes.subarray(0, filled);
}

function failureOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function parse(bytes: Uint8Array, task: Task): void {
  const { findings, ...parsed } = parseBytes(bytes, task);
  const said = findings.slice(0, mostReported);
  const handedOver: Parsed = { ...parsed, findings: said, unsaid: findings.length - said.length };
  parentPort?.postMessage(handedOver, [...new Set(buffersIn(parsed.data))]);
}

function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(buffersIn);
}
