/**
 * What all sources of an import add up to: the entries, settings and features of one site in Haraka's own terms, each
 * with the line it came from. Readers fill a `Reading` through a `Collector`; nothing here knows any server's syntax.
 */
import {
  type Entry,
  isProblem,
  Line,
  type ListKind,
  type Problem,
  parseDomainName,
  parseEntry,
  parseListLine,
  parseMapLine,
  type SourceLine,
} from '../../core';
import { covers } from './coverage';
import type { Remark, RemarkCode } from './remark';
import type { SourceType } from './source-type';

/** The suite's lists by their file names, and the setting that names each. */
export const listKindOf = {
  localip: 'local_ip',
  localdomain: 'local_domain',
  'relay.to': 'relay_to',
  'host.deny': 'hosts',
} as const satisfies Record<string, ListKind>;

export type ListName = keyof typeof listKindOf;
export const listNames = Object.keys(listKindOf) as readonly ListName[];

/** Which part of a Postfix or sendmail policy an entry came from, where `settle` has to tell them apart. */
export type Part = 'relay_domains' | 'relay_recipient_maps' | 'class-r';

/** Where a table of clients is asked: in which list of checks, and behind how many others of it. */
export interface Turn {
  readonly list: string;
  readonly place: number;
  /** Its OK lets a client relay, for nothing has refused strangers before (Postfix). */
  readonly relays?: boolean;
}

/** A list of Postfix whose first match decides. */
export type FirstMatchList = 'mynetworks' | 'relay_domains';

/** An exclusion in such a list that the lists here cannot hold: what stands behind it there must not be permitted. */
export interface Stop {
  readonly list: FirstMatchList;
  readonly root: string;
  readonly rank: readonly number[];
  readonly origin: SourceLine;
  readonly written: string;
}

export interface SiteEntry {
  readonly list: ListName;
  /** As it will be written: octet prefixes keep the form they had. */
  readonly text: string;
  readonly entry: Entry;
  readonly origins: readonly SourceLine[];
  /** The source's comment lines above it, without their `#`. */
  readonly comments: readonly string[];
  /** The source's comment on the same line. */
  readonly beside?: string;
  /** An exclusion that only says where a wider entry ends; dropped without a word where there is none. */
  readonly implied?: boolean;
  /** sendmail: an exclusion from `relay.to` that refuses recipients before class R is asked. */
  readonly refuses?: boolean;
  /** What to say of an exclusion that has something to end. */
  readonly tells?: RemarkCode;
  /** Half of "the names below it, not itself": gives way where a line lists the domain outright. */
  readonly yields?: boolean;
  /** The place in a list whose first match decides (Postfix); absent where the most specific entry decides anyway. */
  readonly rank?: readonly number[];
  /** The source that the list with this rank belongs to. */
  readonly root?: string;
  readonly part?: Part;
  /** A domain that stands for the names below it and not for itself, in a list of Postfix. */
  readonly below?: boolean;
  /** For an entry of `host.deny`: the table it stands in. */
  readonly turn?: Turn;
  /** Postfix, an exclusion from `host.deny`: whether its client passes the tables behind its own as well. */
  readonly passes?: boolean;
  /** The next hop, for an entry of `relay.to`. */
  readonly route?: string;
}

/** A line of `relay.map`. */
export interface MapLine {
  readonly key: string;
  readonly value: string;
  readonly origin: SourceLine;
  readonly comments: readonly string[];
}

export interface LocalName {
  readonly name: string;
  readonly origins: readonly SourceLine[];
  readonly comments: readonly string[];
}

/** The next hop that a source gives to one domain (`subdomains`: to all below it, and not to itself). */
export interface RouteFact {
  readonly domain: string;
  readonly subdomains: boolean;
  readonly route: string;
  readonly origin: SourceLine;
  readonly written: string;
}

export type SiteSetting =
  | { readonly key: 'flags'; readonly value: readonly string[]; readonly origin: SourceLine }
  | { readonly key: 'restriction'; readonly value: true; readonly origin: SourceLine }
  | { readonly key: 'deny-at'; readonly value: 'rcpt'; readonly origin: SourceLine };

