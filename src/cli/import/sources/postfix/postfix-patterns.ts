/** The patterns of Postfix's host and domain lists (match_list(3), cidr_table(5), access(5)) as entries of ours. */
import type { Collector, SourceItem } from '../../collector';
import type { ListName, SourceParameter } from '../../site-policy';

/** The context of a pattern: `negated` makes it an exclusion, `order` is its place where the first match decides. */
export interface PatternContext {
  readonly negated: boolean;
  readonly order: readonly number[];
  readonly parameter?: SourceParameter;
}

/** `192.0.2.0/24`, `[2001:db8::]/32`, `192.0.2.7`: Postfix wants IPv6 in brackets, tables also take it bare. */
export function addressOf(pattern: string): string | undefined {
  const bracketed =
    /^\[([0-9A-Fa-f:.]+)\](\/[0-9]+)?$/.exec(pattern) ?? /^\[([0-9A-Fa-f:.]+)(\/[0-9]+)\]$/.exec(pattern);
  if (bracketed) return `${bracketed[1]}${bracketed[2] ?? ''}`;
  if (/^[0-9.]+(?:\/[0-9]+)?$/.test(pattern)) return pattern;
  return /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:\/[0-9]+)?$/.test(pattern) && /:.*:/.test(pattern) ? pattern : undefined;
}

/** Adds an address or network. Postfix matches whole addresses and CIDR; an octet prefix is neither. */
export function addAddress(
  out: Collector,
  list: ListName,
  address: string,
  item: SourceItem,
  context: PatternContext,
): void {
  if (/^[0-9.]+$/.test(address) && address.split('.').filter((octet) => octet !== '').length < 4) {
    out.remark('postfix-never-matches', item, 'it knows no octet prefixes here, only CIDR');
    return;
  }
  addSigned(out, list, address, item, context);
}

/** Adds a name; `parentMatches` says whether it covers the names below it (parent_domain_matches_subdomains). */
export function addName(
  out: Collector,
  list: ListName,
  pattern: string,
  item: SourceItem,
  context: PatternContext,
  parentMatches: boolean,
): void {
  if (!pattern.startsWith('.')) {
    addSigned(out, list, parentMatches ? pattern : `=${pattern}`, item, context);
    return;
  }
  if (parentMatches) {
    out.remark('postfix-never-matches', item, 'parent_domain_matches_subdomains wants it without the dot');
    return;
  }
  out.remark('subdomains-only', item, pattern.slice(1));
  addSigned(out, list, pattern.slice(1), item, context, true);
}

function addSigned(
  out: Collector,
  list: ListName,
  text: string,
  item: SourceItem,
  context: PatternContext,
  subdomainsOnly = false,
): void {
  const { negated, order, parameter } = context;
  out.add(list, negated ? `!${text}` : text, item, {
    order,
    ...(parameter ? { parameter } : {}),
    ...(subdomainsOnly ? { subdomainsOnly } : {}),
  });
}
