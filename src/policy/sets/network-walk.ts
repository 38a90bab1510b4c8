/**
 * Divides the addresses of one family into the networks on which every table holds the same, and gives each set of equal
 * ones as the fewest networks. All tables are walked together, as one tree of prefixes: what has no entry in it is never
 * entered, so the walk costs what the entries cost, not what their networks cover.
 */
import type { Network } from '../entries/containment';
import { type IpAddress, widthOf, wordMask } from '../entries/ip-address';
import { isExcludedRow, lengthOfRow, none, PrefixTable, type PrefixTableData } from '../tables/prefix-table';
import { ClassifiedNetworks } from './classified-networks';

export interface WalkedTable {
  readonly data: PrefixTableData;
  /** The meaning of a payload as a number, the same in every table that it is compared with. */
  readonly meaningOf?: (payload: number) => number;
}

/** What a table holds of a region: 0 nothing, else a number for sign and payload of the most specific entry. */
export type Code = number;

export interface Classifier {
  /** The class of a region by one address of it; 0 for what is not to be reported. Asked once for each combination of codes. */
  classOf(representative: IpAddress): number;
  /** Whether tables in the second half stand for those of the first: where both halves hold the same, nothing is reported. */
  readonly compared: boolean;
  /** Whether entries with the same meaning on different lines differ: an expectation can name the line that decides. */
  readonly byLine?: boolean;
}

/** The networks within one, each with its class. */
export function classifyNetworks(
  tables: readonly WalkedTable[],
  within: Network,
  classifier: Classifier,
): ClassifiedNetworks {
  return new NetworkWalk(tables, within, classifier).run();
}

/** More than there can be of them. */
const manyCodes = 2 ** 26;

/** A network of which not all is of one class: what it holds has been added already. */
const several = -1;

/**
 * One array for each thing that is known of a node, with room for every depth: a walk over a million entries makes no
 * objects. `from` and `to` are the rows that lie in the node, `rows` those that cover it, each per table.
 */
class NetworkWalk {
  private readonly family: IpAddress['family'];
  private readonly words: number;
  private readonly width: number;
  private readonly count: number;
  private readonly from: Float64Array;
  private readonly to: Float64Array;
  private readonly codes: Float64Array;
  private readonly prefix: Uint32Array;
  private readonly combinations = new Map<number, number>();
  private readonly known = new Map<number, number>();
  private readonly found: ClassifiedNetworks;

  constructor(
    private readonly tables: readonly WalkedTable[],
    private readonly within: Network,
    private readonly classifier: Classifier,
  ) {
    this.family = within.address.family;
    this.width = widthOf(this.family);
    this.words = this.width / 32;
    this.count = tables.length;
    // Every second level at most is a leap over bits that all entries share.
    const levels = 2 * this.width + 2;
    this.from = new Float64Array(levels * this.count);
    this.to = new Float64Array(levels * this.count);
    this.codes = new Float64Array(levels * this.count);
    this.prefix = new Uint32Array(levels * 4);
    this.found = new ClassifiedNetworks(this.family);
  }

  run(): ClassifiedNetworks {
    const { address, length } = this.within;
    this.prefix.set([address.w0, address.w1, address.w2, address.w3]);
    const last = Uint32Array.from([0, 1, 2, 3], (w) => (this.prefix[w] as number) | ~wordMask(length - 32 * w));
    for (const [i, { data }] of this.tables.entries()) {
      const table = new PrefixTable(data);
      const end = this.firstNotBefore(data, 0, table.size, last, 0);
      this.from[i] = this.firstNotBefore(data, 0, table.size, this.prefix, 0);
      // Only one host can begin at the last address.
      this.to[i] = end < table.size && this.compare(data, end, last, 0) === 0 ? end + 1 : end;
      // Rows of the same beginning that are wider than the network lie around it.
      while ((this.from[i] as number) < (this.to[i] as number) && lengthOfRow(data, this.from[i] as number) < length)
        this.from[i] = (this.from[i] as number) + 1;
      const around = table.rowAround(address, length);
      this.codes[i] = around === none ? 0 : this.codeOf(i, around);
    }
    const whole = this.visit(0, length);
    if (whole > 0) this.found.add(address, length, whole);
    return this.found;
  }

