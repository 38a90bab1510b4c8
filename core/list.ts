/**
 * A list as a whole: parsed all or not at all, then asked by address, name or recipient. The most specific entry wins,
 * wherever it stands; the answer is the entry, so that the caller can say why.
 */
import { type Entry, type EntryKind, formatLiteral, isProblem, type Problem, parseEntry, withRoute } from './entry';
import type { SourceLine } from './finding';
import { type IpAddress, parseAddressLiteral } from './ip-address';
import { faultOfLine, type Line } from './lines';
import { foldLocalPart, mailboxKey } from './mailbox';
import { type NameHit, NameTable, NameTableBuilder, type NameTableData } from './name-table';
import { type Builder, type Parsed, parseLines } from './parse-lines';
import { isPlainDomain, parsePlainEntry } from './plain-entry';
import { PlainNetwork } from './plain-network';
import { type PrefixHit, PrefixTable, PrefixTableBuilder, type PrefixTableData } from './prefix-table';
import { type Route, RouteTableBuilder, type RouteTableData, routeOf } from './route';
import type { SameKey } from './sorted-rows';

/** The list settings, by what their lists may hold. */
export const listKinds = {
  local_ip: { entries: ['network'], routes: false },
  local_domain: { entries: ['domain'], routes: false },
  relay_to: { entries: ['network', 'domain', 'mailbox'], routes: true },
  hosts: { entries: ['network', 'domain'], routes: false },
} as const satisfies Record<string, { entries: readonly EntryKind[]; routes: boolean }>;

export type ListKind = keyof typeof listKinds;

/** A parsed list as plain data: it can be moved to another thread. */
export interface ListData {
  readonly file: string;
  /** `false`: what the list holds cannot be told just now, and the tables are empty. */
  readonly available?: false;
  readonly networks4: PrefixTableData;
  readonly networks6: PrefixTableData;
  /** Domains that cover all below them. */
  readonly suffixes: NameTableData;
  /** `=name` entries. */
  readonly exacts: NameTableData;
  readonly mailboxes: NameTableData;
  /** The payload of a domain row is the number of its route. */
  readonly routes: RouteTableData;
}

/** The entry that decided. */
export interface ListEntry {
  readonly source: SourceLine;
  readonly excluded: boolean;
  readonly route?: Route;
}

export interface Recipient {
  /** As the client wrote it, quotes included. */
  readonly localPart: string;
  /** Lower-case A-labels, an address literal in brackets, or empty (`<postmaster>`). */
  readonly domain: string;
}

export class PolicyList {
  private readonly networks4: PrefixTable;
  private readonly networks6: PrefixTable;
  private readonly suffixes: NameTable;
  private readonly exacts: NameTable;
  private readonly mailboxes: NameTable;

  constructor(private readonly data: ListData) {
    this.networks4 = new PrefixTable(data.networks4);
    this.networks6 = new PrefixTable(data.networks6);
    this.suffixes = new NameTable(data.suffixes);
    this.exacts = new NameTable(data.exacts);
    this.mailboxes = new NameTable(data.mailboxes);
  }

  get file(): string {
    return this.data.file;
  }

  /** Where it is not, finding nothing means nothing: the entry may be there. */
  get available(): boolean {
    return this.data.available !== false;
  }

  get size(): number {
    return this.networks4.size + this.networks6.size + this.domainCount + this.mailboxes.size;
  }

  /** How many entries go by a name: where there are none, no name need be looked up. */
  get domainCount(): number {
    return this.suffixes.size + this.exacts.size;
  }

  findAddress(address: IpAddress): ListEntry | undefined {
    return this.entry((address.family === 4 ? this.networks4 : this.networks6).find(address));
  }

  findDomain(name: string): ListEntry | undefined {
    return this.entry(this.exacts.findExact(withoutDot(name)) ?? this.suffixes.findSuffix(name));
  }

  /** A mailbox before its domain; an address literal by the networks of the list. */
  findRecipient(recipient: Recipient): ListEntry | undefined {
    const literal = parseAddressLiteral(recipient.domain);
    const domain = literal ? formatLiteral(literal) : recipient.domain;
    if (this.mailboxes.size > 0) {
      const localPart = foldLocalPart(recipient.localPart);
      const mailbox = localPart === undefined ? undefined : this.mailboxes.findExact(mailboxKey(localPart, domain));
      if (mailbox) return this.entry(mailbox);
    }
    return literal ? this.findAddress(literal) : this.findDomain(domain);
  }

  private entry(hit: PrefixHit | NameHit | undefined): ListEntry | undefined {
    if (!hit) return undefined;
    const source = { file: this.data.file, line: hit.line };
    const route = hit.payload > 0 ? routeOf(this.data.routes, hit.payload) : undefined;
    return route ? { source, excluded: hit.excluded, route } : { source, excluded: hit.excluded };
  }
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
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
  return parseLines(file, text, (line) => parseListLine(kind, line), new ListBuilder(kind, file), octets);
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
  const entry = parseEntry(word);
  if (isProblem(entry)) return entry;
  if (!holds(kind, entry.kind)) return { problem: notHere[entry.kind] };
  if (rest.length === 0) return entry;
  if (!listKinds[kind].routes) return { problem: 'unexpected-text', detail: 'one entry a line' };
  return rest.length > 1 ? { problem: 'route-syntax' } : withRoute(entry, rest[0] as string);
}

function holds(kind: ListKind, entry: EntryKind): boolean {
  return (listKinds[kind].entries as readonly EntryKind[]).includes(entry);
}

const notHere = { network: 'address-not-here', domain: 'domain-not-here', mailbox: 'mailbox-not-here' } as const;

class ListBuilder implements Builder<Entry, ListData> {
  private readonly networks4 = new PrefixTableBuilder(4);
  private readonly networks6 = new PrefixTableBuilder(6);
  private readonly suffixes = new NameTableBuilder();
  private readonly exacts = new NameTableBuilder();
  private readonly mailboxes = new NameTableBuilder();
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
      this.networksOf(plain).add(plain, plain.length, number, plain.excluded);
      return true;
    }
    if (!this.hasDomains || !isPlainDomain(line)) return false;
    this.suffixes.addPart(codes, from, to, number, false);
    return true;
  }

  private networksOf({ family }: IpAddress): PrefixTableBuilder {
    return family === 4 ? this.networks4 : this.networks6;
  }

  add(entry: Entry, line: number): void {
    if (entry.kind === 'network') {
      this.networksOf(entry.address).add(entry.address, entry.length, line, entry.excluded);
    } else if (entry.kind === 'domain') {
      const names = entry.exact ? this.exacts : this.suffixes;
      names.add(entry.name, line, entry.excluded, entry.route ? this.routes.numberOf(entry.route) : 0);
    } else {
      this.mailboxes.add(mailboxKey(entry.localPart, entry.domain), line, entry.excluded);
    }
  }

  build(): { data: ListData; same: SameKey[] } {
    const networks4 = this.networks4.build();
    const networks6 = this.networks6.build();
    const suffixes = this.suffixes.build();
    const exacts = this.exacts.build();
    const mailboxes = this.mailboxes.build();
    return {
      data: {
        file: this.file,
        networks4: networks4.data,
        networks6: networks6.data,
        suffixes: suffixes.data,
        exacts: exacts.data,
        mailboxes: mailboxes.data,
        routes: this.routes.build(),
      },
      same: [...networks4.same, ...networks6.same, ...suffixes.same, ...exacts.same, ...mailboxes.same],
    };
  }
}
