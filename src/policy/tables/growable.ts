/**
 * Typed arrays that grow while a list is read. Lists are columns of numbers, not objects: a million entries cost what
 * their numbers cost, give the garbage collector nothing to walk, and move between threads without a copy.
 *
 * Their memory doubles, up to the first large piece of it, which has room for some million entries and is touched only as
 * far as it is filled.
 */
import { canStay, memoryFor, uint8Array, uint32Array } from './large-memory';

/** In bytes. */
const firstMemory = 256;

export class GrowableUint32 {
  /** Until the next `extend` or `push`. */
  numbers = new Uint32Array(memoryFor(firstMemory));
  private filled = 0;

  get length(): number {
    return this.filled;
  }

  /** Makes room for so many numbers more, for the caller to fill in; where in `numbers` it starts. */
  extend(count: number): number {
    const start = this.filled;
    this.filled += count;
    while (this.filled > this.numbers.length) this.grow();
    return start;
  }

  push(value: number): void {
    const start = this.extend(1);
    this.numbers[start] = value;
  }

  /** Puts a number at its place in a column of which most are 0; those before it are, and 0 itself takes no room. */
  put(place: number, value: number): void {
    if (value === 0) return;
    while (this.filled < place) this.push(0);
    this.push(value);
  }

  private grow(): void {
    const before = this.numbers;
    this.numbers = new Uint32Array(memoryFor(2 * before.byteLength));
    this.numbers.set(before);
  }

  /** What was pushed, until more is. */
  soFar(): Uint32Array {
    return this.numbers.subarray(0, this.filled);
  }

  /** The same, to be part of a list. Nothing can be pushed after it. */
  finish(): Uint32Array {
    const all = this.soFar();
    if (canStay(all)) return all;
    const copy = uint32Array(all.length);
    copy.set(all);
    return copy;
  }
}

export class GrowableUint8 {
  /** Until the next `extend`. */
  bytes = new Uint8Array(memoryFor(firstMemory));
  private filled = 0;

  get length(): number {
    return this.filled;
  }

  /** Makes room for so many bytes more, for the caller to fill in; where in `bytes` it starts. */
  extend(count: number): number {
    const start = this.filled;
    this.filled += count;
    while (this.filled > this.bytes.length) this.grow();
    return start;
  }

  push(bytes: Uint8Array): void {
    const start = this.extend(bytes.length);
    this.bytes.set(bytes, start);
  }

  private grow(): void {
    const before = this.bytes;
    this.bytes = new Uint8Array(memoryFor(2 * before.byteLength));
    this.bytes.set(before);
  }

  /** All of it, to be part of a list. Nothing can be added after it. */
  finish(): Uint8Array {
    const all = this.bytes.subarray(0, this.filled);
    if (canStay(all)) return all;
    const copy = uint8Array(all.length);
    copy.set(all);
    return copy;
  }
}
