/** Collects the reading of one source: an entry that the suite's own parsers reject is never added. */

import { containsNetwork, EntryIndex } from '../../policy/entries/containment';
import { parseDomainName } from '../../policy/entries/domain-name';
import { type Entry, isProblem, type Problem, parseEntry } from '../../policy/entries/entry';
import { Line } from '../../policy/entries/lines';
import { parseListLine } from '../../policy/entries/list';
import { parseMapLine } from '../../policy/entries/map-line';
import type { SourceLine } from '../../policy/findings/finding';
import type { Remark, RemarkCode } from './remark';
import {
  type Barrier,
  type Chain,
  chainOf,
  type ExchangeLine,
  type Feature,
  isListing,
  isOwnExclusion,
  type ListName,
  type LocalName,
  lists,
  type MapLine,
  type PluginSuggestion,
  type ReaderContext,
  type Reading,
  type Reference,
  type RouteFact,
  type Rule,
  type SiteSetting,
  signedText,
  type TransportFact,
  type Verdict,
} from './site-policy';
import type { SourceType } from './source-type';

/** The location of an item in its source, its text, and the comments around it. */
export interface SourceItem {
  readonly line: number;
  readonly text: string;
  readonly comments?: readonly string[];
  readonly trailingComment?: string | undefined;
}

/** Text as one line of a list; a `#` in it would be read as a comment, so it is not let through as text. */
export function asLine(text: string): Line {
  const hash = text.indexOf('#');
  return Line.of(hash < 0 ? text : `${text.slice(0, hash)}\u0000`);
}

type RuleExtras = Partial<
  Pick<Rule, 'chain' | 'order' | 'subdomainsOnly' | 'route' | 'narrowingRemark' | 'loneRemark'>
>;

/** Gathers what one reader finds. An entry that the suite's own parser refuses becomes a remark, never a line. */
export class Collector implements Reading {
  readonly rules: Rule[] = [];
  readonly barriers: Barrier[] = [];
  readonly map: MapLine[] = [];
  readonly localNames: LocalName[] = [];
  readonly routes: RouteFact[] = [];
  readonly transports: TransportFact[] = [];
  readonly suggestions: PluginSuggestion[] = [];
  readonly settings: SiteSetting[] = [];
  readonly exchanges: ExchangeLine[] = [];
  readonly features: Feature[] = [];
  readonly references: Reference[] = [];
  readonly remarks: Remark[] = [];

  /** `chain`: where the rules stand, unless something else is said of one. */
  constructor(
    readonly context: ReaderContext,
    private readonly chain: Chain = chainOf(context.file),
  ) {}

  at(line: number): SourceLine {
    return { file: this.context.file, line };
  }

  remark(code: RemarkCode, item: SourceItem, detail?: string): void {
    const { line, text } = item;
    this.remarks.push({ code, at: this.at(line), text, ...(detail === undefined ? {} : { detail }) });
  }

  /** Adds an `mx:` entry of `relay.to`. */
  addExchanges(text: string, { line, comments = [] }: SourceItem): void {
    this.exchanges.push({ text, origin: this.at(line), comments });
  }

  /**
   * Adds a rule about a list, or gives the problem that its text has as an entry. Loopback is trusted only where the
   * operator insists: a proxy in front would share it.
   */
  add(list: ListName, verdict: Verdict, text: string, item: SourceItem, extras: RuleExtras = {}): Problem | undefined {
    const { chain = this.chain, order = [], route } = extras;
    const rule = { list, chain, order, verdict, text, origin: this.at(item.line) };
    const written = route ? `${signedText(rule)}  ${route}` : signedText(rule);
    const read = parseListLine(lists[list].kind, asLine(written));
    // Among the patterns of a source none is of MX hosts.
    const entry: Entry | Problem = 'kind' in read && read.kind === 'exchange' ? { problem: 'domain-syntax' } : read;
    if (isProblem(entry)) {
      if (isListing(rule) || isOwnExclusion(rule)) this.refuse(entry, signedText(rule), item);
      if (isOwnExclusion(rule)) this.addBarrier(list, chain, order, item);
      return entry;
    }
    if (verdict === 'permit' && isListing(rule) && isLoopback(entry)) {
      if (!this.context.keepLoopback || entry.kind === 'domain') {
        this.remark('loopback', item);
        return undefined;
      }
      this.remark('loopback-kept', item);
    }
    const { comments = [], trailingComment } = item;
    this.rules.push({
      ...rule,
      ...extras,
      chain,
      order,
      entry: { ...entry, excluded: false },
      comments,
      trailingComment,
    });
    return undefined;
  }

  /** Adds a barrier: no rule behind this place of the chain may be permitted. */
  addBarrier(list: ListName, chain: Chain, order: readonly number[], { line, text }: SourceItem): void {
    this.barriers.push({ question: lists[list].question, chain, order, origin: this.at(line), text });
  }

  addLocalName(text: string, item: SourceItem): void {
    const name = parseDomainName(text);
    if (name === undefined) {
      this.remark('not-a-host-name', item);
      return;
    }
    this.localNames.push({ name, origins: [this.at(item.line)], comments: item.comments ?? [] });
  }

  private refuse(problem: Problem, detail: string, { line, text }: SourceItem): void {
    this.remarks.push({ code: 'refused-entry', at: this.at(line), text, detail, problem });
  }

  addMapLine(key: string, value: string, item: SourceItem): void {
    const row = parseMapLine(asLine(`${key} ${value}`));
    if (isProblem(row)) {
      this.refuse(row, `${key} ${value}`, item);
      return;
    }
    this.map.push({ key, value, origin: this.at(item.line), comments: item.comments ?? [] });
  }

  addRoute(fact: Omit<RouteFact, 'origin' | 'text'>, { line, text }: SourceItem): void {
    this.routes.push({ ...fact, origin: this.at(line), text });
  }

  addTransport(fact: Omit<TransportFact, 'origin' | 'text'>, { line, text }: SourceItem): void {
    this.transports.push({ ...fact, origin: this.at(line), text });
  }

  suggest(suggestion: Omit<PluginSuggestion, 'origin' | 'text'>, { line, text }: SourceItem): void {
    this.suggestions.push({ ...suggestion, origin: this.at(line), text });
  }

  set(setting: SettingValue, line: number): void {
    this.settings.push({ ...setting, origin: this.at(line) } as SiteSetting);
  }

  refer(type: SourceType, path: string, item: SourceItem, more: ReferenceExtras = {}): void {
    const { line, text } = item;
    this.references.push({ type, path, origin: this.at(line), text, optional: false, ...more });
  }
}

type ReferenceExtras = Partial<Pick<Reference, 'optional' | 'position'>>;
type SettingValue = SiteSetting extends infer S ? (S extends SiteSetting ? Omit<S, 'origin'> : never) : never;

const loopback = ['127.0.0.0/8', '::1', 'localhost', 'localhost.localdomain'].map((text) => parseEntry(text) as Entry);
const loopbackNetworks = loopback.filter((entry) => entry.kind === 'network');
const loopbackIndex = new EntryIndex(loopback.map((entry) => ({ entry })));

function isLoopback(entry: Entry): boolean {
  if (entry.kind === 'network') return loopbackNetworks.some((network) => containsNetwork(network, entry));
  return loopbackIndex.covering({ entry }) !== undefined;
}
