/**
 * A list as a whole: parsed all or not at all, then asked by address, name or recipient. The most specific entry wins,
 * wherever it stands; the answer is the entry, so that the caller can say why.
 */

import type { SourceLine } from '../findings/finding';
import { isPlainDomain, parsePlainEntry } from '../tables/plain-entry';
import { PlainNetwork } from '../tables/plain-network';
import type { SameKey } from '../tables/sorted-rows';
import { type Entry, type EntryKind, isProblem, type Problem, parseEntry, rangeProblem, withRoute } from './entry';
import { type EntryHit, EntryTables, EntryTablesBuilder, type EntryTablesData, type Recipient } from './entry-tables';
import type { IpAddress } from './ip-address';
import { faultOfLine, type Line } from './lines';
import { type Builder, type Parsed, parseLines } from './parse-lines';
import { type Route, RouteTableBuilder, type RouteTableData, routeOf } from './route';

/** The list settings, by what their lists may hold. */
export const listKinds = {
  local_ip: { entries: ['network'], routes: false },
  local_domain: { entries: ['domain'], routes: false },
  relay_to: { entries: ['network', 'domain', 'mailbox'], routes: true },
  hosts: { entries: ['network', 'domain'], routes: false },
} as const satisfies Record<string, { entries: readonly EntryKind[]; routes: boolean }>;

export type ListKind = keyof typeof listKinds;

/** A parsed list as plain data: it can be moved to another thread. */
export interface ListData extends EntryTablesData {
  readonly file: string;
  /** `false`: the content of the list is unknown at present, and the tables are empty. */
  readonly available?: false;
  /** The payload of a domain's or mailbox's row is the number of its route. */
  readonly routes: RouteTableData;
}

/** The entry that decided. */
export interface ListEntry {
  readonly source: SourceLine;
  readonly excluded: boolean;
  readonly route?: Route;
}

export class PolicyList {
  private readonly tables: EntryTables;

  constructor(private readonly data: ListData) {
    this.tables = new EntryTables(data);
  }

  get file(): string {
    return this.data.file;
  }

  /** Where it is not, finding nothing means nothing: the entry may be there. */
  get available(): boolean {
    return this.data.available !== false;
  }

  get size(): number {
    return this.tables.size;
  }

  /** How many entries go by a name: where there are none, no name need be looked up. */
  get domainCount(): number {
    return this.tables.domainCount;
  }

  findAddress(address: IpAddress): ListEntry | undefined {
    return this.entry(this.tables.findAddress(address));
  }

  findDomain(name: string): ListEntry | undefined {
    return this.entry(this.tables.findDomain(name));
  }

  /** A mailbox before its domain; an address literal by the networks of the list. */
  findRecipient(recipient: Recipient): ListEntry | undefined {
    return this.entry(this.tables.findRecipient(recipient));
  }

  private entry(hit: EntryHit | undefined): ListEntry | undefined {
    if (!hit) return undefined;
    const source = { file: this.data.file, line: hit.line };
    const route = hit.payload > 0 ? routeOf(this.data.routes, hit.payload) : undefined;
    return route ? { source, excluded: hit.excluded, route } : { source, excluded: hit.excluded };
  }
}

/** Whether the entry admits: found, and no exclusion. */
export function admits(entry: ListEntry | undefined): entry is ListEntry {
  return entry !== undefined && !entry.excluded;
}

/**
 * Parses a list's text. Never throws; reports every fault, each with a line of the text. `file` is the name that
 * decisions and findings give; `octets` is the text in UTF-8, where that is there already.
 */
export function parseList(kind: ListKind, file: string, text: string, octets?: Uint8Array): Parsed<ListData> {
  return parseLines(file, text, (line) => parseListLine(kind, line), new ListBuilder(kind, file), {
    octets,
    purpose: { denies: kind === 'hosts', routes: listKinds[kind].routes },
  });
}

/** The entry of one line, of a kind that the list may hold. */
export function parseListLine(kind: ListKind, line: Line): Entry | Problem {
  const wrong = faultOfLine(line);
  if (wrong) return wrong;
  // A comment right behind what is plain may matter.
  const plain = line.glued ? undefined : parsePlainEntry(line.text);
  if (plain && holds(kind, plain.kind)) return plain;
  const [word = '', ...rest] = line.text.split(/[ \t]+/);
  // SMTP allows a # in a local part; here `tag#1@example.org` would silently become the domain `tag`.
  if (line.glued && line.comment.includes('@') && !word.includes('@') && rest.length === 0)
    return { problem: 'hash-in-mailbox' };
  const meant = holds(kind, 'network') ? networkInWords(line.text, word, rest) : undefined;
  if (meant) return meant;
  const entry = parseEntry(word);
  if (isProblem(entry)) return entry;
  if (!holds(kind, entry.kind)) return { problem: notHere[entry.kind] };
  if (rest.length === 0) return entry;
  if (!listKinds[kind].routes) return { problem: 'unexpected-text', detail: 'one entry a line' };
  return rest.length > 1 ? { problem: 'route-syntax' } : withRoute(entry, rest[0] as string);
}

/** What is wrong with a range or an address with a netmask that has blanks in it. */
function networkInWords(text: string, address: string, [mask, ...more]: readonly string[]): Problem | undefined {
  const sign = text.startsWith('!') ? '!' : '';
  const range = rangeProblem(text.slice(sign.length).replace(/[ \t]*-[ \t]*/, '-'));
  if (range) return range.suggestion ? { ...range, suggestion: range.suggestion.replace(/^|(?<=, )/g, sign) } : range;
  if (mask === undefined || more.length > 0) return undefined;
  const entry = parseEntry(`${address}/${mask}`);
  if (!isProblem(entry) || entry.problem !== 'prefix-length' || !entry.suggestion) return undefined;
  return { problem: 'unexpected-text', detail: 'one entry a line', suggestion: entry.suggestion };
}

function holds(kind: ListKind, entry: EntryKind): boolean {
  return (listKinds[kind].entries as readonly EntryKind[]).includes(entry);
}

const notHere = { network: 'address-not-here', domain: 'domain-not-here', mailbox: 'mailbox-not-here' } as const;

class ListBuilder implements Builder<Entry, ListData> {
  private readonly tables = new EntryTablesBuilder();
  private readonly routes = new RouteTableBuilder();
  private readonly plain = new PlainNetwork();
  private readonly hasNetworks: boolean;
  private readonly hasDomains: boolean;

  constructor(
    kind: ListKind,
    private readonly file: string,
  ) {
    this.hasNetworks = holds(kind, 'network');
    this.hasDomains = holds(kind, 'domain');
  }

  addPlain(line: Line): boolean {
    const { plain } = this;
    const { codes, from, to, number } = line;
    if (line.glued) return false;
    if (this.hasNetworks && plain.read(codes, from, to)) {
      this.tables.networksOf(plain).add(plain, plain.length, number, plain.excluded);
      return true;
    }
    if (!this.hasDomains || !isPlainDomain(line)) return false;
    this.tables.suffixes.addPart(codes, from, to, number, false);
    return true;
  }

  add(entry: Entry, line: number): void {
    const route = entry.kind === 'network' ? undefined : entry.route;
    this.tables.add(entry, line, route ? this.routes.numberOf(route) : 0);
  }

  build(): { data: ListData; same: readonly SameKey[] } {
    const { data, same } = this.tables.build();
    return { data: { file: this.file, ...data, routes: this.routes.build() }, same };
  }
}
