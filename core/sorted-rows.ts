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
  const each = width + behindWords;
  const { rows, ends } = intoBuckets(came, each);
  return { rows, ...sortedWithin(rows, ends, width) };
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
    const to = (places[bucket] as number) * each;
    (places[bucket] as number)++;
    for (let i = 0; i < each; i++) rows[to + i] = came[from + i] as number;
  }
  return { rows, ends };
}

const upperHalves = 65536;

/** By the upper half of the first word: which bucket each is in, and where the buckets end. */
function planBuckets(came: Uint32Array, each: number): { bucketOf: Uint32Array; ends: number[] } {
  const counts = new Uint32Array(upperHalves);
  for (let from = 0; from < came.length; from += each) (counts[upperHalf(came, from)] as number)++;
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
 * Each bucket word by word: a word above its row's number is one number of 64 bits, and V8 sorts those without a call of ours;
 * then the rows that share the word by the next one.
 */
function sortedWithin(rows: Uint32Array, ends: readonly number[], width: number): Omit<SortedRows, 'rows'> {
  const each = width + behindWords;
  const count = rows.length / each;
  const keys = new BigUint64Array(memoryFor(8 * count), 0, count);
  const halves = new Uint32Array(keys.buffer, 0, 2 * count);
  for (let i = 0; i < count; i++) halves[2 * i + low] = i;
  // What is in order is put where the first keys were, which nobody needs any more.
  const order = halves;
  const same: SameKey[] = [];
  let kept = 0;

  /** Those from `from` to `to` share all words before the one at `place`. Its loops are functions of their own: V8 compiles each once. */
  const sort = (from: number, to: number, place: number): void => {
    if (readWords(from, to, place) !== 0) keys.subarray(from, to).sort();
    for (let start = from, end = from; start < to; start = end) {
      end = endOfRun(start, to);
      if (place < width && end - start > 1) sort(start, end, place + 1);
      else keep(start, end);
    }
  };
  /** Puts the word of each above its number; the bits in which they differ. */
  const readWords = (from: number, to: number, place: number): number => {
    const bits = place === width ? lengthBits : 0xffffffff;
    let differ = 0;
    for (let i = from; i < to; i++) {
      const word = (rows[(halves[2 * i + low] as number) * each + place] as number) & bits;
      halves[2 * i + high] = word;
      differ |= word ^ (halves[2 * from + high] as number);
    }
    return differ;
  };
  /** Where those that share the word of the one at `start` end. */
  const endOfRun = (start: number, to: number): number => {
    const word = halves[2 * start + high];
    let end = start + 1;
    while (end < to && halves[2 * end + high] === word) end++;
    return end;
  };
  /** The first of those with one network, and each other one as a pair with it. */
  const keep = (from: number, to: number): void => {
    const first = halves[2 * from + low] as number;
    order[kept++] = first;
    for (let i = from + 1; i < to; i++) same.push(sameKey(rows, each, width, first, halves[2 * i + low] as number));
  };
  ends.forEach((end, bucket) => {
    sort(ends[bucket - 1] ?? 0, end, 0);
  });
  return { order: order.subarray(0, kept), same };
}

function sameKey(rows: Uint32Array, each: number, width: number, first: number, second: number): SameKey {
  const a = first * each + width;
  const b = second * each + width;
  return {
    first: rows[a + 1] as number,
    second: rows[b + 1] as number,
    contradict: rows[a] !== rows[b] || rows[a + 2] !== rows[b + 2],
  };
}
