/**
 * Parses a large list away from the thread that serves mail. `parseApart` is called there; the same file is the worker,
 * which hashes, decodes, parses, and hands the tables back without a copy.
 */
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
}

export function parseBytes({ name, file, bytes }: Task): Parsed {
  return { ...parseSlot(name, file, decodeText(bytes)), hash: hashOf(bytes) };
}

/** Rejects when the worker dies. `bytes` belong to the worker from here on. */
export function parseApart(name: SlotName, file: string, bytes: Buffer): Promise<Parsed> {
  const own = new Uint8Array(bytes);
  return new Promise((resolve, reject) => {
    const task: Task = { name, file, bytes: own };
    const worker = new Worker(__filename, { workerData: task, transferList: [own.buffer] });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`parsing ${file} apart ended with ${code} and no result`)));
  });
}

function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.values(value).flatMap(buffersIn);
}

if (!isMainThread && parentPort && (workerData as Task | null)?.bytes) {
  const parsed = parseBytes(workerData as Task);
  parentPort.postMessage(parsed, buffersIn(parsed.data));
}
