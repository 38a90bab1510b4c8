/**
 * `relay.map`: a keyed table of relay decisions in the form of sendmail's access map (sendmail's cf/README, "ANTI-SPAM
 * CONFIGURATION CONTROL"). What one line means is told by `map-line.ts`.
 */

import type { SourceLine } from '../findings/finding';
import type { SameKey } from '../tables/sorted-rows';
import { type EntryHit, EntryTables, EntryTablesBuilder, type EntryTablesData, type Recipient } from './entry-tables';
import type { IpAddress } from './ip-address';
import { type MapRow, parseMapLine } from './map-line';
import { type MapValue, mapValueOf, ValueTableBuilder, type ValueTableData } from './map-value';
import { type Builder, type Parsed, parseLines } from './parse-lines';

export interface MapEntry {
  readonly source: SourceLine;
  readonly value: MapValue;
}

/** A parsed map as plain data: it can be moved to another thread. The payload of a row is the number of its value. */
export interface RelayMapData {
  readonly file: string;
  /** `false`: the content of the map is unknown at present, and the tables are empty. */
  readonly available?: false;
  readonly connect: EntryTablesData;
  readonly to: EntryTablesData;
  readonly values: ValueTableData;
  /** Whether a client's name can earn relaying here. */
  readonly relaysByName: boolean;
}

export class RelayMap {
  private readonly connect: EntryTables;
  private readonly to: EntryTables;

  constructor(private readonly data: RelayMapData) {
    this.connect = new EntryTables(data.connect);
    this.to = new EntryTables(data.to);
  }

  get file(): string {
    return this.data.file;
  }

  /** Where it is not, finding nothing means nothing: the key may be there. */
  get available(): boolean {
    return this.data.available !== false;
  }

  get size(): number {
    return this.connect.size + this.to.size;
  }

  /** Whether any key goes by the client's name: where none does, no name need be looked up. */
  get usesClientNames(): boolean {
    return this.connect.domainCount > 0;
  }

  get relaysByName(): boolean {
    return this.data.relaysByName;
  }

  findClientAddress(address: IpAddress): MapEntry | undefined {
    return this.entry(this.connect.findAddress(address));
  }

  findClientName(name: string): MapEntry | undefined {
    return this.entry(this.connect.findDomain(name));
  }

  /** In sendmail's order: the mailbox, its user at any domain, its domain and the parents of that. */
  findRecipient(recipient: Recipient): MapEntry | undefined {
    return this.entry(this.to.findRecipient(recipient));
  }

  private entry(hit: EntryHit | undefined): MapEntry | undefined {
    const value = hit && mapValueOf(this.data.values, hit.payload);
    return value && { source: { file: this.data.file, line: hit.line }, value };
  }
}

/** Parses a map's text, as `parseList` does a list's. */
export function parseRelayMap(file: string, text: string, octets?: Uint8Array): Parsed<RelayMapData> {
  return parseLines(file, text, parseMapLine, new MapBuilder(file), { octets });
}

class MapBuilder implements Builder<MapRow, RelayMapData> {
  private readonly connect = new EntryTablesBuilder();
  private readonly to = new EntryTablesBuilder();
  private readonly values = new ValueTableBuilder();
  private relaysByName = false;
  private readonly untagged = new Map<number, MapRow>();

  constructor(private readonly file: string) {}

  /** A tagged key goes before the same key without tag, wherever it stands; so the untagged ones wait. */
  add(row: MapRow, line: number): void {
    if (row.side === 'both') this.untagged.set(line, row);
    else this.place(row, line);
  }

  private place(row: MapRow, line: number): void {
    const payload = this.values.numberOf(row.value);
    const namesRecipient = row.key.kind === 'mailbox' || row.key.kind === 'user';
    if (row.side !== 'to' && !namesRecipient) {
      this.connect.add(row.key, line, payload);
      if (row.key.kind === 'domain' && row.value.action === 'relay') this.relaysByName = true;
    }
    if (row.side !== 'connect') this.to.add(row.key, line, payload);
  }

  build(): { data: RelayMapData; same: readonly SameKey[] } {
    for (const [line, row] of this.untagged) this.place(row, line);
    const connect = this.connect.build();
    const to = this.to.build();
    const { file, relaysByName } = this;
    return {
      data: { file, connect: connect.data, to: to.data, values: this.values.build(), relaysByName },
      same: [...connect.same, ...to.same].filter(
        ({ first, second }) => this.untagged.has(first) === this.untagged.has(second),
      ),
    };
  }
}
