/**
 * What all sources of an import add up to: the entries, settings and features of one site in Haraka's own terms, each
 * with the line it came from. Readers fill a `Reading` through a `Collector`; nothing here knows any server's syntax.
 */
import {
  type Entry,
  isProblem,
  type Line,
  type ListKind,
  type Problem,
  parseDomainName,
  parseEntry,
  parseListLine,
  parseMapLine,
} from '../../core';
import { covers } from './coverage';
import type { Remark, RemarkCode } from './remark';
import type { SourceType } from './source-type';

/** A line of a source, as the operator knows it. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

/** The suite's lists by their file names, and the setting that names each. */
export const listKindOf = {
  localip: 'local_ip',
  localdomain: 'local_domain',
  'relay.to': 'relay_to',
  'host.deny': 'hosts',
} as const satisfies Record<string, ListKind>;

export type ListName = keyof typeof listKindOf;
export const listNames = Object.keys(listKindOf) as readonly ListName[];

/** Which part of a Postfix policy an entry came from, where `settle` has to tell them apart. */
export type Part = 'relay_domains' | 'relay_recipient_maps';

export interface ListEntry {
  readonly list: ListName;
  /** As it will be written: octet prefixes keep the form they had. */
  readonly text: string;
  readonly entry: Entry;
  readonly origins: readonly Origin[];
  /** The source's comment lines above it, without their `#`. */
  readonly comments: readonly string[];
  /** The source's comment on the same line. */
  readonly beside?: string;
  /** An exclusion that only says where a wider entry ends; dropped without a word where there is none. */
  readonly implied?: boolean;
  /** Half of "the names below it, not itself": gives way where a line lists the domain outright. */
  readonly yields?: boolean;
  /** The place in a list whose first match decides (Postfix); absent where the most specific entry decides anyway. */
  readonly rank?: readonly number[];
  readonly part?: Part;
  /** The next hop, for an entry of `relay.to`. */
  readonly route?: string;
}

/** A line of `relay.map`. */
export interface MapLine {
  readonly key: string;
  readonly value: string;
  readonly origin: Origin;
  readonly comments: readonly string[];
}

export interface LocalName {
  readonly name: string;
  readonly origins: readonly Origin[];
  readonly comments: readonly string[];
}

/** The next hop that a source gives to one domain (`subdomains`: to all below it, and not to itself). */
export interface RouteFact {
  readonly domain: string;
  readonly subdomains: boolean;
  readonly route: string;
  readonly origin: Origin;
  readonly written: string;
}

export type Setting =
  | { readonly key: 'flags'; readonly value: readonly string[]; readonly origin: Origin }
  | { readonly key: 'restriction'; readonly value: true; readonly origin: Origin }
  | { readonly key: 'deny-at'; readonly value: 'rcpt'; readonly origin: Origin };

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
  readonly origin: Origin;
  readonly written: string;
  /** The server itself does without it where it is missing. */
  readonly optional: boolean;
  readonly rank?: readonly number[];
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
  /** Postfix: the list names this file with a `!`. */
  readonly negated?: boolean | undefined;
  /** Postfix: `example.org` covers the names below it in this list. */
  readonly parentMatches?: boolean | undefined;
}

export interface Reading {
  readonly entries: readonly ListEntry[];
  readonly map: readonly MapLine[];
  readonly localNames: readonly LocalName[];
  readonly routes: readonly RouteFact[];
  readonly settings: readonly Setting[];
  readonly features: readonly Feature[];
  readonly references: readonly Reference[];
  readonly remarks: readonly Remark[];
}

/** The whole site: every reading joined. */
export type SitePolicy = Omit<Reading, 'references' | 'features'> & { readonly features: ReadonlySet<Feature> };

export function joinReadings(readings: readonly Reading[]): SitePolicy {
  return {
    entries: readings.flatMap((reading) => reading.entries),
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
function asLine(text: string): Line {
  const hash = text.indexOf('#');
  const entry = hash < 0 ? text : text.slice(0, hash);
  return { number: 1, text: hash < 0 ? entry : `${entry}\u0000`, column: 1, comment: '', glued: false };
}

type EntryExtras = Pick<ListEntry, 'implied' | 'yields' | 'rank' | 'part' | 'route'>;

/** Gathers what one reader finds. An entry that the suite's own parser refuses becomes a remark, never a line. */
export class Collector implements Reading {
  readonly entries: ListEntry[] = [];
  readonly map: MapLine[] = [];
  readonly localNames: LocalName[] = [];
  readonly routes: RouteFact[] = [];
  readonly settings: Setting[] = [];
  readonly features: Feature[] = [];
  readonly references: Reference[] = [];
  readonly remarks: Remark[] = [];

  constructor(readonly where: Where) {}

  at(line: number): Origin {
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
      ...extras,
    });
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
    this.settings.push({ ...setting, origin: this.at(line) } as Setting);
  }

  refer(type: SourceType, path: string, item: SourceItem, more: ReferenceExtras = {}): void {
    const { line, written } = item;
    this.references.push({ type, path, origin: this.at(line), written, optional: false, ...more });
  }
}

type ReferenceExtras = Partial<Pick<Reference, 'optional' | 'rank' | 'negated' | 'parentMatches'>>;
type SettingValue = Setting extends infer S ? (S extends Setting ? Omit<S, 'origin'> : never) : never;

const loopback = ['127.0.0.0/8', '::1', 'localhost', 'localhost.localdomain'].map((text) => parseEntry(text) as Entry);

function isLoopback(list: ListName, entry: Entry): boolean {
  return list !== 'host.deny' && loopback.some((wide) => covers(wide, entry));
}
