/**
 * Parses a list where it costs mail least: a small one where mail is served, a large one in a thread of its own, that of
 * `parse-thread.ts`, which also reads its file. What such a file takes of memory is never this thread's: V8 would collect
 * garbage for it while clients wait.
 */
import type { promises as fs } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Bytes, mostRead, readBytes } from './file-reader';
import { type Parsed, parseBytes, type Task } from './parse-bytes';

/** From this many bytes on a list is parsed apart: below it a thread costs more than it saves. */
export const apartFrom = 128 * 1024;

/** What a thread is asked for: first, perhaps, to read a file that is open; then to parse that, or bytes. */
export type Request =
  | { readonly read: { readonly fd: number; readonly size: number; readonly wait: number } }
  | { readonly parse: Task; readonly bytes?: Uint8Array };

/** What it answers to the first. */
export interface ReadAnswer {
  readonly failure: string | undefined;
}

/** The content of a large file, in the thread that will parse it. */
export interface ReadApart {
  readonly state: 'read apart';
  readonly thread: ParseThread;
}

/** Whoever has a file read has it parsed at once, or not at all. Milliseconds. */
const untilAsked = 10_000;

/** Reads what `parseContent` is to parse. A thread that is not asked to for `wait` milliseconds ends. */
export async function readToParse(file: fs.FileHandle, size: number, wait = untilAsked): Promise<Bytes | ReadApart> {
  if (size < apartFrom || size > mostRead) return readBytes(file, size);
  const thread = takeThread();
  // A thread that dies says nothing of the file.
  const answer = await thread.ask<ReadAnswer>({ read: { fd: file.fd, size, wait } }).catch(() => undefined);
  if (!answer) return readBytes(file, size);
  if (answer.failure !== undefined) throw new Error(answer.failure);
  return { state: 'read apart', thread };
}

/** Rejects when the thread dies. The bytes may be gone afterwards. */
export function parseContent(content: Bytes | ReadApart, task: Task): Promise<Parsed> | Parsed {
  if (content.state === 'read apart') return content.thread.ask({ parse: task });
  const { bytes } = content;
  if (bytes.length < apartFrom) return parseBytes(bytes, task);
  // Moved, not copied: to copy a large file takes longer than mail should wait. What does not begin with its memory shares it.
  const own = bytes.byteOffset === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  return takeThread().ask({ parse: task, bytes: own }, [own.buffer as ArrayBuffer]);
}

const script = path.join(__dirname, 'parse-thread.js');

export class ParseThread {
  private readonly worker = new Worker(script);
  hasEnded = false;

  constructor() {
    const end = () => {
      this.hasEnded = true;
    };
    this.worker.on('error', end).on('exit', end).unref();
  }

  /** Its answer; rejects when it dies. One thing at a time. */
  ask<A>(request: Request, moved: ArrayBuffer[] = []): Promise<A> {
    const { worker } = this;
    return new Promise((resolve, reject) => {
      if (this.hasEnded) throw new Error('the thread that parses has ended');
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that parses ended with ${code} and no answer`)));
      worker.postMessage(request, moved);
    });
  }

  end(): void {
    void this.worker.terminate();
  }
}

/** A thread that waits for its list, and the end of its wait. */
let ahead: { readonly thread: ParseThread; readonly end: NodeJS.Timeout } | undefined;

/** Longer than any list waits to settle. Milliseconds. */
const longestWait = 15_000;

/**
 * To be called when a list of so many octets will be parsed soon: meanwhile the thread starts and reads the parser's code.
 * Where no list comes for `wait` milliseconds it ends again.
 */
export function startAhead(octets: number, wait = longestWait): void {
  if (octets < apartFrom) return;
  const thread = takeThread();
  const end = setTimeout(() => {
    ahead = undefined;
    thread.end();
  }, wait).unref();
  ahead = { thread, end };
}

/** The one that waits, or a new one. */
function takeThread(): ParseThread {
  const waiting = ahead;
  ahead = undefined;
  clearTimeout(waiting?.end);
  return waiting && !waiting.thread.hasEnded ? waiting.thread : new ParseThread();
}
