/**
 * What all sources of an import add up to: the entries, settings and features of one site in Haraka's own terms, each
 * with the line it came from. Readers fill a `Reading` through the `Collector` of `collector.ts`; nothing here knows any
 * server's syntax.
 */
import type { Reach } from '../../policy/entries/containment';
import type { Entry } from '../../policy/entries/entry';
import type { ListKind } from '../../policy/entries/list';
import type { SourceLine } from '../../policy/findings/finding';
import type { Remark, RemarkCode } from './remark';
import type { SourceType } from './source-type';

/** What a list decides. */
export type Question = 'trust' | 'destinations' | 'refusals';

export type Verdict = 'permit' | 'deny' | 'no-opinion';

interface ListUse {
  readonly kind: ListKind;
  readonly question: Question;
  /** The verdict on what is listed; an exclusion takes it back. */
  readonly listed: Verdict;
}

/** The suite's lists by their file names. */
export const lists = {
  localip: { kind: 'local_ip', question: 'trust', listed: 'permit' },
  localdomain: { kind: 'local_domain', question: 'trust', listed: 'permit' },
  'relay.to': { kind: 'relay_to', question: 'destinations', listed: 'permit' },
  'host.deny': { kind: 'hosts', question: 'refusals', listed: 'deny' },
} as const satisfies Record<string, ListUse>;

export type ListName = keyof typeof lists;
export const listNames = Object.keys(lists) as readonly ListName[];

/**
 * Rules of one server that answer one question together. The chains of a series are asked one after the other, until one
 * permits or denies.
 */
export interface Chain {
  /** Empty for a barrier that stands in the chains of that name of every server. */
  readonly server: string;
  readonly series: string;
  readonly place: number;
  /** The rule that decides, of those whose pattern matches. */
  readonly decides: 'first' | 'most-specific';
  /** It permits nothing by itself, and is asked for other chains only. */
  readonly isGate?: boolean;
  /** Asked only about what this chain permits. */
  readonly gate?: Chain;
  /** It is asked about recipients of local domains too. */
  readonly asksLocal?: boolean;
  /** The remark for a rule of the same server that a denial of this chain overrules. */
  readonly overruling?: RemarkCode;
}

/** Where a source stands by itself, the file or server is all there is to say of its chain. */
export function chainOf(server: string, more: Partial<Chain> = {}): Chain {
  return { server, series: '', place: 0, decides: 'most-specific', ...more };
}

/** One line of a source, as far as it is about one list. */
export interface Rule extends Reach {
  readonly list: ListName;
  readonly chain: Chain;
  /** The place in the chain, where the first match decides. */
  readonly order: readonly number[];
  readonly verdict: Verdict;
  /** The pattern, without a sign. */
  readonly entry: Entry;
  /** The pattern's text in the list file: octet prefixes keep the form they had. */
  readonly text: string;
  readonly origin: SourceLine;
  /** The source's comment lines above it, without their `#`. */
  readonly comments: readonly string[];
  /** The source's comment on the same line. */
  readonly trailingComment?: string | undefined;
  /** The next hop, for a rule of `relay.to`. */
  readonly route?: string | undefined;
  /** The remark to add where this exclusion narrows a wider entry. */
  readonly narrowingRemark?: RemarkCode | undefined;
  /** The remark to add where there is no wider entry that this exclusion narrows. */
  readonly loneRemark?: RemarkCode | undefined;
}

/** Whether the rule lists its pattern, rather than excluding it. */
export function isListing({ list, verdict }: Pick<Rule, 'list' | 'verdict'>): boolean {
  return verdict === lists[list].listed;
}

export function signedText(rule: Pick<Rule, 'list' | 'verdict' | 'text'>): string {
  return isListing(rule) ? rule.text : `!${rule.text}`;
}

/** An exclusion that the operator wrote, and not one that only says how far a wider rule of its source goes. */
export function isOwnExclusion(rule: Pick<Rule, 'list' | 'chain' | 'verdict'>): boolean {
  return !isListing(rule) && rule.chain.decides === 'first' && lists[rule.list].question !== 'refusals';
}

/**
 * A denial whose pattern no list can hold: what stands behind it in a chain of first matches must not be permitted. In a
 * chain of which the most specific rule decides it denies all that no rule is about.
 */
export interface Barrier {
  readonly question: Question;
  readonly chain: Chain;
  readonly order: readonly number[];
  readonly origin: SourceLine;
  readonly text: string;
}

/** An entry of a list, ready to be written. */
export interface ListEntry {
  readonly list: ListName;
  readonly text: string;
  readonly entry: Entry;
  readonly origins: readonly SourceLine[];
  readonly comments: readonly string[];
  readonly trailingComment?: string | undefined;
  readonly route?: string | undefined;
}

/** A line of `relay.map`. */
export interface MapLine {
  readonly key: string;
  readonly value: string;
  readonly origin: SourceLine;
  readonly comments: readonly string[];
}