/** What one source switches on that changes how another one reads. */
export type Feature =
  | 'relay-hosts-only'
  | 'relay-to-full-address'
  | 'relay-recipients-only'
  | 'haraka-dest-domains'
  | 'haraka-acl-off';

/** A file that a source names and that belongs to its policy. */
export interface Reference {
  readonly type: SourceType;
  readonly path: string;
  readonly origin: SourceLine;
  readonly written: string;
  /** The server itself does without it where it is missing. */
  readonly optional: boolean;
  readonly rank?: readonly number[];
  /** The source that the list with this rank belongs to. */
  readonly root: string;
  readonly turn?: Turn;
  readonly negated?: boolean;
  readonly parentMatches?: boolean;
}

/** What a reader must know besides the text. */
export interface Where {
  readonly file: string;
  readonly features: ReadonlySet<Feature>;
  readonly keepLoopback: boolean;
  /** This host's name, if the operator gave it. */
  readonly hostName?: string | undefined;
  /** Postfix: the place of this file in the list that names it. */
  readonly rank?: readonly number[] | undefined;
  /** Postfix: the source that this list belongs to. */
  readonly root?: string | undefined;
  /** Postfix: where this table of clients is asked. */
  readonly turn?: Turn | undefined;
  /** Postfix: the list names this file with a `!`. */
  readonly negated?: boolean | undefined;
  /** Postfix: `example.org` covers the names below it in this list. */
  readonly parentMatches?: boolean | undefined;
}

export interface Reading {
  readonly entries: readonly SiteEntry[];
  readonly stops: readonly Stop[];
  readonly map: readonly MapLine[];
  readonly localNames: readonly LocalName[];
  readonly routes: readonly RouteFact[];
  readonly settings: readonly SiteSetting[];
  readonly features: readonly Feature[];
  readonly references: readonly Reference[];
  readonly remarks: readonly Remark[];
}

/** The whole site: every reading joined. */
export type SitePolicy = Omit<Reading, 'references' | 'features'> & { readonly features: ReadonlySet<Feature> };

export function joinReadings(readings: readonly Reading[]): SitePolicy {
  return {
    entries: readings.flatMap((reading) => reading.entries),
    stops: readings.flatMap((reading) => reading.stops),
    map: readings.flatMap((reading) => reading.map),
    localNames: readings.flatMap((reading) => reading.localNames),
    routes: readings.flatMap((reading) => reading.routes),
    settings: readings.flatMap((reading) => reading.settings),
    remarks: readings.flatMap((reading) => reading.remarks),
    features: new Set(readings.flatMap((reading) => reading.features)),
  };
}

/** Where in its source something stands, and what stands around it. */
export interface SourceItem {
  readonly line: number;
  readonly written: string;
  readonly comments?: readonly string[];
  readonly beside?: string | undefined;
}

/** Text as one line of a list; a `#` in it would be read as a comment, so it is not let through as text. */
export function asLine(text: string): Line {
  const hash = text.indexOf('#');
  const entry = hash < 0 ? text : `${text.slice(0, hash)}\u0000`;
  return new Line(entry, 0, entry.length);
}

type EntryExtras = Pick<
  SiteEntry,
  'implied' | 'refuses' | 'tells' | 'yields' | 'rank' | 'part' | 'below' | 'passes' | 'route'
>;

/** Gathers what one reader finds. An entry that the suite's own parser refuses becomes a remark, never a line. */
export class Collector implements Reading {
  readonly entries: SiteEntry[] = [];
  readonly stops: Stop[] = [];
  readonly map: MapLine[] = [];
  readonly localNames: LocalName[] = [];
  readonly routes: RouteFact[] = [];
  readonly settings: SiteSetting[] = [];
  readonly features: Feature[] = [];
  readonly references: Reference[] = [];
  readonly remarks: Remark[] = [];

