/**
 * Names found whole or by their longest listed suffix, in a hash table over one pool of bytes. A look-up walks the name
 * once from its end, tries the table at each dot, and allocates nothing but its answer.
 *
 * Keys are lower case already. What is looked up is folded on the way (ASCII only: other names are A-labels by then).
 */
import { GrowableUint8, GrowableUint32 } from './growable';
import type { SameKey } from './prefix-table';

/** Columns, one row a key. Plain data: it can be moved to another thread. */
export interface NameTableData {
  readonly pool: Uint8Array;
  /** Where each key starts in the pool; one more than rows, so that the next start ends the key. */
  readonly offsets: Uint32Array;
  readonly hashes: Uint32Array;
  readonly excluded: Uint8Array;
  readonly lines: Uint32Array;
  readonly payloads: Uint32Array;
  /** Row + 1, or 0 for an empty slot; a power of two, at most half full. */
  readonly slots: Uint32Array;
}

export interface NameHit {
  readonly line: number;
  readonly excluded: boolean;
  readonly payload: number;
  /** Length of the key that matched: longer is more specific. */
  readonly length: number;
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
  private readonly offsets = new GrowableUint32();
  private readonly hashes = new GrowableUint32();
  private readonly excluded = new GrowableUint8();
  private readonly lines = new GrowableUint32();
  private readonly payloads = new GrowableUint32();
  private hasPayload = false;

  /** `key` is lower-case text of single bytes. */
  add(key: string, line: number, excluded: boolean, payload = 0): void {
    let hash = hashStart;
    for (let i = key.length - 1; i >= 0; i--) hash = hashStep(hash, key.charCodeAt(i));
    this.offsets.push(this.pool.length);
    this.pool.pushText(key);
    this.hashes.push(hash);
    this.excluded.push(excluded ? 1 : 0);
    this.lines.push(line);
    this.payloads.push(payload);
    if (payload !== 0) this.hasPayload = true;
  }

  /** The table, and every pair of lines with the same key: of those the first line stays findable. */
  build(): { data: NameTableData; same: SameKey[] } {
    const rows = this.hashes.length;
    this.offsets.push(this.pool.length);
    let size = 4;
    while (size < rows * 2) size *= 2;
    const data = {
      pool: this.pool.finish(),
      offsets: this.offsets.finish(),
      hashes: this.hashes.finish(),
      excluded: this.excluded.finish(),
      lines: this.lines.finish(),
      payloads: this.hasPayload ? this.payloads.finish() : new Uint32Array(0),
      slots: new Uint32Array(size),
    };
    const same: SameKey[] = [];
    for (let row = 0; row < rows; row++) {
      let slot = spread(data.hashes[row] as number) & (size - 1);
      for (;;) {
        const there = data.slots[slot] as number;
        if (there === 0) {
          data.slots[slot] = row + 1;
          break;
        }
        if (sameKey(data, there - 1, row)) {
          same.push({
            first: data.lines[there - 1] as number,
            second: data.lines[row] as number,
            contradict:
              data.excluded[there - 1] !== data.excluded[row] || data.payloads[there - 1] !== data.payloads[row],
          });
          break;
        }
        slot = (slot + 1) & (size - 1);
      }
    }
    return { data, same };
  }
}

function sameKey(data: NameTableData, a: number, b: number): boolean {
  if (data.hashes[a] !== data.hashes[b]) return false;
  const startA = data.offsets[a] as number;
  const startB = data.offsets[b] as number;
  const length = (data.offsets[a + 1] as number) - startA;
  if ((data.offsets[b + 1] as number) - startB !== length) return false;
  for (let i = 0; i < length; i++) if (data.pool[startA + i] !== data.pool[startB + i]) return false;
  return true;
}

export class NameTable {
  constructor(readonly data: NameTableData) {}

  get size(): number {
    return this.data.hashes.length;
  }

  /** The entry with exactly this key. */
  findExact(key: string): NameHit | undefined {
    if (this.size === 0) return undefined;
    let hash = hashStart;
    for (let i = key.length - 1; i >= 0; i--) hash = hashStep(hash, folded(key.charCodeAt(i)));
    return this.hit(this.probe(key, 0, key.length, hash));
  }

  /** The longest entry that is the name itself or a parent of it, by whole labels. One trailing dot is ignored. */
  findSuffix(name: string): NameHit | undefined {
    if (this.size === 0) return undefined;
    const end = name.endsWith('.') ? name.length - 1 : name.length;
    let hash = hashStart;
    let found = -1;
    for (let i = end - 1; i >= 0; i--) {
      hash = hashStep(hash, folded(name.charCodeAt(i)));
      if (i > 0 && name.charCodeAt(i - 1) !== dot) continue;
      const row = this.probe(name, i, end, hash);
      if (row >= 0) found = row;
    }
    return this.hit(found);
  }

  private hit(row: number): NameHit | undefined {
    if (row < 0) return undefined;
    return {
      line: this.data.lines[row] as number,
      excluded: this.data.excluded[row] === 1,
      payload: this.data.payloads[row] ?? 0,
      length: (this.data.offsets[row + 1] as number) - (this.data.offsets[row] as number),
    };
  }

  /** Row of the key that is `text` from `start` to `end`, or -1. */
  private probe(text: string, start: number, end: number, hash: number): number {
    const { slots, hashes } = this.data;
    const mask = slots.length - 1;
    let slot = spread(hash) & mask;
    for (;;) {
      const row = (slots[slot] as number) - 1;
      if (row < 0) return -1;
      if (hashes[row] === hash && this.equals(row, text, start, end)) return row;
      slot = (slot + 1) & mask;
    }
  }

  private equals(row: number, text: string, start: number, end: number): boolean {
    const { offsets, pool } = this.data;
    const offset = offsets[row] as number;
    if ((offsets[row + 1] as number) - offset !== end - start) return false;
    for (let i = start; i < end; i++) {
      if (pool[offset + i - start] !== folded(text.charCodeAt(i))) return false;
    }
    return true;
  }
}
