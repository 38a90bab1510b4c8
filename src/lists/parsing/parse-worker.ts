/**
 * The worker thread that parses one large list: reads its file and verifies that it is the expected one, or is given the
 * bytes; hashes, decodes, parses, and transfers the tables without a copy. Where the processor is short, mail goes before it.
 */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Parsed, Task } from './parse-bytes';
import type { Job, JobResult } from './parse-worker-client';

// Only on Linux does this speak of the thread alone.
if (process.platform === 'linux') {
  try {
    setPriority(Math.min(getPriority() + constants.priority.PRIORITY_BELOW_NORMAL, constants.priority.PRIORITY_LOW));
  } catch {
    // Some containers forbid it; the list is parsed all the same.
  }
}

// Not before: reading the parser's code takes longer than most lists.
const { prepareTransfer } =
  require('../../policy/tables/large-memory') as typeof import('../../policy/tables/large-memory');
const { readStableSync } = require('../files/file-reader') as typeof import('../files/file-reader');
const { mostReported, parseBytes } = require('./parse-bytes') as typeof import('./parse-bytes');

prepareTransfer();

/** Milliseconds that the main thread has to receive the tables. */
const untilReceived = 200;

run(workerData as Job);

function run({ source, task }: Job): void {
  const state =
    'bytes' in source ? ({ state: 'read', bytes: source.bytes, fingerprint: '' } as const) : readStableSync(source);
  parentPort?.postMessage('read');
  const isParsed = task !== undefined && state?.state === 'read';
  const result: JobResult = isParsed
    ? { state: 'parsed', fingerprint: state.fingerprint, ...parse(state.bytes, task) }
    : state;
  parentPort?.postMessage(result, [...new Set(buffersIn(result && 'data' in result ? result.data : undefined))]);
  // To receive the tables holds up mail a little, and so does the end of a thread, whose memory goes back: one at a time.
  setTimeout(() => {}, untilReceived);
}

function parse(bytes: Uint8Array, task: Task): Parsed {
  const { findings, ...parsed } = parseBytes(bytes, task);
  const reported = findings.slice(0, mostReported);
  return { ...parsed, findings: reported, omitted: findings.length - reported.length };
}

function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(buffersIn);
}