  constructor(readonly where: Where) {}

  at(line: number): SourceLine {
    return { file: this.where.file, line };
  }

  remark(code: RemarkCode, item: SourceItem, detail?: string): void {
    const { line, written } = item;
    this.remarks.push({ code, at: this.at(line), written, ...(detail === undefined ? {} : { detail }) });
  }

  /** Adds an entry to a list. Loopback is trusted only where the operator insists: a proxy in front would share it. */
  add(list: ListName, text: string, item: SourceItem, extras: EntryExtras = {}): void {
    const entry = parseListLine(listKindOf[list], asLine(extras.route ? `${text}  ${extras.route}` : text));
    if (isProblem(entry)) {
      if (!extras.implied) this.refuse(entry, text, item);
      const first = firstMatchListOf({ list, ...extras });
      // Whatever it is, it may be an exclusion.
      if (first && extras.rank && text.includes('!')) this.stop(first, extras.rank, item);
      return;
    }
    if (!entry.excluded && isLoopback(list, entry)) {
      if (!this.where.keepLoopback || entry.kind === 'domain') {
        this.remark('loopback', item);
        return;
      }
      this.remark('loopback-kept', item);
    }
    this.entries.push({
      list,
      text,
      entry,
      origins: [this.at(item.line)],
      comments: item.comments ?? [],
      ...(item.beside ? { beside: item.beside } : {}),
      ...(extras.rank ? { root: this.root } : {}),
      ...(list === 'host.deny' ? { turn: this.where.turn ?? { list: this.where.file, place: 0 } } : {}),
      ...extras,
    });
  }

  /** Nothing behind this place of the list may be permitted. */
  stop(list: FirstMatchList, rank: readonly number[], { line, written }: SourceItem): void {
    this.stops.push({ list, root: this.root, rank, origin: this.at(line), written });
  }

  private get root(): string {
    return this.where.root ?? this.where.file;
  }

  addLocalName(written: string, item: SourceItem): void {
    const name = parseDomainName(written);
    if (name === undefined) {
      this.remark('not-a-host-name', item);
      return;
    }
    this.localNames.push({ name, origins: [this.at(item.line)], comments: item.comments ?? [] });
  }

  private refuse(problem: Problem, text: string, { line, written }: SourceItem): void {
    this.remarks.push({ code: 'refused-entry', at: this.at(line), written, detail: text, problem });
  }

  addMapLine(key: string, value: string, item: SourceItem): void {
    const row = parseMapLine(asLine(`${key} ${value}`));
    if (isProblem(row)) {
      this.refuse(row, `${key} ${value}`, item);
      return;
    }
    this.map.push({ key, value, origin: this.at(item.line), comments: item.comments ?? [] });
  }

  set(setting: SettingValue, line: number): void {
    this.settings.push({ ...setting, origin: this.at(line) } as SiteSetting);
  }

  refer(type: SourceType, path: string, item: SourceItem, more: ReferenceExtras = {}): void {
    const { line, written } = item;
    this.references.push({ type, path, origin: this.at(line), written, optional: false, root: this.root, ...more });
  }
}

type ReferenceExtras = Partial<Pick<Reference, 'optional' | 'rank' | 'turn' | 'negated' | 'parentMatches'>>;
type SettingValue = SiteSetting extends infer S ? (S extends SiteSetting ? Omit<S, 'origin'> : never) : never;

/** The list of Postfix that an entry with a rank has its place in. */
export function firstMatchListOf({ list, part }: Pick<SiteEntry, 'list' | 'part'>): FirstMatchList | undefined {
  if (list === 'localip' || list === 'localdomain') return 'mynetworks';
  return part === 'relay_domains' ? 'relay_domains' : undefined;
}

const loopback = ['127.0.0.0/8', '::1', 'localhost', 'localhost.localdomain'].map((text) => parseEntry(text) as Entry);

function isLoopback(list: ListName, entry: Entry): boolean {
  return list !== 'host.deny' && loopback.some((wide) => covers(wide, entry));
}
