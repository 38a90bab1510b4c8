/**
 * Parses a large list away from the thread that serves mail. `parseApart` is called there; the same file is the worker,
 * which hashes, decodes, parses, and hands the tables back without a copy.
 */
import { constants, setPriority } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Rest } from '../core';
import { decodeText, hashOf } from './file-reader';
import { sortLines } from './redis-key';
import { type ParsedSlot, parseSlot, type SlotName } from './slots';

/** From this many bytes on a list is parsed apart: below it a worker costs more than it saves. */
export const apartFrom = 128 * 1024;

interface Task<B extends Uint8Array = Uint8Array> {
  readonly name: SlotName;
  readonly file: string;
  readonly bytes: B;
  /** Lines in no order, of which each counts once; without it the text of a list as it is. */
  readonly unordered?: boolean;
  /** The hash of the content in force: the same again need not be parsed, and comes back without data. */
  readonly known?: string | undefined;
}

export interface Parsed extends ParsedSlot {
  readonly hash: string;
  /** How many findings there are beyond those handed over. */
  readonly unsaid: number;
}

/** A log has room for no more, and a million of them would hold up the thread that serves mail. */
export const mostReported = 200;

export function parseBytes({ name, file, bytes, unordered, known }: Task, rest?: Rest): Parsed {
  const content = unordered ? sortLines(bytes) : bytes;
  const hash = hashOf(content);
  if (hash === known) return { findings: [], hash, unsaid: 0 };
  return { ...parseSlot(name, file, decodeText(content), rest), hash, unsaid: 0 };
}

/** Parses where it costs least; `bytes` may be gone afterwards. */
export function parseList(task: Task<Buffer>): Promise<Parsed> | Parsed {
  return task.bytes.length < apartFrom ? parseBytes(task) : parseApart(task);
}

/** Rejects when the worker dies. `bytes` belong to the worker from here on. */
export function parseApart({ bytes, ...rest }: Task<Buffer>): Promise<Parsed> {
  // Moved, not copied: to copy a large file takes longer than mail should wait. What does not begin with its memory shares it.
  const own = bytes.byteOffset === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  return new Promise((resolve, reject) => {
    const task: Task = { ...rest, bytes: own };
    const worker = new Worker(__filename, { workerData: task, transferList: [own.buffer as ArrayBuffer] });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`parsing ${rest.file} apart ended with ${code} and no result`)));
  });
}

function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(buffersIn);
}

/** Mail goes before lists where the processor is short. Only on Linux does this speak of the thread alone. */
function yieldToMail(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some containers forbid it; the list is parsed all the same.
  }
}

/** For each second of work: enough for mail to keep its pace, and a million entries are in force within two seconds. */
const restForWork = 0.6;

/**
 * Sleeps for a part of the time worked since the last sleep. Priority alone leaves mail too little where every processor
 * is busy: the threads also share caches and memory.
 */
function restBetween(): Rest {
  const neverWoken = new Int32Array(new SharedArrayBuffer(4));
  let since = performance.now();
  return () => {
    Atomics.wait(neverWoken, 0, 0, (performance.now() - since) * restForWork);
    since = performance.now();
  };
}

if (!isMainThread && parentPort && (workerData as Task | null)?.bytes) {
  yieldToMail();
  const { findings, ...parsed } = parseBytes(workerData as Task, restBetween());
  const said = findings.slice(0, mostReported);
  const handedOver: Parsed = { ...parsed, findings: said, unsaid: findings.length - said.length };
  parentPort.postMessage(handedOver, buffersIn(parsed.data));
}
