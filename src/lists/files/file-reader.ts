/** Reads a policy file, and tells a missing one from one that cannot be read. Never waits on a FIFO or device. */
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  promises as fs,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { memoryFor } from '../../policy/tables/large-memory';

export type FileState =
  | NoContent
  | { readonly state: 'read'; readonly bytes: Uint8Array; readonly fingerprint: string };

/** `fingerprint` changes whenever the file behind the path does: another inode, size, or time. Symbolic links are followed. */
export type NoContent =
  | { readonly state: 'missing'; readonly fingerprint: string }
  | { readonly state: 'unreadable'; readonly reason: string; readonly fingerprint: string };

/** The fingerprint of what is at a path, and how many bytes that has. */
export interface FileStat {
  readonly fingerprint: string;
  readonly size: number;
}

/** A file to be read, and what it must be for its content to count. */
export interface FileRead extends FileStat {
  readonly path: string;
  /**
   * Where one file replaces the other without end: the file at the path counts if it is not written to for so many
   * milliseconds, even where another takes its place meanwhile. Otherwise it must have the fingerprint before and after.
   */
  readonly unchangedFor?: number | undefined;
}

const missingFingerprint = 'missing';

export async function statFile(path: string): Promise<FileStat> {
  try {
    const stats = await fs.stat(path, { bigint: true });
    return { fingerprint: fingerprintFrom(stats), size: Number(stats.size) };
  } catch (error) {
    return { fingerprint: fingerprintOfFailure(error), size: 0 };
  }
}

/** Whatever may be at the path by now, opening it waits for nobody. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK;

/** Reads a small file; `fingerprint` is from before the reading. */
export async function readFileState(path: string): Promise<FileState> {
  try {
    const stats = await fs.stat(path, { bigint: true });
    if (!stats.isFile()) return notAFile(stats);
    return await fs.readFile(path, { flag: flags }).then((bytes) => contentState(stats, bytes), unreadState(stats));
  } catch (error) {
    return failureState(error);
  }
}

/** The same for a file of any size, for a worker or the start of the server, when nothing else is going on yet. */
export function readFileStateSync(path: string): FileState {
  try {
    const stats = statSync(path, { bigint: true });
    if (!stats.isFile()) return notAFile(stats);
    try {
      return withFile(path, (file) => contentState(stats, readContentSync(file, Number(stats.size))));
    } catch (error) {
      return unreadState(stats)(error);
    }
  } catch (error) {
    return failureState(error);
  }
}

/** The expected file, or nothing where there is another. Blocks the thread. */
export function readStableSync({ path, fingerprint, unchangedFor }: FileRead): FileState | undefined {
  if (unchangedFor !== undefined) return readUnchangedSync(path, unchangedFor);
  const state = readFileStateSync(path);
  return state.fingerprint === fingerprint && fingerprintOfSync(path) === fingerprint ? state : undefined;
}

function readUnchangedSync(path: string, time: number): FileState | undefined {
  // To open something else may wait, or set a device going; it may also have taken the file's place just now.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  return withFile(path, (file) => {
    const before = fstatSync(file, { bigint: true });
    if (!before.isFile()) return undefined;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, time);
    const bytes = readContentSync(file, Number(before.size));
    const after = fstatSync(file, { bigint: true });
    // The change time is another once the file has lost its name.
    return after.size === before.size && after.mtimeNs === before.mtimeNs ? contentState(before, bytes) : undefined;
  });
}

function withFile<R>(path: string, use: (file: number) => R): R {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** From this many bytes on, Node puts together pieces, which glibc keeps. */
const wholeFrom = 1 << 16;
/** One more, and Node aborts where it is asked for so many at once; its own `readFile` throws. */
const mostRead = 2 ** 31 - 1;

function readContentSync(file: number, size: number): Buffer {
  if (size < wholeFrom || size > mostRead) return readFileSync(file);
  const bytes = Buffer.from(memoryFor(size), 0, size);
  let filled = 0;
  for (let read = 1; read > 0 && filled < size; filled += read) {
    read = readSync(file, bytes, filled, size - filled, null);
  }
  return bytes.subarray(0, filled);
}

/** The text of a file: bytes that are not UTF-8 become U+FFFD, which no entry may hold. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** SHA-256 in hexadecimal: the identity of a content. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function fingerprintOfSync(path: string): string {
  try {
    return fingerprintFrom(statSync(path, { bigint: true }));
  } catch (error) {
    return fingerprintOfFailure(error);
  }
}

function fingerprintFrom(s: BigIntStats): string {
  return `${s.size}:${s.dev}:${s.ino}:${s.mtimeNs}:${s.ctimeNs}:${s.mode}`;
}

function contentState(stats: BigIntStats, bytes: Buffer): FileState {
  return { state: 'read', bytes, fingerprint: fingerprintFrom(stats) };
}

/** A file that is there and fails to be read keeps its own fingerprint: by that one it is seen to change. */
function unreadState(stats: BigIntStats): (error: unknown) => NoContent {
  return (error) => {
    const failed = failureState(error);
    return failed.state === 'unreadable' ? { ...failed, fingerprint: fingerprintFrom(stats) } : failed;
  };
}

function notAFile(stats: BigIntStats): NoContent {
  const what = stats.isDirectory() ? 'a directory' : 'no regular file';
  return { state: 'unreadable', reason: `it is ${what}`, fingerprint: fingerprintFrom(stats) };
}

function failureState(error: unknown): NoContent {
  const fingerprint = fingerprintOfFailure(error);
  if (fingerprint === missingFingerprint) return { state: 'missing', fingerprint };
  return { state: 'unreadable', reason: error instanceof Error ? error.message : String(error), fingerprint };
}

function fingerprintOfFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR' ? missingFingerprint : `error:${code ?? String(error)}`;
}
