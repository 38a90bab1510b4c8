/**
 * `relay.map`: a keyed table of relay decisions in the form of sendmail's access map (sendmail's cf/README, "ANTI-SPAM
 * CONFIGURATION CONTROL"). What one line means is told by `map-line.ts`.
 */

import { Latest, type LatestData } from '../attributes/latest';
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
  readonly latest: LatestData;
  /** Of the keys for clients, and of those among them by which a name can earn relaying. */
  readonly latestClients: LatestData;
  readonly latestRelays: LatestData;
}

export class RelayMap {
  readonly hasEnds: boolean;
  private readonly connect: EntryTables;
  private readonly to: EntryTables;
  private readonly entriesUntil: number;
  private readonly namesUntil: number;
  private readonly relaysUntil: number;

  constructor(private readonly data: RelayMapData) {
    this.hasEnds = data.values.ends.length > 0;
    const ends = this.hasEnds ? data.values.ends : undefined;
    this.connect = new EntryTables(data.connect, ends);
    this.to = new EntryTables(data.to, ends);
    // The tables may be fewer than those that were parsed.
    const hasNames = this.connect.domainCount > 0;
    this.entriesUntil = this.size > 0 ? data.latest.entries : 0;
    this.namesUntil = hasNames ? data.latestClients.names : 0;
    this.relaysUntil = hasNames ? data.latestRelays.names : 0;
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

  holdsEntries(time: number): boolean {
    return time < this.entriesUntil;
  }

  /** Whether any key goes by the client's name: where none does, no name need be looked up. */
  usesClientNames(time: number): boolean {
    return time < this.namesUntil;
  }

  relaysByName(time: number): boolean {
    return time < this.relaysUntil;
  }

  findClientAddress(address: IpAddress, time: number): MapEntry | undefined {
    return this.entry(this.connect.findAddress(address, time));
  }

  findClientName(name: string, time: number): MapEntry | undefined {
    return this.entry(this.connect.findDomain(name, time));
  }

  /** In sendmail's order: the mailbox, its user at any domain, its domain and the parents of that. */
  findRecipient(recipient: Recipient, time: number): MapEntry | undefined {
    return this.entry(this.to.findRecipient(recipient, time));
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
  private readonly latest = new Latest();
  private readonly latestClients = new Latest();
  private readonly latestRelays = new Latest();
  private readonly untagged = new Map<number, MapRow>();
  /** Tagged lines with an end. Behind it the same key without tag would have to decide, and a table holds one row for a key. */
  private readonly ending = new Set<number>();

  constructor(private readonly file: string) {}

  /** A tagged key goes before the same key without tag, wherever it stands; so the untagged ones wait. */
  add(row: MapRow, line: number): void {
    if (row.side === 'both') this.untagged.set(line, row);
    else this.place(row, line);
    if (row.side !== 'both' && row.attributes) this.ending.add(line);
  }

  private place(row: MapRow, line: number): void {
    const { key, value, side, attributes } = row;
    const payload = this.values.numberOf(value, attributes?.until);
    const namesRecipient = key.kind === 'mailbox' || key.kind === 'user';
    this.latest.add(key.kind, attributes?.until);
    if (side !== 'to' && !namesRecipient) {
      this.connect.add(key, line, payload);
      this.latestClients.add(key.kind, attributes?.until);
      if (value.action === 'relay') this.latestRelays.add(key.kind, attributes?.until);
    }
    if (side !== 'connect') this.to.add(key, line, payload);
  }

  build(): { data: RelayMapData; same: readonly SameKey[] } {
    for (const [line, row] of this.untagged) this.place(row, line);
    const connect = this.connect.build();
    const to = this.to.build();
    return {
      data: {
        file: this.file,
        connect: connect.data,
        to: to.data,
        values: this.values.build(),
        latest: this.latest.data,
        latestClients: this.latestClients.data,
        latestRelays: this.latestRelays.data,
      },
      same: [...connect.same, ...to.same].filter(
        ({ first, second }) => this.untagged.has(first) === this.untagged.has(second) || this.ending.has(first),
      ),
    };
  }
}
