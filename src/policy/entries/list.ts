/**
 * A list as a whole: parsed all or not at all, then asked by address, name or recipient. The most specific entry wins,
 * wherever it stands; the answer is the entry, so that the caller can say why.
 */

import { type AttributeName, isAttribute, parseAttributes } from '../attributes/attribute-words';
import { ExtrasTable, ExtrasTableBuilder, type ExtrasTableData } from '../attributes/extras';
import { Latest, type LatestData } from '../attributes/latest';
import type { Limits } from '../attributes/limit';
import type { SenderScope } from '../attributes/sender-scope';
import type { SourceLine } from '../findings/finding';
import { isPlainDomain, parsePlainEntry } from '../tables/plain-entry';
import { PlainNetwork } from '../tables/plain-network';
import type { SameKey } from '../tables/sorted-rows';
import {
  type Entry,
  type EntryKind,
  type ExchangeEntry,
  isExchangeText,
  isProblem,
  type Problem,
  parseEntry,
  parseExchange,
  rangeProblem,
  withRoute,
} from './entry';
import { type EntryHit, EntryTables, EntryTablesBuilder, type EntryTablesData, type Recipient } from './entry-tables';
import type { IpAddress } from './ip-address';
import { faultOfLine, type Line } from './lines';
import { type Builder, type Parsed, parseLines } from './parse-lines';
import type { Route } from './route';

/** The list settings, by what their lists may hold. */
export const listKinds = {
  local_ip: { entries: ['network'], routes: false, attributes: ['from', 'limit', 'until'] },
  local_domain: { entries: ['domain'], routes: false, attributes: ['from', 'limit', 'until'] },
  relay_to: { entries: ['network', 'domain', 'mailbox', 'exchange'], routes: true, attributes: ['until'] },
  hosts: { entries: ['network', 'domain'], routes: false, attributes: ['until'] },
} as const satisfies Record<string, KindOfList>;

interface KindOfList {
  readonly entries: readonly EntryKind[];
  readonly routes: boolean;
  readonly attributes: readonly AttributeName[];
}

export type ListKind = keyof typeof listKinds;

/** A parsed list as plain data: it can be moved to another thread. */
export interface ListData extends EntryTablesData {
  readonly file: string;
  /** `false`: the content of the list is unknown at present, and the tables are empty. */
  readonly available?: false;
  /** The networks of `mx:` entries; absent where there are none. */
  readonly exchanges?: EntryTablesData;
  /** The payload of a row is the number of its extras. */
  readonly extras: ExtrasTableData;
  readonly latest: LatestData;
}

/** The entry that decided. */
export interface ListEntry {
  readonly source: SourceLine;
  readonly excluded: boolean;
  readonly route?: Route;
  /** The senders for whom it trusts a client, where it does not trust it for all of them. */
  readonly scope?: SenderScope;
  /** For how many recipients it trusts its clients, where it has a limit. */
  readonly limits?: Limits;
  /** The next hop is asked before a recipient is accepted. */
  readonly verify?: true;
}

/** Each question is about a time, in milliseconds since 1970: an entry that has ended does not exist. */
export class PolicyList {
  readonly file: string;
  /** Whether any entry has an end: what the list says may change while it stays as it is. */
  readonly hasEnds: boolean;
  /** Whether any entry trusts clients for some senders alone. */
  readonly hasScopes: boolean;
  /** Whether any entry trusts clients for so many recipients. */
  readonly hasLimits: boolean;
  private readonly tables: EntryTables;
  private readonly exchanges: EntryTables | undefined;
  private readonly extras: ExtrasTable;
  /** From when on the list holds no entry, and none by name. */
  private readonly entriesUntil: number;
  private readonly namesUntil: number;

  constructor(private readonly data: ListData) {
    this.file = data.file;
    this.extras = new ExtrasTable(data.extras);
    this.hasEnds = this.extras.ends !== undefined;
    this.hasScopes = this.extras.hasScopes;
    this.hasLimits = this.extras.hasLimits;
    this.tables = new EntryTables(data, this.extras.ends);
    this.exchanges = data.exchanges && new EntryTables(data.exchanges, this.extras.ends);
    // The tables may be fewer than those that were parsed.
    this.entriesUntil = this.size > 0 ? data.latest.entries : 0;
    this.namesUntil = this.tables.domainCount > 0 ? data.latest.names : 0;
  }

  /** Where it is not, finding nothing means nothing: the entry may be there. */
  get available(): boolean {
    return this.data.available !== false;
  }

  /** Those that have ended are among them. */
  get size(): number {
    return this.tables.size + (this.exchanges?.size ?? 0);
  }

  /** Whether any entry goes by MX records: where none does, none need be looked up. */
  get hasExchanges(): boolean {
    return this.exchanges !== undefined;
  }

  /** By the address of an MX host. */
  findExchange(address: IpAddress, time: number): ListEntry | undefined {
    return this.entry(this.exchanges?.findAddress(address, time));
  }

  holdsEntries(time: number): boolean {
    return time < this.entriesUntil;
  }

  /** Whether any entry goes by a name: where none does, no name need be looked up. */
  holdsNames(time: number): boolean {
    return time < this.namesUntil;
  }

  findAddress(address: IpAddress, time: number): ListEntry | undefined {
    return this.entry(this.tables.findAddress(address, time));
  }

