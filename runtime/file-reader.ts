/** Reads a policy file, and tells a missing one from one that cannot be read. Never waits on a FIFO or device. */
import { createHash } from 'node:crypto';
import { type BigIntStats, promises as fs, readFileSync, statSync } from 'node:fs';
import { memoryFor } from '../core';

export type FileState =
  | { readonly state: 'read'; readonly bytes: Buffer; readonly stamp: string }
  | { readonly state: 'missing'; readonly stamp: string }
  | { readonly state: 'unreadable'; readonly reason: string; readonly stamp: string };

const missingStamp = 'missing';

/** Changes whenever the file behind the path does: another inode, size, or time. Symbolic links are followed. */
export async function stampOf(path: string): Promise<string> {
  try {
    return stampFrom(await fs.stat(path, { bigint: true }));
  } catch (error) {
    return stampOfFailure(error);
  }
}

/** Reads the file; `stamp` is from before the reading. */
export async function readFileState(path: string): Promise<FileState> {
  try {
    const stats = await fs.stat(path, { bigint: true });
    if (!stats.isFile()) return notAFile(stats);
    return await readWhole(path, Number(stats.size)).then((bytes) => contentState(stats, bytes), unreadState(stats));
  } catch (error) {
    return failureState(error);
  }
}

/** From this many bytes on, `fs.readFile` puts together pieces, which glibc keeps. */
const wholeFrom = 1 << 16;
/** One more, and Node aborts; `fs.readFile` rejects. */
const mostRead = 2 ** 31 - 1;

async function readWhole(path: string, size: number): Promise<Buffer> {
  if (size < wholeFrom || size > mostRead) return fs.readFile(path);
  const file = await fs.open(path);
  try {
    const bytes = Buffer.from(memoryFor(size), 0, size);
    let filled = 0;
    for (let read = 1; read > 0 && filled < size; filled += read) {
      read = (await file.read(bytes, filled, size - filled)).bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** The same, for the start of the server, when nothing else is going on yet. */
export function readFileStateSync(path: string): FileState {
  try {
    const stats = statSync(path, { bigint: true });
    if (!stats.isFile()) return notAFile(stats);
    try {
      return contentState(stats, readFileSync(path));
    } catch (error) {
      return unreadState(stats)(error);
    }
  } catch (error) {
    return failureState(error);
  }
}

/** The text of a file: bytes that are not UTF-8 become U+FFFD, which no entry may hold. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** SHA-256 in hexadecimal: the identity of a content. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function stampFrom(s: BigIntStats): string {
  return `${s.dev}:${s.ino}:${s.size}:${s.mtimeNs}:${s.ctimeNs}:${s.mode}`;
}

function contentState(stats: BigIntStats, bytes: Buffer): FileState {
  return { state: 'read', bytes, stamp: stampFrom(stats) };
}

/** A file that is there and fails to be read keeps its own stamp: by that one it is seen to change. */
function unreadState(stats: BigIntStats): (error: unknown) => FileState {
  return (error) => {
    const failed = failureState(error);
    return failed.state === 'unreadable' ? { ...failed, stamp: stampFrom(stats) } : failed;
  };
}

function notAFile(stats: BigIntStats): FileState {
  const what = stats.isDirectory() ? 'a directory' : 'no regular file';
  return { state: 'unreadable', reason: `it is ${what}`, stamp: stampFrom(stats) };
}

function failureState(error: unknown): FileState {
  const stamp = stampOfFailure(error);
  if (stamp === missingStamp) return { state: 'missing', stamp };
  return { state: 'unreadable', reason: error instanceof Error ? error.message : String(error), stamp };
}

function stampOfFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR' ? missingStamp : `error:${code ?? String(error)}`;
}
