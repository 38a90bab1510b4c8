/** Regions: what one pattern matches, as the chains decide about it and as it is written. */
import type { Reach } from '../../../policy/entries/containment';
import type { DomainEntry, Entry } from '../../../policy/entries/entry';
import type { SourceLine } from '../../../policy/findings/finding';
import { isListing, type ListEntry, type ListName, type Rule } from '../site-policy';

/** What rules are about, without what narrower rules are about. */
export interface Region extends Reach {
  /** As it would be written. An entry for a whole domain says what holds below it where the name has one of its own. */
  readonly entry: Entry;
  /** What the chains are asked about. */
  readonly asked: Reach;
  readonly list: ListName;
  /** The rules with this pattern. */
  readonly rules: Rule[];
  /** The rule that decides, of all sources. */
  readonly decision: Rule | undefined;
  readonly isListed: boolean;
  readonly route: string | undefined;
  /** The rule or next hop that makes it a region. */
  readonly cause: SourceLine;
}

export function domain(name: string, exact: boolean): DomainEntry {
  return { kind: 'domain', name, exact, excluded: false };
}

export function agreeing({ rules, isListed }: Region): Rule[] {
  return rules.filter((rule) => isListing(rule) === isListed);
}

export function entryOf(region: Region): ListEntry {
  const { list, entry, rules, isListed, decision, route, cause } = region;
  const own = agreeing(region);
  const origins = own.length > 0 ? own.map(({ origin }) => origin) : decision ? [decision.origin, cause] : [cause];
  const text = (own[0] ?? rules[0])?.text ?? (entry.kind === 'domain' ? `${entry.exact ? '=' : ''}${entry.name}` : '');
  return {
    list,
    text: isListed ? text : `!${text}`,
    entry: { ...entry, excluded: !isListed },
    origins: uniqueBy(origins, ({ file, line }) => `${file}:${line}`),
    comments: uniqueBy(
      own.flatMap(({ comments }) => comments),
      (comment) => comment,
    ),
    trailingComment: own[0]?.trailingComment,
    route,
  };
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