  findDomain(name: string, time: number): ListEntry | undefined {
    return this.entry(this.tables.findDomain(name, time));
  }

  /** A mailbox before its domain; an address literal by the networks of the list. */
  findRecipient(recipient: Recipient, time: number): ListEntry | undefined {
    return this.entry(this.tables.findRecipient(recipient, time));
  }

  private entry(hit: EntryHit | undefined): ListEntry | undefined {
    if (!hit) return undefined;
    const source = { file: this.file, line: hit.line };
    const { excluded, payload } = hit;
    if (payload === 0) return { source, excluded };
    const route = this.extras.routeAt(payload);
    const verify = this.extras.verifiesAt(payload) && ({ verify: true } as const);
    // No kind of list has these and bounds.
    if (route || verify) return { source, excluded, ...(route && { route }), ...verify };
    const { from: scope, limit: limits } = this.extras.boundsAt(payload);
    return { source, excluded, ...(scope && { scope }), ...(limits && { limits }) };
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
export function parseListLine(kind: ListKind, line: Line): Entry | ExchangeEntry | Problem {
  const wrong = faultOfLine(line);
  if (wrong) return wrong;
  // A comment right behind what is plain may matter.
  const plain = line.glued ? undefined : parsePlainEntry(line.text);
  if (plain && holds(kind, plain.kind)) return plain;
  const [word = '', ...others] = line.text.split(/[ \t]+/);
  const attributeWords = others.filter(isAttribute);
  const rest = attributeWords.length > 0 ? others.filter((other) => !isAttribute(other)) : others;
  // SMTP allows a # in a local part; here `tag#1@example.org` would silently become the domain `tag`.
  if (line.glued && line.comment.includes('@') && !word.includes('@') && rest.length === 0)
    return { problem: 'hash-in-mailbox' };
  const meant = holds(kind, 'network') ? networkInWords([word, ...rest].join(' '), word, rest) : undefined;
  if (meant) return meant;
  const entry = isExchangeText(word) ? parseExchange(word) : parseEntry(word);
  if (isProblem(entry)) return entry;
  if (!holds(kind, entry.kind)) return { problem: notHere[entry.kind] };
  const routed = rest.length === 0 ? entry : withWords(kind, entry, rest);
  if (attributeWords.length === 0 || isProblem(routed)) return routed;
  const attributes = entry.excluded
    ? parseAttributes(attributeWords, ['until'], 'behind an exclusion')
    : parseAttributes(attributeWords, listKinds[kind].attributes, 'in this list');
  return isProblem(attributes) ? attributes : { ...routed, attributes };
}

/** A next hop, and `verify` behind it or alone. */
function withWords(
  kind: ListKind,
  entry: Entry | ExchangeEntry,
  words: readonly string[],
): Entry | ExchangeEntry | Problem {
  if (!listKinds[kind].routes) return { problem: 'unexpected-text', detail: 'one entry a line' };
  const isVerified = words.at(-1)?.toLowerCase() === 'verify';
  const [hop, ...more] = isVerified ? words.slice(0, -1) : words;
  if (more.length > 0) return { problem: 'route-syntax' };
  if (hop !== undefined && entry.kind === 'exchange') return { problem: 'route-not-here' };
  const routed = hop === undefined || entry.kind === 'exchange' ? entry : withRoute(entry, hop);
  if (!isVerified || isProblem(routed)) return routed;
  if (routed.excluded || routed.kind === 'network') return { problem: 'verify-not-here' };
  return { ...routed, verify: true };
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

const notHere = {
  network: 'address-not-here',
  domain: 'domain-not-here',
  mailbox: 'mailbox-not-here',
  exchange: 'mx-not-here',
} as const;

class ListBuilder implements Builder<Entry | ExchangeEntry, ListData> {
  private readonly tables = new EntryTablesBuilder();
  private readonly exchanges = new EntryTablesBuilder();
  private hasExchanges = false;
  private readonly extras = new ExtrasTableBuilder();
  private readonly latest = new Latest();
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
      this.latest.add('network');
      return true;
    }
    if (!this.hasDomains || !isPlainDomain(line)) return false;
    this.tables.suffixes.addPart(codes, from, to, number, false);
    this.latest.add('domain');
    return true;
  }

  add(entry: Entry | ExchangeEntry, line: number): void {
    const route = 'route' in entry ? entry.route : undefined;
    const verify = 'verify' in entry;
    const hasExtras = route !== undefined || verify || entry.attributes !== undefined;
    const more = { ...(route && { route }), ...(verify && ({ verify } as const)) };
    const extras = hasExtras ? this.extras.numberOf({ ...entry.attributes, ...more }) : 0;
    if (entry.kind === 'exchange') {
      this.hasExchanges = true;
      this.exchanges.add({ ...entry, kind: 'network' }, line, extras);
    } else this.tables.add(entry, line, extras);
    this.latest.add(entry.kind, entry.attributes?.until);
  }

  build(): { data: ListData; same: readonly SameKey[] } {
    const { data, same } = this.tables.build();
    const { extras, latest } = this;
    const exchanges = this.hasExchanges ? this.exchanges.build() : undefined;
    return {
      data: {
        file: this.file,
        ...data,
        ...(exchanges && { exchanges: exchanges.data }),
        extras: extras.build(),
        latest: latest.data,
      },
      same: exchanges ? [...same, ...exchanges.same] : same,
    };
  }
}
