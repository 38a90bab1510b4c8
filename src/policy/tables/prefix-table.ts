/**
 * Networks of one address family, found by an address: the longest prefix that covers it wins.
 *
 * Prefixes either nest or are disjoint. Sorted by first address and then by length, the last one that starts at or
 * before an address is the answer or lies inside the answer; each entry knows the next wider one around it. So a look-up
 * is one binary search and a short walk outward, whatever the size of the list.
 */

import { type IpAddress, ipv4, sameAddress, wordMask } from '../entries/ip-address';
import { beforeAllEnds, type Ends, hasEnded } from './ends';
import { GrowableUint32 } from './growable';
import { uint32Array } from './large-memory';
import { behindWords, type SameKey, sortRows } from './sorted-rows';

/** One row a prefix, sorted. Plain data: it can be moved to another thread. */
export interface PrefixTableData {
  readonly family: 4 | 6;
  /** 1 or 4 words a row, most significant first: all that a search touches. */
  readonly words: Uint32Array;
  /** What else there is of a row, side by side because it is read together: see `facts`. */
  readonly facts: Uint32Array;
  /** A number of the caller's for each row (0 where it gave none); empty when no row has one. */
  readonly payloads: Uint32Array;
  /** First row whose upper 16 bits are at least the index; empty for small tables. */
  readonly starts: Uint32Array;
}

/** Places in `facts`: length of the prefix, with `excludedBit`; its line; row of the next wider prefix, or `none`. */
const facts = { length: 0, line: 1, parent: 2, each: 3 } as const;
/** Above any length: the entry excludes (`!`). */
const excludedBit = 0x100;
const lengthBits = 0xff;

export const none = 0xffffffff;

const indexFrom = 512;

export class PrefixTableBuilder {
  /** Rows as they came: words, length with `excludedBit`, line, payload. */
  private readonly rows = new GrowableUint32();
  private readonly width: 1 | 4;
  private hasPayload = false;

  constructor(private readonly family: 4 | 6) {
    this.width = family === 4 ? 1 : 4;
  }

  /** `address` has no bit set behind `length`. Rows may come in any order. */
  add(address: IpAddress, length: number, line: number, excluded: boolean, payload = 0): void {
    const { width } = this;
    const at = this.rows.extend(width + behindWords);
    const { numbers } = this.rows;
    numbers[at] = address.w0;
    if (width === 4) {
      numbers[at + 1] = address.w1;
      numbers[at + 2] = address.w2;
      numbers[at + 3] = address.w3;
    }
    numbers[at + width] = excluded ? length | excludedBit : length;
    numbers[at + width + 1] = line;
    numbers[at + width + 2] = payload;
    if (payload !== 0) this.hasPayload = true;
  }

  /** The table, and every pair of lines with the same network: of those the first line stays. */
  build(): { data: PrefixTableData; same: SameKey[] } {
    const { family, width, hasPayload } = this;
    const { rows, order, same } = sortRows(this.rows.soFar(), width);
    const data = {
      family,
      words: uint32Array(order.length * width),
      facts: uint32Array(order.length * facts.each),
      payloads: uint32Array(hasPayload ? order.length : 0),
      starts: uint32Array(0),
    };
    putRows(data, width, rows, order);
    putParents(data, width);
    if (order.length >= indexFrom) data.starts = indexByUpperHalf(data.words, width, order.length);
    return { data, same };
  }
}

export function addressOfRow({ family, words }: PrefixTableData, row: number): IpAddress {
  if (family === 4) return ipv4(words[row] as number);
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words.subarray(row * 4, row * 4 + 4);
  return { family, w0, w1, w2, w3 };
}

/** The length of the prefix of a row. */
export function lengthOfRow({ facts: all }: PrefixTableData, row: number): number {
  return (all[row * facts.each + facts.length] as number) & lengthBits;
}

export function isExcludedRow({ facts: all }: PrefixTableData, row: number): boolean {
  return ((all[row * facts.each + facts.length] as number) & excludedBit) !== 0;
}

export function parentOfRow({ facts: all }: PrefixTableData, row: number): number {
  return all[row * facts.each + facts.parent] as number;
}

/** What a look-up found: the row's numbers, without the prefix itself. */
export interface PrefixHit {
  readonly line: number;
  readonly excluded: boolean;
  readonly payload: number;
}

export class PrefixTable {
  constructor(
    readonly data: PrefixTableData,
    private readonly ends?: Ends,
  ) {}

  get size(): number {
    return this.data.facts.length / facts.each;
  }

  /** The most specific entry around the address, included or excluded, that exists at the time. */
  find(address: IpAddress, time = beforeAllEnds): PrefixHit | undefined {
    if (address.family !== this.data.family) return undefined;
    let row = this.lastNotAfter(address);
    while (row !== none && !(this.covers(row, address) && this.exists(row, time))) row = parentOfRow(this.data, row);
    return row === none ? undefined : this.entryAt(row);
  }

  entryAt(row: number): PrefixHit {
    const at = row * facts.each;
    return {
      line: this.data.facts[at + facts.line] as number,
      excluded: isExcludedRow(this.data, row),
      payload: this.data.payloads[row] ?? 0,
    };
  }

  private exists(row: number, time: number): boolean {
    return this.ends === undefined || !hasEnded(this.ends, this.data.payloads[row] ?? 0, time);
  }

  /** The most specific row that covers the network and more, or `none`. */
  rowAround(address: IpAddress, length: number): number {
    let row = this.lastNotAfter(address);
    while (row !== none && (lengthOfRow(this.data, row) >= length || !this.covers(row, address)))
      row = parentOfRow(this.data, row);
    return row;
  }

  /** The first row that begins in the network and is no wider than it; there may be none, and it lies behind it. */
  firstWithin({ address, length }: { readonly address: IpAddress; readonly length: number }): number {
    let row = this.lastNotAfter(address);
    if (row === none) return 0;
    while (row >= 0 && lengthOfRow(this.data, row) >= length && sameAddress(addressOfRow(this.data, row), address))
      row--;
    return row + 1;
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
    const { words, family } = this.data;
    const length = lengthOfRow(this.data, row);
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

/** All but their parents, in order, from where they came. */
function putRows(
  { words, facts: to, payloads }: PrefixTableData,
  width: number,
  came: Uint32Array,
  order: Uint32Array,
): void {
  for (let row = 0; row < order.length; row++) {
    const from = (order[row] as number) * (width + behindWords);
    const wordsAt = row * width;
    words[wordsAt] = came[from] as number;
    if (width === 4) {
      words[wordsAt + 1] = came[from + 1] as number;
      words[wordsAt + 2] = came[from + 2] as number;
      words[wordsAt + 3] = came[from + 3] as number;
    }
    to[row * facts.each + facts.length] = came[from + width] as number;
    to[row * facts.each + facts.line] = came[from + width + 1] as number;
    if (payloads.length > 0) payloads[row] = came[from + width + 2] as number;
  }
}

function putParents(data: PrefixTableData, width: number): void {
  const end = data.facts.length;
  for (let row = 0, at = facts.parent; at < end; row++, at += facts.each) data.facts[at] = parentOf(data, width, row);
}

/** The row before this one is its parent or has the parent among its own parents. */
function parentOf(data: PrefixTableData, width: number, row: number): number {
  let candidate = row === 0 ? none : row - 1;
  while (candidate !== none && !rowCovers(data, width, candidate, row)) {
    candidate = parentOfRow(data, candidate);
  }
  return candidate;
}

function rowCovers(data: PrefixTableData, width: number, outer: number, inner: number): boolean {
  const length = lengthOfRow(data, outer);
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