/** An `mx:` entry of `relay.to`. */
export interface ExchangeLine {
  readonly text: string;
  readonly origin: SourceLine;
  readonly comments: readonly string[];
}

export interface LocalName {
  readonly name: string;
  readonly origins: readonly SourceLine[];
  readonly comments: readonly string[];
}

/** The next hop that a source gives to one domain (`subdomains`: to all below it, and not to itself); `*` is any other. */
export interface RouteFact {
  readonly domain: string;
  readonly subdomains: boolean;
  readonly route: string;
  readonly origin: SourceLine;
  readonly text: string;
  /** What to remark where the domain is relayed to, and where it is not. */
  readonly remarks?: { readonly used: readonly RemarkCode[]; readonly unused: RemarkCode };
}

/** What a source does with mail for one domain (`subdomains`: for all below it, and not for itself); `*` is any other. */
export interface TransportFact {
  readonly domain: string;
  readonly subdomains: boolean;
  /** `here`: the old server delivers it itself. `refused`: it delivers it nowhere. */
  readonly kind: 'sent' | 'here' | 'refused';
  readonly origin: SourceLine;
  readonly text: string;
  /** What delivers it. */
  readonly mailer?: string;
  /** What to remark in place of the remarks of Postfix: where it becomes local, and where it is not relayed to. */
  readonly remarks?: { readonly local: RemarkCode; readonly unused: RemarkCode };
}

/** A line for the configuration of one of Haraka's own plugins, for what surrounds the policy; nothing enables it. */
export interface PluginSuggestion {
  readonly plugin: string;
  /** The file of the plugin, with a setting of it; a plugin without settings has none. */
  readonly setting?: { readonly file: string; readonly section: string; readonly key: string; readonly value: string };
  readonly origin: SourceLine;
  readonly text: string;
}

export type SiteSetting =
  | { readonly key: 'flags'; readonly value: readonly string[]; readonly origin: SourceLine }
  | { readonly key: 'restriction'; readonly value: true; readonly origin: SourceLine }
  | { readonly key: 'client-limit'; readonly value: string; readonly origin: SourceLine }
  | { readonly key: 'deny-at'; readonly value: 'rcpt'; readonly origin: SourceLine };

/** What one source switches on that changes how another one reads. */
export type Feature =
  | 'relay-hosts-only'
  | 'relay-to-full-address'
  /** sendmail.mc or sendmail.cf was read, so a feature that is not there is off. */
  | 'sendmail-configuration'
  | 'access-skip'
  | 'blocklist-recipients'
  | 'lookup-dot-domain'
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
  readonly position?: Position | undefined;
}

/** Postfix: where a list names a file, and what it means there. */
export interface Position {
  readonly chain: Chain;
  readonly order: readonly number[];
  /** The list names it with a `!`. */
  readonly negated: boolean;
  /** `example.org` covers the names below it. */
  readonly parentMatches: boolean;
  /** An OK of this table lets a client relay, or anybody send to a recipient: nothing has refused strangers before. */
  readonly okRelays?: boolean;
  /** The list is asked for addresses of clients only, and no name in it ever matches. */
  readonly keys?: 'addresses';
}

/** What a reader must know besides the text. */
export interface ReaderContext {
  readonly file: string;
  readonly features: ReadonlySet<Feature>;
  readonly keepLoopback: boolean;
  /** This host's name, if the operator gave it. */
  readonly hostName?: string | undefined;
  /** Where another source names this file. */
  readonly position?: Position | undefined;
}

export interface Reading {
  readonly rules: readonly Rule[];
  readonly barriers: readonly Barrier[];
  readonly map: readonly MapLine[];
  readonly exchanges: readonly ExchangeLine[];
  readonly localNames: readonly LocalName[];
  readonly routes: readonly RouteFact[];
  readonly transports: readonly TransportFact[];
  readonly suggestions: readonly PluginSuggestion[];
  readonly settings: readonly SiteSetting[];
  readonly features: readonly Feature[];
  readonly references: readonly Reference[];
  readonly remarks: readonly Remark[];
}

/** The whole site: every reading joined. */
export type SitePolicy = Omit<Reading, 'references' | 'features'> & { readonly features: ReadonlySet<Feature> };

export function joinReadings(readings: readonly Reading[]): SitePolicy {
  return {
    rules: readings.flatMap((reading) => reading.rules),
    barriers: readings.flatMap((reading) => reading.barriers),
    map: readings.flatMap((reading) => reading.map),
    exchanges: readings.flatMap((reading) => reading.exchanges),
    localNames: readings.flatMap((reading) => reading.localNames),
    routes: readings.flatMap((reading) => reading.routes),
    transports: readings.flatMap((reading) => reading.transports),
    suggestions: readings.flatMap((reading) => reading.suggestions),
    settings: readings.flatMap((reading) => reading.settings),
    remarks: readings.flatMap((reading) => reading.remarks),
    features: new Set(readings.flatMap((reading) => reading.features)),
  };
}
