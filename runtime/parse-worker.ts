/**
 * Parses a large list away from the thread that serves mail. `parseApart` is called there; the same file is the worker,
 * which hashes, decodes, parses, and hands the tables back without a copy.
 */
import { constants, setPriority } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { decodeText, hashOf } from './file-reader';
import { type ParsedSlot, parseSlot, type SlotName } from './slots';

/** From this many bytes on a list is parsed apart: below it a worker costs more than it saves. */
export const apartFrom = 128 * 1024;

interface Task {
  readonly name: SlotName;
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface Parsed extends ParsedSlot {
  readonly hash: string;
  /** How many findings there are beyond those handed over. */
  readonly unsaid: number;
}

/** A log has room for no more, and a million of them would hold up the thread that serves mail. */
export const mostReported = 200;

export function parseBytes({ name, file, bytes }: Task): Parsed {
  return { ...parseSlot(name, file, decodeText(bytes)), hash: hashOf(bytes), unsaid: 0 };
}

/** Rejects when the worker dies. `bytes` belong to the worker from here on. */
export function parseApart(name: SlotName, file: string, bytes: Buffer): Promise<Parsed> {
  // Moved, not copied: to copy a large file takes longer than mail should wait.
  const own = bytes.buffer.byteLength === bytes.length ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  return new Promise((resolve, reject) => {
    const task: Task = { name, file, bytes: own };
    const worker = new Worker(__filename, { workerData: task, transferList: [own.buffer as ArrayBuffer] });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`parsing ${file} apart ended with ${code} and no result`)));
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

if (!isMainThread && parentPort && (workerData as Task | null)?.bytes) {
  yieldToMail();
  const { findings, ...parsed } = parseBytes(workerData as Task);
  const said = findings.slice(0, mostReported);
  const handedOver: Parsed = { ...parsed, findings: said, unsaid: findings.length - said.length };
  parentPort.postMessage(handedOver, buffersIn(parsed.data));
}
