/**
 * Networks of one address family, found by an address: the longest prefix that covers it wins.
 *
 * Prefixes either nest or are disjoint. Sorted by first address and then by length, the last one that starts at or
 * before an address is the answer or lies inside the answer; each entry knows the next wider one around it. So a look-up
 * is one binary search and a short walk outward, whatever the size of the list.
 */
import { GrowableUint8, GrowableUint32 } from './growable';
import { type IpAddress, wordMask } from './ip-address';

/** Columns, one row a prefix, sorted. Plain data: it can be moved to another thread. */
export interface PrefixTableData {
  readonly family: 4 | 6;
  /** `width` words a row, most significant first. */
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  /** 1 where the entry excludes (`!`). */
  readonly excluded: Uint8Array;
  readonly lines: Uint32Array;
  /** Row of the next wider prefix around this one, or `none`. */
  readonly parents: Uint32Array;
  /** A number of the caller's for each row (0 where it gave none); empty when no row has one. */
  readonly payloads: Uint32Array;
  /** First row whose upper 16 bits are at least the index; empty for small tables. */
  readonly starts: Uint32Array;
}

export const none = 0xffffffff;

/** Two lines that name the same thing; `contradict` when one includes it and the other excludes it. */
export interface SameKey {
  readonly first: number;
  readonly second: number;
  readonly contradict: boolean;
}

const indexFrom = 512;

export class PrefixTableBuilder {
  private readonly words = new GrowableUint32();
  private readonly lengths = new GrowableUint8();
  private readonly excluded = new GrowableUint8();
  private readonly lines = new GrowableUint32();
  private readonly payloads = new GrowableUint32();
  private hasPayload = false;

  constructor(private readonly family: 4 | 6) {}

  /** `address` has no bit set behind `length`. Rows may come in any order. */
  add(address: IpAddress, length: number, line: number, excluded: boolean, payload = 0): void {
    this.words.push(address.w0);
    if (this.family === 6) {
      this.words.push(address.w1);
      this.words.push(address.w2);
      this.words.push(address.w3);
    }
    this.lengths.push(length);
    this.excluded.push(excluded ? 1 : 0);
    this.lines.push(line);
    this.payloads.push(payload);
    if (payload !== 0) this.hasPayload = true;
  }

  /** The table, and every pair of lines with the same network: of those the first line stays. */
  build(): { data: PrefixTableData; same: SameKey[] } {
    const width = this.family === 4 ? 1 : 4;
    const words = this.words.finish();
    const lengths = this.lengths.finish();
    const lines = this.lines.finish();
    const excluded = this.excluded.finish();
    const payloads = this.payloads.finish();

    const order = sortedOrder(words, lengths, width);
    const same: SameKey[] = [];
    const kept = new Uint32Array(order.length);
    let rows = 0;
    for (const row of order) {
      const before = rows > 0 ? (kept[rows - 1] as number) : none;
      if (before !== none && sameNetwork(words, lengths, width, before, row)) {
        same.push({
          first: lines[before] as number,
          second: lines[row] as number,
          contradict: excluded[before] !== excluded[row] || payloads[before] !== payloads[row],
        });
      } else {
        kept[rows++] = row;
      }
    }

    const data = {
      family: this.family,
      words: new Uint32Array(rows * width),
      lengths: new Uint8Array(rows),
      excluded: new Uint8Array(rows),
      lines: new Uint32Array(rows),
      parents: new Uint32Array(rows),
      payloads: new Uint32Array(this.hasPayload ? rows : 0),
      starts: new Uint32Array(0),
    };
    for (let i = 0; i < rows; i++) {
      const row = kept[i] as number;
      for (let w = 0; w < width; w++) data.words[i * width + w] = words[row * width + w] as number;
      data.lengths[i] = lengths[row] as number;
      data.excluded[i] = excluded[row] as number;
      data.lines[i] = lines[row] as number;
      if (this.hasPayload) data.payloads[i] = payloads[row] as number;
      data.parents[i] = parentOf(data, width, i);
    }
    if (rows >= indexFrom) data.starts = indexByUpperHalf(data.words, width, rows);
    return { data, same };
  }
}

/** What a look-up found: the row's numbers, without the prefix itself. */
export interface PrefixHit {
  readonly line: number;
  readonly excluded: boolean;
  readonly payload: number;
}

export class PrefixTable {
  constructor(readonly data: PrefixTableData) {}

  get size(): number {
    return this.data.lengths.length;
  }