  /** The class of the node at this depth, or `several`. */
  private visit(depth: number, length: number): number {
    const base = depth * this.count;
    if (this.takeOwnRows(base, length)) return this.classAt(depth);
    if (this.halvesAgree(base)) return 0;
    const shared = this.isUnreportedOutside(base) ? this.sharedLength(base) : length;
    return shared > length ? this.leap(depth, shared) : this.split(depth, length);
  }

  /** A row for this very network decides in all of it that has no narrower one. Whether no row is left. */
  private takeOwnRows(base: number, length: number): boolean {
    let isEmpty = true;
    for (let i = 0; i < this.count; i++) {
      const row = this.from[base + i] as number;
      const end = this.to[base + i] as number;
      if (row >= end) continue;
      const { data } = this.tables[i] as WalkedTable;
      if (lengthOfRow(data, row) === length) {
        this.codes[base + i] = this.codeOf(i, row);
        this.from[base + i] = row + 1;
        if (row + 1 >= end) continue;
      }
      isEmpty = false;
    }
    return isEmpty;
  }

  /** Of what no row of the node covers. There may be no such address, so nobody is asked about it here. */
  private isUnreportedOutside(base: number): boolean {
    return this.known.get(this.combinationAt(base)) === 0 || this.codesAgree(base);
  }

  private codesAgree(base: number): boolean {
    if (!this.classifier.compared) return false;
    const half = this.count / 2;
    for (let i = 0; i < half; i++) if (this.codes[base + i] !== this.codes[base + half + i]) return false;
    return true;
  }

  private halvesAgree(base: number): boolean {
    if (!this.codesAgree(base)) return false;
    const half = this.count / 2;
    const countOf = (i: number) => (this.to[base + i] as number) - (this.from[base + i] as number);
    for (let i = 0; i < half; i++) if (countOf(i) !== countOf(half + i)) return false;
    for (let i = 0; i < half; i++) {
      if (!this.rowsAgree(i, this.from[base + i] as number, this.from[base + half + i] as number, countOf(i)))
        return false;
    }
    return true;
  }

  private rowsAgree(table: number, first: number, second: number, count: number): boolean {
    const { words } = this;
    const one = (this.tables[table] as WalkedTable).data;
    const two = (this.tables[table + this.count / 2] as WalkedTable).data;
    for (let i = 0; i < count * words; i++) {
      if (one.words[first * words + i] !== two.words[second * words + i]) return false;
    }
    for (let i = 0; i < count; i++) {
      if (lengthOfRow(one, first + i) !== lengthOfRow(two, second + i)) return false;
      if (this.codeOf(table, first + i) !== this.codeOf(table + this.count / 2, second + i)) return false;
    }
    return true;
  }

  /** All rows lie in one narrower network, and nothing is reported around it. */
  private leap(depth: number, length: number): number {
    this.enter(depth, length);
    const inner = this.visit(depth + 1, length);
    if (inner <= 0) return inner;
    this.emit(depth + 1, length, inner);
    return several;
  }

  private enter(depth: number, length: number): void {
    const { count, prefix } = this;
    const to = (depth + 1) * count;
    this.copyNode(depth);
    for (let i = 0; i < count; i++) {
      const row = this.from[to + i] as number;
      if (row >= (this.to[to + i] as number)) continue;
      const { data } = this.tables[i] as WalkedTable;
      // Any row will do: they share these bits.
      for (let w = 0; w < this.words; w++)
        prefix[(depth + 1) * 4 + w] = (data.words[row * this.words + w] as number) & wordMask(length - 32 * w);
      return;
    }
  }

