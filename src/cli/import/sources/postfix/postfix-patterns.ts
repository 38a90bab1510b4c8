/** The patterns of Postfix's host and domain lists (match_list(3), cidr_table(5), access(5)) as entries of ours. */
import type { Problem } from '../../../../policy/entries/entry';
import type { Collector, SourceItem } from '../../collector';
import { type Chain, chainOf, type ListName } from '../../site-policy';

/** mynetworks and relay_domains: the first match decides. With relay_recipient_maps a domain alone permits nothing. */
export function mynetworksChain(file: string): Chain {
  return chainOf(file, { series: 'mynetworks', decides: 'first' });
}

export function relayDomainsChain(file: string, isGate = false): Chain {
  return chainOf(file, { series: 'relay_domains', decides: 'first', isGate });
}

export function recipientsChain(file: string): Chain {
  return chainOf(file, { series: 'relay_recipient_maps', gate: relayDomainsChain(file, true) });
}

/** The context of a pattern: `negated` makes it a denial, `order` is its place in the chain. */
export interface PatternContext {
  readonly negated: boolean;
  readonly chain: Chain;
  readonly order: readonly number[];
  /** No name in the list ever matches. */
  readonly keys?: 'addresses';
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
): Problem | undefined {
  if (/^[0-9.]+$/.test(address) && address.split('.').filter((octet) => octet !== '').length < 4) {
    out.remark('postfix-never-matches', item, 'it knows no octet prefixes here, only CIDR');
    return undefined;
  }
  return addSigned(out, list, address, item, context);
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
  if (context.keys === 'addresses') {
    out.remark('postfix-never-matches', item, 'smtpd_peername_lookup = no leaves every client without a name');
    return;
  }
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
): Problem | undefined {
  const { negated, chain, order } = context;
  return out.add(list, negated ? 'deny' : 'permit', text, item, { chain, order, subdomainsOnly });
}
