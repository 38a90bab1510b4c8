/**
 * What all sources of an import add up to: the entries, settings and features of one site in Haraka's own terms, each
 * with the line it came from. Readers fill a `Reading` through the `Collector` of `collector.ts`; nothing here knows any
 * server's syntax.
 */
import type { Entry } from '../../policy/entries/entry';
import type { ListKind } from '../../policy/entries/list';
import type { SourceLine } from '../../policy/findings/finding';
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

/** The source parameter that an entry came from, where `resolvePolicy` has to distinguish them. */
export type SourceParameter = 'relay_domains' | 'relay_recipient_maps' | 'class-r';

/** When a client table is asked: in which list of checks, and at which place of that list. */
export interface TablePosition {
  readonly list: string;
  readonly place: number;
  /** Its OK lets a client relay, for nothing has refused strangers before (Postfix). */
  readonly relays?: boolean;
}

/** A list of Postfix whose first match decides. */
export type FirstMatchList = 'mynetworks' | 'relay_domains';

/** An exclusion that no list here can hold: entries behind it in the source must not be permitted. */
export interface Barrier {
  readonly list: FirstMatchList;
  readonly root: string;
  readonly order: readonly number[];
  readonly origin: SourceLine;
  readonly text: string;
}

export interface SiteEntry {
  readonly list: ListName;
  /** The entry's text in the list file: octet prefixes keep the form they had. */
  readonly text: string;
  readonly entry: Entry;
  readonly origins: readonly SourceLine[];
  /** The source's comment lines above it, without their `#`. */
  readonly comments: readonly string[];
  /** The source's comment on the same line. */
  readonly trailingComment?: string;
  /** An exclusion that only narrows a wider entry; dropped without a remark where there is no wider entry. */
  readonly implied?: boolean;
  /** sendmail: an exclusion from `relay.to` that refuses recipients before class R is asked. */
  readonly refuses?: boolean;
  /** The remark to add where this exclusion narrows a wider entry. */
  readonly narrowingRemark?: RemarkCode;
  /** Weak: one half of a subdomains-only entry; another line that lists the whole domain replaces it. */
  readonly weak?: boolean;
  /** The place in a Postfix list whose first match decides; absent where the most specific entry decides anyway. */
  readonly order?: readonly number[];
  /** The source that the list with this order belongs to. */
  readonly root?: string;
  readonly parameter?: SourceParameter;
  /** A domain that stands for the names below it and not for itself, in a list of Postfix. */
  readonly subdomainsOnly?: boolean;
  /** For an entry of `host.deny`: the table it stands in. */
  readonly tablePosition?: TablePosition;
  /** Postfix, an exclusion from `host.deny`: whether the client skips the later tables as well. */
  readonly exemptsLaterTables?: boolean;
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
  readonly text: string;
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
  readonly text: string;
  /** The server itself does without it where it is missing. */
  readonly optional: boolean;
  readonly order?: readonly number[];
  /** The source that the list with this order belongs to. */
  readonly root: string;
  readonly tablePosition?: TablePosition;
  readonly negated?: boolean;
  readonly parentMatches?: boolean;
}

/** What a reader must know besides the text. */
export interface ReaderContext {
  readonly file: string;
  readonly features: ReadonlySet<Feature>;
  readonly keepLoopback: boolean;
  /** This host's name, if the operator gave it. */
  readonly hostName?: string | undefined;
  /** Postfix: the place of this file in the list that names it. */
  readonly order?: readonly number[] | undefined;
  /** Postfix: the source that this list belongs to. */
  readonly root?: string | undefined;
  /** Postfix: where this table of clients is asked. */
  readonly tablePosition?: TablePosition | undefined;
  /** Postfix: the list names this file with a `!`. */
  readonly negated?: boolean | undefined;
  /** Postfix: `example.org` covers the names below it in this list. */
  readonly parentMatches?: boolean | undefined;
}

export interface Reading {
  readonly entries: readonly SiteEntry[];
  readonly barriers: readonly Barrier[];
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
    barriers: readings.flatMap((reading) => reading.barriers),
    map: readings.flatMap((reading) => reading.map),
    localNames: readings.flatMap((reading) => reading.localNames),
    routes: readings.flatMap((reading) => reading.routes),
    settings: readings.flatMap((reading) => reading.settings),
    remarks: readings.flatMap((reading) => reading.remarks),
    features: new Set(readings.flatMap((reading) => reading.features)),
  };
}

/** The list of Postfix that an entry with an order has its place in. */
export function firstMatchListOf({
  list,
  parameter,
}: Pick<SiteEntry, 'list' | 'parameter'>): FirstMatchList | undefined {
  if (list === 'localip' || list === 'localdomain') return 'mynetworks';
  return parameter === 'relay_domains' ? 'relay_domains' : undefined;
}