  private split(depth: number, length: number): number {
    const { count } = this;
    const [base, child] = [depth * count, (depth + 1) * count];
    this.copyNode(depth);
    this.setBit(depth + 1, length);
    for (let i = 0; i < count; i++) {
      const { data } = this.tables[i] as WalkedTable;
      const [start, end] = [this.from[base + i] as number, this.to[base + i] as number];
      this.to[child + i] = this.firstNotBefore(data, start, end, this.prefix, (depth + 1) * 4);
    }
    this.copyPrefix(depth);
    const low = this.visit(depth + 1, length + 1);
    for (let i = 0; i < count; i++) {
      this.from[child + i] = this.to[child + i] as number;
      this.to[child + i] = this.to[base + i] as number;
      this.codes[child + i] = this.codes[base + i] as number;
    }
    this.copyPrefix(depth);
    this.setBit(depth + 1, length);
    const high = this.visit(depth + 1, length + 1);
    if (low === high) return low;
    if (high > 0) this.emit(depth + 1, length + 1, high);
    this.copyPrefix(depth);
    if (low > 0) this.emit(depth + 1, length + 1, low);
    return several;
  }

  private copyPrefix(depth: number): void {
    this.prefix.copyWithin((depth + 1) * 4, depth * 4, depth * 4 + 4);
  }

  private setBit(depth: number, bit: number): void {
    const word = depth * 4 + (bit >>> 5);
    this.prefix[word] = (this.prefix[word] as number) | (1 << (31 - (bit & 31)));
  }

  private copyNode(depth: number): void {
    const { count } = this;
    const [start, end] = [depth * count, (depth + 1) * count];
    this.from.copyWithin(end, start, end);
    this.to.copyWithin(end, start, end);
    this.codes.copyWithin(end, start, end);
    this.copyPrefix(depth);
  }

  private emit(depth: number, length: number, itsClass: number): void {
    this.found.add(this.addressAt(depth), length, itsClass);
  }

  private addressAt(depth: number): IpAddress {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = this.prefix.subarray(depth * 4, depth * 4 + 4);
    return { family: this.family, w0, w1, w2, w3 };
  }

  /** Of a node without rows: all its addresses are alike. */
  private classAt(depth: number): number {
    const combination = this.combinationAt(depth * this.count);
    const known = this.known.get(combination);
    if (known !== undefined) return known;
    const itsClass = this.classifier.classOf(this.addressAt(depth));
    this.known.set(combination, itsClass);
    return itsClass;
  }

  /** One number for the codes of all tables. */
  private combinationAt(base: number): number {
    let combination = 0;
    for (let i = 0; i < this.count; i++) {
      const key = combination * manyCodes + (this.codes[base + i] as number);
      const known = this.combinations.get(key);
      combination = known ?? this.combinations.size + 1;
      if (known === undefined) this.combinations.set(key, combination);
    }
    return combination;
  }

  /** The bits that every row of the node shares with every other, at most as many as the widest of them has. */
  private sharedLength(base: number): number {
    let shared = this.width;
    let first: { data: PrefixTableData; row: number } | undefined;
    for (let i = 0; i < this.count; i++) {
      const row = this.from[base + i] as number;
      const end = this.to[base + i] as number;
      if (row >= end) continue;
      const { data } = this.tables[i] as WalkedTable;
      first ??= { data, row };
      // Of the rows of a table the first is the widest where all share what they share.
      shared = Math.min(shared, lengthOfRow(data, row));
      shared = Math.min(shared, this.commonBits(first.data, first.row, data, row));
      shared = Math.min(shared, this.commonBits(first.data, first.row, data, end - 1));
    }
    return shared;
  }

  private commonBits(a: PrefixTableData, rowA: number, b: PrefixTableData, rowB: number): number {
    for (let w = 0; w < this.words; w++) {
      const differ = (a.words[rowA * this.words + w] as number) ^ (b.words[rowB * this.words + w] as number);
      if (differ !== 0) return 32 * w + Math.clz32(differ);
    }
    return this.width;
  }

  private codeOf(table: number, row: number): Code {
    if (this.classifier.byLine) return row + 1;
    const { data, meaningOf } = this.tables[table] as WalkedTable;
    const payload = data.payloads[row] ?? 0;
    return 1 + (isExcludedRow(data, row) ? 1 : 0) + 2 * (meaningOf ? meaningOf(payload) : payload);
  }

  private firstNotBefore(data: PrefixTableData, from: number, to: number, bound: Uint32Array, at: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(data, middle, bound, at) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private compare(data: PrefixTableData, row: number, bound: Uint32Array, at: number): number {
    for (let w = 0; w < this.words; w++) {
      const difference = (data.words[row * this.words + w] as number) - (bound[at + w] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
