/**
 * Networks as they came, put in order: a row each of 1 or 4 words, most significant first, then the length of the prefix, perhaps
 * with more above its lowest 8 bits, the line, and a number of the caller's.
 */
import { endianness } from 'node:os';
import { memoryFor } from './large-memory';

/** Two lines that name the same thing; `contradict` when they do not say the same of it: `!`, or another payload. */
export interface SameKey {
  readonly first: number;
  readonly second: number;
  readonly contradict: boolean;
}

/** So many numbers are behind the words of a row. */
export const behindWords = 3;
const lengthBits = 0xff;

export interface SortedRows {
  readonly rows: Uint32Array;
  /** Numbers of rows by words, then length. Of those with the same network the one that came first is there alone. */
  readonly order: Uint32Array;
  /** Every other row of the same network, with that one. */
  readonly same: SameKey[];
}

/** Puts the rows in order. `rows` in what it returns are the same ones, perhaps in other places. */
export function sortRows(came: Uint32Array, width: number): SortedRows {
  const { rows, ends } = intoBuckets(came, width + behindWords);
  const startOf = (bucket: number) => ends[bucket - 1] ?? 0;
  const longest = ends.reduce((most, end, bucket) => Math.max(most, end - startOf(bucket)), 0);
  const sorter = new RowSorter(rows, width, longest);
  ends.forEach((end, bucket) => {
    sorter.sortBucket(startOf(bucket), end);
  });
  return sorter.finish();
}

/** So many rows, with all that is made of them, fit into what a processor has near at hand. */
const bucketRows = 1024;

/**
 * The rows in buckets: every row of a bucket goes before every row of the next one, and within it they are as they came. All that
 * follows goes through memory bucket by bucket; otherwise the processor would wait for it at nearly every row.
 */
function intoBuckets(came: Uint32Array, each: number): { rows: Uint32Array; ends: number[] } {
  const count = came.length / each;
  if (count <= bucketRows) return { rows: came, ends: [count] };
  const { bucketOf, ends } = planBuckets(came, each);
  const rows = new Uint32Array(memoryFor(came.byteLength), 0, came.length);
  const places = Uint32Array.from([0, ...ends]);
  for (let from = 0; from < came.length; from += each) {
    const bucket = bucketOf[upperHalf(came, from)] as number;
    const place = places[bucket] as number;
    places[bucket] = place + 1;
    for (let i = 0; i < each; i++) rows[place * each + i] = came[from + i] as number;
  }
  return { rows, ends };
}

const upperHalves = 65536;

/** By the upper half of the first word: which bucket each is in, and where the buckets end. */
function planBuckets(came: Uint32Array, each: number): { bucketOf: Uint32Array; ends: number[] } {
  const counts = new Uint32Array(upperHalves);
  for (let from = 0; from < came.length; from += each) {
    const half = upperHalf(came, from);
    counts[half] = (counts[half] as number) + 1;
  }
  const bucketOf = new Uint32Array(upperHalves);
  const ends: number[] = [];
  let start = 0;
  let end = 0;
  for (let half = 0; half < upperHalves; half++) {
    bucketOf[half] = ends.length;
    end += counts[half] as number;
    if (end - start < bucketRows && half < upperHalves - 1) continue;
    ends.push(end);
    start = end;
  }
  return { bucketOf, ends };
}

function upperHalf(rows: Uint32Array, at: number): number {
  return (rows[at] as number) >>> 16;
}

/** Where the more significant half of a 64-bit number lies in memory, and where the other. */
const [high, low] = endianness() === 'LE' ? [1, 0] : [0, 1];

/**
 * Sorts buckets word by word: a word above its row's number is one number of 64 bits, and V8 sorts those without a call of ours;
 * then the rows that share the word by the next one. Each loop is a method of its own, which V8 compiles once.
 */
class RowSorter {
  private readonly each: number;
  private readonly keys: BigUint64Array;
  private readonly halves: Uint32Array;
  private readonly order: Uint32Array;
  private readonly same: SameKey[] = [];
  private kept = 0;

  constructor(
    private readonly rows: Uint32Array,
    private readonly width: number,
    longestBucket: number,
  ) {
    this.each = width + behindWords;
    const count = rows.length / this.each;
    this.keys = new BigUint64Array(memoryFor(longestBucket * BigUint64Array.BYTES_PER_ELEMENT), 0, longestBucket);
    this.halves = new Uint32Array(this.keys.buffer);
    this.order = new Uint32Array(memoryFor(count * Uint32Array.BYTES_PER_ELEMENT), 0, count);
  }

  /** The next one. */
  sortBucket(start: number, end: number): void {
    this.takeNumbers(start, end);
    this.sort(0, end - start, 0);
  }

  finish(): SortedRows {
    return { rows: this.rows, order: this.order.subarray(0, this.kept), same: this.same };
  }

  private takeNumbers(start: number, end: number): void {
    for (let i = 0; i < end - start; i++) this.halves[2 * i + low] = start + i;
  }

  /** The keys from `from` to `to` share all words before the one at `place`. */
  private sort(from: number, to: number, place: number): void {
    if (this.readWords(from, to, place) !== 0) this.keys.subarray(from, to).sort();
    for (let start = from, end = from; start < to; start = end) {
      end = this.endOfRun(start, to);
      if (place < this.width && end - start > 1) this.sort(start, end, place + 1);
      else this.keep(start, end);
    }
  }

  /** Puts the word of each above its number; the bits in which they differ. */
  private readWords(from: number, to: number, place: number): number {
    const { halves, rows, each } = this;
    const bits = place === this.width ? lengthBits : 0xffffffff;
    let differ = 0;
    for (let i = from; i < to; i++) {
      const word = (rows[(halves[2 * i + low] as number) * each + place] as number) & bits;
      halves[2 * i + high] = word;
      differ |= word ^ (halves[2 * from + high] as number);
    }
    return differ;
  }

  /** Where those that share the word of the one at `start` end. */
  private endOfRun(start: number, to: number): number {
    const { halves } = this;
    const word = halves[2 * start + high];
    let end = start + 1;
    while (end < to && halves[2 * end + high] === word) end++;
    return end;
  }

  /** The first of those with one network, and each other one as a pair with it. */
  private keep(from: number, to: number): void {
    const first = this.numberAt(from);
    this.order[this.kept++] = first;
    for (let i = from + 1; i < to; i++) this.same.push(sameKey(this.rows, this.width, first, this.numberAt(i)));
  }

  private numberAt(index: number): number {
    return this.halves[2 * index + low] as number;
  }
}

function sameKey(rows: Uint32Array, width: number, first: number, second: number): SameKey {
  const a = first * (width + behindWords) + width;
  const b = second * (width + behindWords) + width;
  return {
    first: rows[a + 1] as number,
    second: rows[b + 1] as number,
    contradict: rows[a] !== rows[b] || rows[a + 2] !== rows[b + 2],
  };
}
