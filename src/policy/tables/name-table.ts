/**
 * Names found whole or by their longest listed suffix, in a hash table over one pool of bytes. A look-up walks the name
 * once from its end, tries the table at each dot, and allocates nothing but its answer.
 *
 * Keys are lower case already. What is looked up is folded on the way (ASCII only: other names are A-labels by then).
 */
import { beforeAllEnds, type Ends, hasEnded } from './ends';
import { GrowableUint8, GrowableUint32 } from './growable';
import { uint32Array } from './large-memory';
import type { SameKey } from './sorted-rows';

/** One row a key. Plain data: it can be moved to another thread. */
export interface NameTableData {
  readonly pool: Uint8Array;
  /** Two numbers a row: where its key starts in the pool, and its line with `excludedBit`. One start more ends the last. */
  readonly rows: Uint32Array;
  /** A number of the caller's for each row, 0 for those behind its end. */
  readonly payloads: Uint32Array;
  /** Two numbers a slot: hash, and row + 1 or 0 for an empty slot. A power of two of them, at most half full. */
  readonly slots: Uint32Array;
}

/** Above any line: the entry excludes (`!`). */
const excludedBit = 0x80000000;
const lineBits = 0x7fffffff;

export interface NameHit {
  readonly line: number;
  readonly excluded: boolean;
  readonly payload: number;
}

const dot = 0x2e;
const hashStart = 0x811c9dc5;

/** One step of FNV-1a; keys are hashed from their last character to their first. */
function hashStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193) >>> 0;
}

/** FNV-1a leaves its low bits poor for short keys. */
function spread(hash: number): number {
  return (hash ^ (hash >>> 15) ^ (hash >>> 7)) >>> 0;
}

