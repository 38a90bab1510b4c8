/**
 * Memory for the numbers of a list. The large lies each in a piece of its own that the system gets back as soon as it is
 * free, whichever thread took it and whichever lets go of it.
 *
 * glibc, which most servers run on, does that from 32 MB on and never below: smaller pieces may stay with the thread
 * that took them, and after a few reloads the holes between them are three times as large as the list. So a large piece
 * is at least as long as that. What is never touched of it takes no memory.
 *
 * V8 counts it all the same, and after 64 MB it collects garbage, of which there is hardly any. It does not count what threads
 * can share.
 */

/** The most that M_MMAP_THRESHOLD, which glibc raises as it goes, can be. */
const givenBackFrom = 32 << 20;
/** Holes between smaller ones are worth no piece of 32 MB, by which V8 counts. */
const largeFrom = 1 << 20;

let transfers = false;

/**
 * For a thread that makes one list, transfers it and ends: from now on V8 counts nothing that is only needed on the way, which
 * goes with the thread; and what is to be transferred lies as closely together as it can, since the other thread counts that.
 */
export function prepareTransfer(): void {
  transfers = true;
}

/** Room on the way to the list, for so many bytes or more, all of them 0. */
export function memoryFor(bytes: number): ArrayBufferLike {
  return transfers && bytes >= largeFrom ? new SharedArrayBuffer(Math.max(bytes, givenBackFrom)) : ownMemory(bytes);
}

function ownMemory(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes < largeFrom ? bytes : Math.max(bytes, givenBackFrom));
}

/** Whether what lies in such memory can be part of the list where it is, and there is nothing to gain from moving it. */
export function canStay(array: ArrayBufferView): boolean {
  return array.buffer.byteLength >= largeFrom && array.buffer instanceof ArrayBuffer;
}

/** To be part of the list; all 0. */
export function uint32Array(length: number): Uint32Array<ArrayBuffer> {
  const { memory, start } = roomFor(length * Uint32Array.BYTES_PER_ELEMENT);
  return new Uint32Array(memory, start, length);
}

/** The same. */
export function uint8Array(length: number): Uint8Array<ArrayBuffer> {
  const { memory, start } = roomFor(length);
  return new Uint8Array(memory, start, length);
}

/** What is handed over is put here, one behind the other. */
let piece = new ArrayBuffer(0);
let filled = 0;

function roomFor(bytes: number): { readonly memory: ArrayBuffer; readonly start: number } {
  if (!transfers || bytes < largeFrom) return { memory: ownMemory(bytes), start: 0 };
  if (filled + bytes > piece.byteLength) {
    piece = ownMemory(bytes);
    filled = 0;
  }
  const start = filled;
  filled += Math.ceil(bytes / Uint32Array.BYTES_PER_ELEMENT) * Uint32Array.BYTES_PER_ELEMENT;
  return { memory: piece, start };
}
