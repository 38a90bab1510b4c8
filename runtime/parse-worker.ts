/** Parses a list: a small one where mail is served, a large one away from there, in the thread of `parse-thread.ts`. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { decodeText, hashOf } from './file-reader';
import { sortLines } from './redis-key';
import { type ParsedSlot, parseSlot, type SlotName } from './slots';

/** From this many bytes on a list is parsed apart: below it a worker costs more than it saves. */
export const apartFrom = 128 * 1024;

export interface Task<B extends Uint8Array = Uint8Array> {
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

export function parseBytes({ name, file, bytes, unordered, known }: Task): Parsed {
  const content = unordered ? sortLines(bytes) : bytes;
  const hash = hashOf(content);
  if (hash === known) return { findings: [], hash, unsaid: 0 };
  return { ...parseSlot(name, file, decodeText(content), content), hash, unsaid: 0 };
}

/** Parses where it costs least; `bytes` may be gone afterwards. */
export function parseList(task: Task<Buffer>): Promise<Parsed> | Parsed {
  return task.bytes.length < apartFrom ? parseBytes(task) : parseApart(task);
}

const thread = path.join(__dirname, 'parse-thread.js');

/** A thread that waits for its list, and the end of its wait. */
let ahead: { readonly worker: Worker; readonly end: NodeJS.Timeout } | undefined;

/** Longer than any list waits to settle. Milliseconds. */
const longestWait = 15_000;

/**
 * To be called when a list of so many octets will be parsed soon: meanwhile the thread starts and reads the parser's code.
 * Where no list comes for `wait` milliseconds it ends again.
 */
export function startAhead(octets: number, wait = longestWait): void {
  if (octets < apartFrom) return;
  if (ahead) {
    ahead.end.refresh();
    return;
  }
  const worker = startThread();
  const leave = () => {
    if (ahead?.worker === worker) ahead = undefined;
  };
  const end = setTimeout(() => {
    leave();
    void worker.terminate();
  }, wait).unref();
  worker.on('error', leave).on('exit', leave);
  ahead = { worker, end };
}

function startThread(): Worker {
  const worker = new Worker(thread);
  worker.unref();
  return worker;
}

/** The one that waits, or a new one. */
function takeThread(): Worker {
  if (!ahead) return startThread();
  const { worker, end } = ahead;
  clearTimeout(end);
  ahead = undefined;
  return worker;
}

/** Rejects when the worker dies. `bytes` belong to the worker from here on. */
export function parseApart({ bytes, ...rest }: Task<Buffer>): Promise<Parsed> {
  // Moved, not copied: to copy a large file takes longer than mail should wait. What does not begin with its memory shares it.
  const own = bytes.byteOffset === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  return new Promise((resolve, reject) => {
    const task: Task = { ...rest, bytes: own };
    const worker = takeThread();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`parsing ${rest.file} apart ended with ${code} and no result`)));
    worker.postMessage(task, [own.buffer as ArrayBuffer]);
  });
}
