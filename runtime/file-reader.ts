/** Reads a policy file, and tells a missing one from one that cannot be read. Never waits on a FIFO or device. */
import { createHash } from 'node:crypto';
import { type BigIntStats, constants, promises as fs, readFileSync, statSync } from 'node:fs';
import { memoryFor } from '../core/large-memory';

export interface Bytes {
  readonly state: 'read';
  readonly bytes: Buffer;
}

/** Another content than `Bytes` is one that was read elsewhere. */
export type FileState<C = Bytes> =
  | (C & { readonly stamp: string })
  | { readonly state: 'missing'; readonly stamp: string }
  | { readonly state: 'unreadable'; readonly reason: string; readonly stamp: string };

/** Reads a file that is open, of `size` octets when it was looked at; rejects where it cannot be read. */
export type ReadContent<C> = (file: fs.FileHandle, size: number) => Promise<C>;

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
export async function readFileState<C>(path: string, read: ReadContent<C>): Promise<FileState<C>> {
  try {
    const stats = await fs.stat(path, { bigint: true });
    if (!stats.isFile()) return notAFile(stats);
    return await readWhole(path, Number(stats.size), read).then(
      (content) => contentState(stats, content),
      unreadState(stats),
    );
  } catch (error) {
    return failureState(error);
  }
}

/** Whatever may be at the path by now, opening it waits for nobody. */
function openFile(path: string): Promise<fs.FileHandle> {
  return fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

async function readWhole<C>(path: string, size: number, read: ReadContent<C>): Promise<C> {
  const file = await openFile(path);
  try {
    return await read(file, size);
  } finally {
    await file.close();
  }
}

/** From this many bytes on, Node puts together pieces, which glibc keeps. */
const wholeFrom = 1 << 16;
/** One more, and Node aborts where it is asked for so many at once; its own `readFile` rejects. */
export const mostRead = 2 ** 31 - 1;

export async function readBytes(file: fs.FileHandle, size: number): Promise<Bytes> {
  return { state: 'read', bytes: await readContent(file, size) };
}

async function readContent(file: fs.FileHandle, size: number): Promise<Buffer> {
  if (size < wholeFrom || size > mostRead) return file.readFile();
  const bytes = Buffer.from(memoryFor(size), 0, size);
  let filled = 0;
  for (let read = 1; read > 0 && filled < size; filled += read) {
    read = (await file.read(bytes, filled, size - filled)).bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** A file that is kept in view, be another in its place or not. */
export interface HeldFile<C> {
  /** Its content, unless it has been written to since it was held. */
  readUnchanged(): Promise<FileState<C> | undefined>;
  close(): Promise<void>;
}

/** Holds the file that is at the path at this moment, if it can be read at all. */
export async function holdFile<C>(path: string, read: ReadContent<C>): Promise<HeldFile<C> | undefined> {
  // To open something else may wait, or set a device going; it may also have taken the file's place just now.
  const isFile = await fs.stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  const file = await openFile(path).catch(() => undefined);
  const held = await file?.stat({ bigint: true }).catch(() => undefined);
  if (!file || !held?.isFile()) {
    await file?.close();
    return undefined;
  }
  const unchanged = async () => {
    // Its other time changes when it loses its name.
    const { size, mtimeNs } = await file.stat({ bigint: true });
    return size === held.size && mtimeNs === held.mtimeNs;
  };
  return {
    async readUnchanged() {
      if (!(await unchanged())) return undefined;
      const content = await read(file, Number(held.size));
      return (await unchanged()) ? contentState(held, content) : undefined;
    },
    close: () => file.close(),
  };
}

/** The same as `readFileState`, for the start of the server, when nothing else is going on yet. */
export function readFileStateSync(path: string): FileState {
  try {
    const stats = statSync(path, { bigint: true });
    if (!stats.isFile()) return notAFile(stats);
    try {
      return contentState(stats, { state: 'read', bytes: readFileSync(path) });
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
  return `${s.size}:${s.dev}:${s.ino}:${s.mtimeNs}:${s.ctimeNs}:${s.mode}`;
}

/** Octets of the file that the stamp is from; 0 where there was none. */
export function sizeIn(stamp: string): number {
  return Number.parseInt(stamp, 10) || 0;
}

function contentState<C>(stats: BigIntStats, content: C): FileState<C> {
  return { ...content, stamp: stampFrom(stats) };
}

/** A file that is there and fails to be read keeps its own stamp: by that one it is seen to change. */
function unreadState(stats: BigIntStats): (error: unknown) => FileState<never> {
  return (error) => {
    const failed = failureState(error);
    return failed.state === 'unreadable' ? { ...failed, stamp: stampFrom(stats) } : failed;
  };
}

function notAFile(stats: BigIntStats): FileState<never> {
  const what = stats.isDirectory() ? 'a directory' : 'no regular file';
  return { state: 'unreadable', reason: `it is ${what}`, stamp: stampFrom(stats) };
}

function failureState(error: unknown): FileState<never> {
  const stamp = stampOfFailure(error);
  if (stamp === missingStamp) return { state: 'missing', stamp };
  return { state: 'unreadable', reason: error instanceof Error ? error.message : String(error), stamp };
}

function stampOfFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR' ? missingStamp : `error:${code ?? String(error)}`;
}
