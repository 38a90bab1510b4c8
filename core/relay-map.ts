/**
 * `relay.map`: a keyed table of relay decisions in the form of sendmail's access map (sendmail's cf/README, "ANTI-SPAM
 * CONFIGURATION CONTROL"). What one line means is told by `map-line.ts`.
 */
import { formatLiteral } from './entry';
import type { SourceLine } from './finding';
import { type IpAddress, parseAddressLiteral } from './ip-address';
import type { Recipient } from './list';
import { foldLocalPart, mailboxKey } from './mailbox';
import { type MapRow, parseMapLine } from './map-line';
import { type MapValue, mapValueOf, ValueTableBuilder, type ValueTableData } from './map-value';
import { type NameHit, NameTable, NameTableBuilder, type NameTableData } from './name-table';
import { type Builder, type Parsed, parseLines } from './parse-lines';
import { type PrefixHit, PrefixTable, PrefixTableBuilder, type PrefixTableData } from './prefix-table';
import type { SameKey } from './sorted-rows';

export interface MapEntry {
  readonly source: SourceLine;
  readonly value: MapValue;
}

interface SideData {
  readonly networks4: PrefixTableData;
  readonly networks6: PrefixTableData;
  readonly domains: NameTableData;
  readonly mailboxes: NameTableData;
  /** `user@` keys. */
  readonly users: NameTableData;
}

/** A parsed map as plain data: it can be moved to another thread. The payload of a row is the number of its value. */
export interface RelayMapData {
  readonly file: string;
  /** `false`: what the map holds cannot be told just now, and the tables are empty. */
  readonly available?: false;
  readonly connect: SideData;
  readonly to: SideData;
  readonly values: ValueTableData;
  /** Whether a client's name can earn relaying here. */
  readonly relaysByName: boolean;
}

export class RelayMap {
  private readonly connect: Side;
  private readonly to: Side;

  constructor(private readonly data: RelayMapData) {
    this.connect = new Side(data.connect);
    this.to = new Side(data.to);
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
    return this.connect.domains.size > 0;
  }

  get relaysByName(): boolean {
    return this.data.relaysByName;
  }

  findClientAddress(address: IpAddress): MapEntry | undefined {
    return this.entry(this.connect.findAddress(address));
  }

  findClientName(name: string): MapEntry | undefined {
    return this.entry(this.connect.domains.findSuffix(name));
  }

  /** In sendmail's order: the mailbox, its user at any domain, its domain and the parents of that. */
  findRecipient(recipient: Recipient): MapEntry | undefined {
    return this.entry(this.to.findRecipient(recipient));
  }

  private entry(hit: PrefixHit | NameHit | undefined): MapEntry | undefined {
    const value = hit && mapValueOf(this.data.values, hit.payload);
    return value && { source: { file: this.data.file, line: hit.line }, value };
  }
}

class Side {
  private readonly networks4: PrefixTable;
  private readonly networks6: PrefixTable;
  readonly domains: NameTable;
  private readonly mailboxes: NameTable;
  private readonly users: NameTable;

  constructor(data: SideData) {
    this.networks4 = new PrefixTable(data.networks4);
    this.networks6 = new PrefixTable(data.networks6);
    this.domains = new NameTable(data.domains);
    this.mailboxes = new NameTable(data.mailboxes);
    this.users = new NameTable(data.users);
  }

  get size(): number {
    const { networks4, networks6, domains, mailboxes, users } = this;
    return networks4.size + networks6.size + domains.size + mailboxes.size + users.size;
  }

  findAddress(address: IpAddress): PrefixHit | undefined {
    return (address.family === 4 ? this.networks4 : this.networks6).find(address);
  }

  findRecipient(recipient: Recipient): PrefixHit | NameHit | undefined {
    const literal = parseAddressLiteral(recipient.domain);
    const domain = literal ? formatLiteral(literal) : recipient.domain;
    if (this.mailboxes.size > 0 || this.users.size > 0) {
      const localPart = foldLocalPart(recipient.localPart);
      if (localPart !== undefined) {
        const hit =
          this.mailboxes.findExact(mailboxKey(localPart, domain)) ?? this.users.findExact(mailboxKey(localPart, ''));
        if (hit) return hit;
      }
    }
    return literal ? this.findAddress(literal) : this.domains.findSuffix(domain);
  }
}

/** Parses a map's text, as `parseList` does a list's. */
export function parseRelayMap(file: string, text: string, octets?: Uint8Array): Parsed<RelayMapData> {
  return parseLines(file, text, parseMapLine, new MapBuilder(file), octets);
}

class SideBuilder {
  private readonly networks4 = new PrefixTableBuilder(4);
  private readonly networks6 = new PrefixTableBuilder(6);
  private readonly domains = new NameTableBuilder();
  private readonly mailboxes = new NameTableBuilder();
  private readonly users = new NameTableBuilder();

  add(key: MapRow['key'], line: number, payload: number): void {
    if (key.kind === 'network') {
      const networks = key.address.family === 4 ? this.networks4 : this.networks6;
      networks.add(key.address, key.length, line, false, payload);
    } else if (key.kind === 'domain') {
      this.domains.add(key.name, line, false, payload);
    } else if (key.kind === 'mailbox') {
      this.mailboxes.add(mailboxKey(key.localPart, key.domain), line, false, payload);
    } else {
      this.users.add(mailboxKey(key.localPart, ''), line, false, payload);
    }
  }

  build(): { data: SideData; same: SameKey[] } {
    const tables = {
      networks4: this.networks4.build(),
      networks6: this.networks6.build(),
      domains: this.domains.build(),
      mailboxes: this.mailboxes.build(),
      users: this.users.build(),
    };
    return {
      data: {
        networks4: tables.networks4.data,
        networks6: tables.networks6.data,
        domains: tables.domains.data,
        mailboxes: tables.mailboxes.data,
        users: tables.users.data,
      },
      same: Object.values(tables).flatMap((table) => table.same),
    };
  }
}

class MapBuilder implements Builder<MapRow, RelayMapData> {
  private readonly connect = new SideBuilder();
  private readonly to = new SideBuilder();
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

  build(): { data: RelayMapData; same: SameKey[] } {
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
