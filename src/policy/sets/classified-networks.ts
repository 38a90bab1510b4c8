/**
 * Divides the addresses of one family into those that several tables answer differently. All tables are swept together, from
 * the first address to the last: between two places where an entry begins or ends nothing changes, so it costs what the
 * entries cost, not what their networks cover. Neighbours of the same class become the fewest networks.
 */
import { addressOf, networksBetween, numberOf } from '../entries/address-range';
import type { Network } from '../entries/containment';
import { type IpAddress, widthOf } from '../entries/ip-address';
import {
  addressOfRow,
  isExcludedRow,
  lengthOfRow,
  none,
  PrefixTable,
  type PrefixTableData,
  parentOfRow,
} from '../tables/prefix-table';

export interface ComparedTable {
  readonly data: PrefixTableData;
  /** The meaning of a payload as a number, the same in every table that it is compared with. */
  readonly meaningOf?: (payload: number) => number;
}

export interface Classifier {
  /** The class of a region by one address of it; 0 for what is not to be reported. Asked once for each combination of entries. */
  classOf(representative: IpAddress): number;
  /** Whether tables in the second half stand for those of the first: where both halves hold the same, nothing is reported. */
  readonly compared: boolean;
  /** Whether entries with the same meaning on different lines differ: an expectation can name the line that decides. */
  readonly byLine?: boolean;
}

export interface ClassifiedNetwork {
  readonly network: Network;
  readonly itsClass: number;
}

/** The networks within one, each with its class, in the order of their addresses. */
export function* classifyNetworks(
  tables: readonly ComparedTable[],
  within: Network,
  classifier: Classifier,
): Generator<ClassifiedNetwork> {
  const { family } = within.address;
  const first = numberOf(within.address);
  const end = first + (1n << BigInt(widthOf(family) - within.length));
  const cursors = tables.map((table) => new Cursor(table, within, end, classifier.byLine === true));
  const combinations = new Combinations(cursors, classifier);
  let start = first;
  let itsClass = 0;
  for (let at = first; at < end; ) {
    const classHere = combinations.classAt(at, family);
    if (classHere !== itsClass) {
      if (itsClass !== 0) yield* networksOf(start, at, itsClass);
      [start, itsClass] = [at, classHere];
    }
    let next = end;
    for (const cursor of cursors) if (cursor.next < next) next = cursor.next;
    at = next;
    if (at < end) for (const cursor of cursors) if (cursor.next === at) cursor.advance();
  }
  if (itsClass !== 0) yield* networksOf(start, end, itsClass);

  function* networksOf(from: bigint, to: bigint, ofClass: number): Generator<ClassifiedNetwork> {
    for (const network of networksBetween(from, to - 1n, family)) yield { network, itsClass: ofClass };
  }
}

/** The entry of one table that decides at an address, and the address from which on another one does. */
class Cursor {
  next = 0n;
  /** 0 for no entry, else a number for its sign and payload, or for its line. */
  code = 0;
  private readonly size: number;
  /** The row that decides, and where its network ends. */
  private row: number;
  private end: bigint;
  /** The row that begins next, and where. */
  private follower: number;
  private begin: bigint;

  /** `last`: behind the last address of the sweep. */
  constructor(
    private readonly table: ComparedTable,
    within: Network,
    private readonly last: bigint,
    private readonly byLine: boolean,
  ) {
    const rows = new PrefixTable(table.data);
    this.size = rows.size;
    this.row = rows.rowAround(within.address, within.length);
    this.end = this.endOf(this.row);
    this.follower = rows.firstWithin(within);
    this.begin = this.beginOf(this.follower);
    this.enter(numberOf(within.address));
  }

  advance(): void {
    this.enter(this.next);
  }

  private enter(at: bigint): void {
    // Of rows that begin at one address the last is the narrowest.
    for (; this.begin === at && this.follower < this.size; this.begin = this.beginOf(++this.follower)) {
      this.row = this.follower;
      this.end = this.endOf(this.row, this.begin);
    }
    while (this.end <= at && this.row !== none) {
      this.row = parentOfRow(this.table.data, this.row);
      this.end = this.endOf(this.row);
    }
    this.next = this.begin < this.end ? this.begin : this.end;
    this.code = this.codeOf(this.row);
  }

  private beginOf(row: number): bigint {
    const { data } = this.table;
    return row < this.size ? numberOf(addressOfRow(data, row)) : this.last;
  }

  private endOf(row: number, begin = row === none ? 0n : this.beginOf(row)): bigint {
    if (row === none) return this.last;
    const { data } = this.table;
    return begin + (1n << BigInt(widthOf(data.family) - lengthOfRow(data, row)));
  }

  private codeOf(row: number): number {
    if (row === none) return 0;
    if (this.byLine) return row + 1;
    const { data, meaningOf } = this.table;
    const payload = data.payloads[row] ?? 0;
    return 1 + (isExcludedRow(data, row) ? 1 : 0) + 2 * (meaningOf ? meaningOf(payload) : payload);
  }
}

/** Each combination of entries that was met, and its class. */
class Combinations {
  private readonly known = new Map<string, number>();

  constructor(
    private readonly cursors: readonly Cursor[],
    private readonly classifier: Classifier,
  ) {}

  classAt(address: bigint, family: IpAddress['family']): number {
    if (this.classifier.compared && this.halvesAgree()) return 0;
    const combination = this.cursors.map(({ code }) => code).join();
    const known = this.known.get(combination) ?? this.classifier.classOf(addressOf(address, family));
    this.known.set(combination, known);
    return known;
  }

  private halvesAgree(): boolean {
    const half = this.cursors.length / 2;
    for (let i = 0; i < half; i++) if (this.cursors[i]?.code !== this.cursors[half + i]?.code) return false;
    return true;
  }
}

/** Both whole families. */
export const everyAddress: readonly Network[] = ([4, 6] as const).map((family) => ({
  address: { family, w0: 0, w1: 0, w2: 0, w3: 0 },
  length: 0,
}));

export function addressCount({ address, length }: Network): bigint {
  return 1n << BigInt(widthOf(address.family) - length);
}
