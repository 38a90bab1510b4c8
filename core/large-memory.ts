/**
 * Memory for the numbers of a list. The large lies each in a piece of its own that the system gets back as soon as it is
 * free, whichever thread took it and whichever lets go of it.
 *
 * glibc, which most servers run on, does that from 32 MB on and never below: smaller pieces may stay with the thread
 * that took them, and after a few reloads the holes between them are three times as large as the list. So a large piece
 * is at least as long as that. What is never touched of it takes no memory.
 */

/** The most that M_MMAP_THRESHOLD, which glibc raises as it goes, can be. */
const givenBackFrom = 32 << 20;
/** Holes between smaller ones are worth no piece of 32 MB, by which V8 counts. */
const largeFrom = 1 << 20;

/** Room for so many bytes or more, all of them 0. */
export function memoryFor(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes < largeFrom ? bytes : Math.max(bytes, givenBackFrom));
}

/** Whether the memory behind it is such a piece of its own. */
export function isLarge(array: ArrayBufferView): boolean {
  return array.buffer.byteLength >= largeFrom;
}

export function uint32Array(length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(memoryFor(4 * length), 0, length);
}
