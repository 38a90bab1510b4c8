/**
 * Plain data with large typed arrays as a file: a head in JSON, in which each array is a number, and the arrays behind
 * it. Writing takes the thread no longer than the head does, whatever the size of the arrays.
 */
import { closeSync, promises as fs, fstatSync, openSync, type PathLike, readSync } from 'node:fs';

const kinds = { Uint8Array, Uint16Array, Uint32Array, Int32Array, Float64Array } as const;
type Packable = InstanceType<(typeof kinds)[keyof typeof kinds]>;

/** In place of an array: its number. */
const arrayKey = '[array]';
/** Of the number that says how long the head is. */
const sizeBytes = 4;

interface ArrayInFile {
  readonly kind: keyof typeof kinds;
  readonly length: number;
}

/** Rejects where the file cannot be written; half of it may be there then. */
export async function writePacked(path: PathLike, value: unknown): Promise<void> {
  const arrays: Packable[] = [];
  const numbered = (_key: string, part: unknown) =>
    ArrayBuffer.isView(part) ? { [arrayKey]: arrays.push(part as Packable) - 1 } : part;
  const text = JSON.stringify(value, numbered);
  const inFile: ArrayInFile[] = arrays.map((array) => ({ kind: kindOf(array), length: array.length }));
  const head = Buffer.from(JSON.stringify([inFile, text]));
  const size = Buffer.alloc(sizeBytes);
  size.writeUInt32LE(head.length);
  const file = await fs.open(path, 'w', 0o600);
  try {
    for (const bytes of [size, head, ...arrays.map(bytesOf)]) await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/** For the start of a process, when nothing else is going on yet. Throws where the file is not a whole one. */
export function readPacked(path: PathLike): unknown {
  const file = openSync(path, 'r');
  try {
    const size = take(file, sizeBytes).readUInt32LE();
    const [inFile, text] = JSON.parse(take(file, size).toString()) as [ArrayInFile[], string];
    const arrays = inFile.map(({ kind, length }) => {
      const array = new kinds[kind](length);
      fill(file, bytesOf(array));
      return array;
    });
    return JSON.parse(text, (_key, part: unknown) =>
      typeof part === 'object' && part !== null && arrayKey in part ? arrays[Number(part[arrayKey])] : part,
    );
  } finally {
    closeSync(file);
  }
}

function kindOf(array: Packable): keyof typeof kinds {
  const { name } = array.constructor;
  if (!Object.hasOwn(kinds, name)) throw new Error(`a ${name} cannot be packed`);
  return name as keyof typeof kinds;
}

function bytesOf(array: Packable): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function take(file: number, length: number): Buffer {
  // Before anything is made room for: a length out of a damaged file may be any number.
  if (length > fstatSync(file).size) throw new Error('it is not whole');
  const bytes = Buffer.alloc(length);
  fill(file, bytes);
  return bytes;
}

function fill(file: number, bytes: Uint8Array): void {
  for (let filled = 0; filled < bytes.length; ) {
    const read = readSync(file, bytes, filled, bytes.length - filled, null);
    if (read === 0) throw new Error('it is not whole');
    filled += read;
  }
}
