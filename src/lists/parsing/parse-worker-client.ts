/**
 * Parses a list where it costs mail least: a small one in the main thread, a large one in a worker of its own, which also
 * reads its file. What such a file takes of memory is never the main thread's: V8 would collect garbage for it while
 * clients wait.
 */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FileRead, FileState, NoContent } from '../files/file-reader';
import { type Parsed, parseBytes, type Task } from './parse-bytes';

/** From this many bytes on a list is parsed in a worker: below it a thread costs more than it saves. */
export const workerThreshold = 128 * 1024;

/** What a worker is started for: a file to be read or bytes, and what to parse them to; without a task they are the result. */
export interface Job {
  readonly source: FileRead | { readonly bytes: Uint8Array };
  readonly task?: Task;
}

export type ParsedFile = NoContent | (Parsed & { readonly state: 'parsed'; readonly fingerprint: string });

/** `undefined`: the file is not the expected one, or does not stay the same. */
export type JobResult = FileState | ParsedFile | undefined;

export interface RunningJob<R extends JobResult> {
  /** Resolves when the worker has read its file; rejects when the worker dies before. */
  readonly read: Promise<void>;
  /** Rejects when the worker dies. */
  readonly result: Promise<R>;
}

const script = path.join(__dirname, 'parse-worker.js');

export function startJob<R extends JobResult>(job: Job, transferList: ArrayBuffer[] = []): RunningJob<R> {
  const worker = new Worker(script, { workerData: job, transferList });
  worker.unref();
  const died = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread that parses ended with ${code} and no answer`)));
  });
  const messages: ((message: unknown) => void)[] = [];
  const next = () => Promise.race([new Promise<unknown>((resolve) => void messages.push(resolve)), died]);
  const read = next() as Promise<void>;
  const result = next() as Promise<R>;
  worker.on('message', (message) => messages.shift()?.(message));
  // Where the worker dies, whoever waits for the one no longer waits for the other.
  for (const answer of [read, result]) answer.catch(() => {});
  return { read, result };
}

/** Rejects when the worker dies. The bytes may be gone afterwards. */
export async function parseContent(bytes: Uint8Array, task: Task): Promise<Parsed> {
  if (bytes.length < workerThreshold) return parseBytes(bytes, task);
  // Moved, not copied: to copy a large file takes longer than mail should wait. What does not begin with its memory shares it.
  const own = bytes.byteOffset === 0 ? bytes : new Uint8Array(bytes);
  const { result } = startJob<Parsed & { state: 'parsed'; fingerprint: string }>({ source: { bytes: own }, task }, [
    own.buffer as ArrayBuffer,
  ]);
  return result;
}
