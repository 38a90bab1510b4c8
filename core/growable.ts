/**
 * Typed arrays that grow while a list is read. Lists are columns of numbers, not objects: a million entries cost what
 * their numbers cost, give the garbage collector nothing to walk, and move between threads without a copy.
 *
 * They grow by whole chunks, so nothing is copied until `finish` knows the size.
 */
import { memoryFor, uint32Array } from './large-memory';

/** In bytes. From the largest on, which is a large piece of memory, all are as long as that piece. */
const firstChunk = 256;
const largestChunk = 1 << 20;

function memoryAfter(chunk: ArrayBufferView): ArrayBuffer {
  return memoryFor(Math.min(chunk.byteLength * 2, largestChunk));
}

export class GrowableUint32 {
  private readonly full: Uint32Array<ArrayBuffer>[] = [];
  private chunk = new Uint32Array(memoryFor(firstChunk));
  private filled = 0;
  private before = 0;

  get length(): number {
    return this.before + this.filled;
  }

  push(value: number): void {
    if (this.filled === this.chunk.length) this.grow();
    this.chunk[this.filled++] = value;
  }

  private grow(): void {
    this.full.push(this.chunk);
    this.before += this.filled;
    this.filled = 0;
    this.chunk = new Uint32Array(memoryAfter(this.chunk));
  }

  /** What was pushed, in an array of exactly that size. Nothing can be pushed after it. */
  finish(): Uint32Array<ArrayBuffer> {
    this.full.push(this.chunk.subarray(0, this.filled));
    return join(uint32Array(this.length), this.full);
  }
}

export class GrowableUint8 {
  private readonly full: Uint8Array<ArrayBuffer>[] = [];
  private chunk = new Uint8Array(memoryFor(firstChunk));
  private filled = 0;
  private before = 0;

  get length(): number {
    return this.before + this.filled;
  }

  /** Appends text whose characters all fit a byte. */
  pushText(text: string, from = 0, to = text.length): void {
    for (let i = from; i < to; i++) {
      if (this.filled === this.chunk.length) this.grow();
      this.chunk[this.filled++] = text.charCodeAt(i);
    }
  }

  private grow(): void {
    this.full.push(this.chunk);
    this.before += this.filled;
    this.filled = 0;
    this.chunk = new Uint8Array(memoryAfter(this.chunk));
  }

  finish(): Uint8Array<ArrayBuffer> {
    this.full.push(this.chunk.subarray(0, this.filled));
    return join(new Uint8Array(memoryFor(this.length), 0, this.length), this.full);
  }
}

/** Copies the chunks into the array and lets go of them. */
function join<A extends Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(into: A, chunks: ArrayLike<number>[]): A {
  let offset = 0;
  for (const chunk of chunks.splice(0)) {
    into.set(chunk, offset);
    offset += chunk.length;
  }
  return into;
}