function folded(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

export class NameTableBuilder {
  private readonly pool = new GrowableUint8();
  private readonly rows = new GrowableUint32();
  private readonly hashes = new GrowableUint32();
  private readonly payloads = new GrowableUint32();

  /** `key` is lower-case text of single bytes. */
  add(key: string, line: number, excluded: boolean, payload = 0): void {
    const codes = Buffer.from(key, 'latin1');
    this.addPart(codes, 0, codes.length, line, excluded, payload);
  }

  /** The same for a key that stands in a longer text, of which it is given the codes. */
  addPart(codes: Uint8Array, from: number, to: number, line: number, excluded: boolean, payload = 0): void {
    const { pool, rows, hashes, payloads } = this;
    const start = pool.extend(to - from);
    const { bytes } = pool;
    let hash = hashStart;
    for (let i = to - 1; i >= from; i--) {
      const code = codes[i] as number;
      bytes[start + i - from] = code;
      hash = hashStep(hash, code);
    }
    rows.push(start);
    rows.push(excluded ? line | excludedBit : line);
    payloads.put(hashes.length, payload);
    hashes.push(hash);
  }

  /** The table, and every pair of lines with the same key: of those the first line stays findable. */
  build(): { data: NameTableData; same: SameKey[] } {
    const count = this.hashes.length;
    this.rows.push(this.pool.length);
    let size = 4;
    while (size < count * 2) size *= 2;
    const hashes = this.hashes.soFar();
    const data: NameTableData = {
      pool: this.pool.finish(),
      rows: this.rows.finish(),
      payloads: this.payloads.finish(),
      // Written to before it is read: memory that is read first, the system provides twice, and stops the other processors for it.
      slots: uint32Array(2 * size).fill(0),
    };
    const same: SameKey[] = [];
    for (let row = 0; row < count; row++) {
      const there = insert(data, hashes[row] as number, row);
      if (there !== undefined) same.push(sameKey(data, there, row));
    }
    return { data, same };
  }
}

/** Makes the row findable, or tells which row has the same key. */
function insert(data: NameTableData, hash: number, row: number): number | undefined {
  const { slots } = data;
  const mask = slots.length / 2 - 1;
  let slot = spread(hash) & mask;
  for (;;) {
    const there = (slots[2 * slot + 1] as number) - 1;
    if (there < 0) {
      slots[2 * slot] = hash;
      slots[2 * slot + 1] = row + 1;
      return undefined;
    }
    if (slots[2 * slot] === hash && haveSameKey(data, there, row)) return there;
    slot = (slot + 1) & mask;
  }
}

function sameKey({ rows, payloads }: NameTableData, one: number, other: number): SameKey {
  const first = rows[2 * one + 1] as number;
  const second = rows[2 * other + 1] as number;
  return {
    first: first & lineBits,
    second: second & lineBits,
    contradict: ((first ^ second) & excludedBit) !== 0 || (payloads[one] ?? 0) !== (payloads[other] ?? 0),
  };
}

function haveSameKey(data: NameTableData, a: number, b: number): boolean {
  const startA = data.rows[2 * a] as number;
  const startB = data.rows[2 * b] as number;
  const length = (data.rows[2 * a + 2] as number) - startA;
  if ((data.rows[2 * b + 2] as number) - startB !== length) return false;
  for (let i = 0; i < length; i++) if (data.pool[startA + i] !== data.pool[startB + i]) return false;
  return true;
}

export class NameTable {
  constructor(
    readonly data: NameTableData,
    private readonly ends?: Ends,
  ) {}

  get size(): number {
    return (this.data.rows.length - 1) / 2;
  }

  /** The row of every key. */
  *rows(): Generator<number> {
    const { slots } = this.data;
    // Of several lines with one key only the first is in a slot.
    for (let at = 1; at < slots.length; at += 2) if (slots[at] !== 0) yield (slots[at] as number) - 1;
  }

  *keys(): Generator<string> {
    for (const row of this.rows()) yield this.keyAt(row);
  }

  keyAt(row: number): string {
    const { pool, rows } = this.data;
    return Buffer.from(pool.buffer, pool.byteOffset, pool.byteLength).toString(
      'latin1',
      rows[2 * row],
      rows[2 * row + 2],
    );
  }

  isExcludedAt(row: number): boolean {
    return ((this.data.rows[2 * row + 1] as number) & excludedBit) !== 0;
  }

  payloadAt(row: number): number {
    return this.data.payloads[row] ?? 0;
  }

  entryAt(row: number): NameHit {
    return this.hit(row) as NameHit;
  }

  /** The row with the key that a row of another table has, or -1. */
  rowOfSame(other: NameTable, row: number): number {
    if (this.size === 0) return -1;
    const { pool, rows } = other.data;
    const start = rows[2 * row] as number;
    const end = rows[2 * row + 2] as number;
    let hash = hashStart;
    for (let i = end - 1; i >= start; i--) hash = hashStep(hash, pool[i] as number);
    return this.probeKey(pool, start, end, hash);
  }

  /** Whether the key that a row of another table has is an entry here, or lies below one. */
  coversSame(other: NameTable, row: number): boolean {
    if (this.size === 0) return false;
    const { pool, rows } = other.data;
    const start = rows[2 * row] as number;
    const end = rows[2 * row + 2] as number;
    let hash = hashStart;
    for (let i = end - 1; i >= start; i--) {
      hash = hashStep(hash, pool[i] as number);
      if (i > start && pool[i - 1] !== dot) continue;
      if (this.probeKey(pool, i, end, hash) >= 0) return true;
    }
    return false;
  }

  /** As `probe` does, for a key that stands in the pool of another table. */
  private probeKey(otherPool: Uint8Array, start: number, end: number, hash: number): number {
    const { slots } = this.data;
    const mask = slots.length / 2 - 1;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const row = (slots[2 * slot + 1] as number) - 1;
      if (row < 0 || (slots[2 * slot] === hash && this.equalsKey(row, otherPool, start, end))) return row;
    }
  }

  private equalsKey(row: number, otherPool: Uint8Array, start: number, end: number): boolean {
    const { rows, pool } = this.data;
    const offset = rows[2 * row] as number;
    if ((rows[2 * row + 2] as number) - offset !== end - start) return false;
    for (let i = start; i < end; i++) if (pool[offset + i - start] !== otherPool[i]) return false;
    return true;
  }

  /** The entry with exactly this key, if it exists at the time. */
  findExact(key: string, time = beforeAllEnds): NameHit | undefined {
    if (this.size === 0) return undefined;
    let hash = hashStart;
    for (let i = key.length - 1; i >= 0; i--) hash = hashStep(hash, folded(key.charCodeAt(i)));
    const row = this.probe(key, 0, key.length, hash);
    return this.hit(this.exists(row, time) ? row : -1);
  }

  /** The longest entry that exists and is the name itself or a parent of it, by whole labels. One trailing dot is ignored. */
  findSuffix(name: string, time = beforeAllEnds): NameHit | undefined {
    if (this.size === 0) return undefined;
    const end = name.endsWith('.') ? name.length - 1 : name.length;
    let hash = hashStart;
    let found = -1;
    for (let i = end - 1; i >= 0; i--) {
      hash = hashStep(hash, folded(name.charCodeAt(i)));
      if (i > 0 && name.charCodeAt(i - 1) !== dot) continue;
      const row = this.probe(name, i, end, hash);
      if (row >= 0 && this.exists(row, time)) found = row;
    }
    return this.hit(found);
  }

  private exists(row: number, time: number): boolean {
    return this.ends === undefined || row < 0 || !hasEnded(this.ends, this.data.payloads[row] ?? 0, time);
  }

  private hit(row: number): NameHit | undefined {
    if (row < 0) return undefined;
    const { rows, payloads } = this.data;
    const line = rows[2 * row + 1] as number;
    return {
      line: line & lineBits,
      excluded: (line & excludedBit) !== 0,
      payload: payloads[row] ?? 0,
    };
  }

  /** Row of the key that is `text` from `start` to `end`, or -1. */
  private probe(text: string, start: number, end: number, hash: number): number {
    const { slots } = this.data;
    const mask = slots.length / 2 - 1;
    let slot = spread(hash) & mask;
    for (;;) {
      const row = (slots[2 * slot + 1] as number) - 1;
      if (row < 0) return -1;
      if (slots[2 * slot] === hash && this.equals(row, text, start, end)) return row;
      slot = (slot + 1) & mask;
    }
  }

  private equals(row: number, text: string, start: number, end: number): boolean {
    const { rows, pool } = this.data;
    const offset = rows[2 * row] as number;
    if ((rows[2 * row + 2] as number) - offset !== end - start) return false;
    for (let i = start; i < end; i++) {
      if (pool[offset + i - start] !== folded(text.charCodeAt(i))) return false;
    }
    return true;
  }
}