  /** The most specific entry around the address, included or excluded. */
  find(address: IpAddress): PrefixHit | undefined {
    if (address.family !== this.data.family) return undefined;
    let row = this.lastNotAfter(address);
    while (row !== none && !this.covers(row, address)) row = this.data.parents[row] as number;
    if (row === none) return undefined;
    return {
      line: this.data.lines[row] as number,
      excluded: this.data.excluded[row] === 1,
      payload: this.data.payloads[row] ?? 0,
    };
  }

  private lastNotAfter(address: IpAddress): number {
    const { starts } = this.data;
    let low = 0;
    let high = this.size;
    if (starts.length > 0) {
      // Within [low, high) every row shares the upper half; the row before low is the answer when none of them fits.
      low = starts[address.w0 >>> 16] as number;
      high = starts[(address.w0 >>> 16) + 1] as number;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.startsAfter(middle, address)) high = middle;
      else low = middle + 1;
    }
    return low === 0 ? none : low - 1;
  }

  private startsAfter(row: number, a: IpAddress): boolean {
    const { words, family } = this.data;
    if (family === 4) return (words[row] as number) > a.w0;
    const i = row * 4;
    if (words[i] !== a.w0) return (words[i] as number) > a.w0;
    if (words[i + 1] !== a.w1) return (words[i + 1] as number) > a.w1;
    if (words[i + 2] !== a.w2) return (words[i + 2] as number) > a.w2;
    return (words[i + 3] as number) > a.w3;
  }

  private covers(row: number, a: IpAddress): boolean {
    const { words, lengths, family } = this.data;
    const length = lengths[row] as number;
    if (family === 4) return (a.w0 & wordMask(length)) >>> 0 === words[row];
    const i = row * 4;
    return (
      (a.w0 & wordMask(length)) >>> 0 === words[i] &&
      (a.w1 & wordMask(length - 32)) >>> 0 === words[i + 1] &&
      (a.w2 & wordMask(length - 64)) >>> 0 === words[i + 2] &&
      (a.w3 & wordMask(length - 96)) >>> 0 === words[i + 3]
    );
  }
}

function sameNetwork(words: Uint32Array, lengths: Uint8Array, width: number, a: number, b: number): boolean {
  if (lengths[a] !== lengths[b]) return false;
  for (let w = 0; w < width; w++) if (words[a * width + w] !== words[b * width + w]) return false;
  return true;
}

/** The row before this one is its parent or has the parent among its own parents. */
function parentOf(data: PrefixTableData, width: number, row: number): number {
  let candidate = row === 0 ? none : row - 1;
  while (candidate !== none && !rowCovers(data, width, candidate, row)) candidate = data.parents[candidate] as number;
  return candidate;
}

function rowCovers(data: PrefixTableData, width: number, outer: number, inner: number): boolean {
  const length = data.lengths[outer] as number;
  for (let w = 0; w < width; w++) {
    const masked = ((data.words[inner * width + w] as number) & wordMask(length - 32 * w)) >>> 0;
    if (masked !== data.words[outer * width + w]) return false;
  }
  return true;
}

function indexByUpperHalf(words: Uint32Array, width: number, rows: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(65537);
  let row = 0;
  for (let half = 0; half < 65536; half++) {
    while (row < rows && (words[row * width] as number) >>> 16 < half) row++;
    starts[half] = row;
  }
  starts[65536] = rows;
  return starts;
}

/**
 * Row numbers sorted by words, then length, equal rows in the order they came: a radix sort, 16 bits at a time from
 * the least significant end. A comparing sort of a million rows would take most of the time that loading may.
 */
function sortedOrder(words: Uint32Array, lengths: Uint8Array, width: number): Uint32Array<ArrayBuffer> {
  const rows = lengths.length;
  let order = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  if (rows < 2) return order;
  let other = new Uint32Array(rows);
  const counts = new Uint32Array(65537);

  const pass = (digitOf: (row: number) => number): void => {
    counts.fill(0);
    for (let i = 0; i < rows; i++) {
      const next = digitOf(i) + 1;
      counts[next] = (counts[next] as number) + 1;
    }
    if (rows > 0 && counts[digitOf(0) + 1] === rows) return;
    for (let d = 1; d <= 65536; d++) counts[d] = (counts[d] as number) + (counts[d - 1] as number);
    for (const row of order) {
      const digit = digitOf(row);
      const place = counts[digit] as number;
      counts[digit] = place + 1;
      other[place] = row;
    }
    [order, other] = [other, order];
  };

  pass((row) => lengths[row] as number);
  for (let w = width - 1; w >= 0; w--) {
    pass((row) => (words[row * width + w] as number) & 0xffff);
    pass((row) => (words[row * width + w] as number) >>> 16);
  }
  return order;
}
