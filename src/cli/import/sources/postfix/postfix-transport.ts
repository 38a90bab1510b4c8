/** transport(5): next hops that a route of relay.to can express, what is delivered here, and what nothing delivers. */
import type { Collector, SourceItem } from '../../collector';
import { type Chain, chainOf, type Position } from '../../site-policy';
import { mynetworksChain } from './postfix-patterns';
import { type Row, rowsWithValue } from './postfix-rows';

/** What a `transport:nexthop` does with mail. */
export type Delivery =
  | { readonly kind: 'undeliverable' | 'here' | 'usual' | 'other' }
  | { readonly kind: 'route'; readonly route: string };

export function deliveryBy(value: string): Delivery {
  const [, transport = '', nexthop = ''] = /^([^:]*):?(.*)$/s.exec(value.trim()) ?? [];
  if (/^(?:error|retry|discard)$/i.test(transport)) return { kind: 'undeliverable' };
  if (transport !== '' && !/^(?:smtp|relay)/i.test(transport)) return { kind: 'here' };
  if (nexthop === '') return { kind: 'usual' };
  const match = /^\[([^\]]+)\](?::([0-9]+|smtp))?$/.exec(nexthop);
  if (!match) return { kind: 'other' };
  const port = match[2] === undefined || match[2] === 'smtp' ? '' : `:${match[2]}`;
  return { kind: 'route', route: `[${(match[1] ?? '').replace(/^ipv6:/i, '')}]${port}` };
}

/** Refusals by transport: a chain of its own beside the domains that main.cf relays to. */
export function transportChain(file: string): Chain {
  return chainOf(file, { series: 'transport_maps', overruling: 'postfix-not-delivered' });
}

/** Nothing but what has a transport of its own is delivered. */
export function addNothingElse(out: Collector, server: string, item: SourceItem): void {
  out.addBarrier('relay.to', transportChain(server), [], item);
  // Trusted clients could send to hardly anybody; here they could to everybody.
  out.addBarrier('localip', mynetworksChain(server), [-1], item);
}

export function readTransportRows(out: Collector, rows: readonly Row[], { chain, parentMatches }: Position): void {
  for (const row of rowsWithValue(out, rows)) {
    const key = row.key.toLowerCase();
    if (key === '*') addDefault(out, row, chain.server);
    else if (key.includes('@')) addMailbox(out, key, row, transportChain(chain.server));
    else addDomain(out, key, row, transportChain(chain.server), parentMatches);
  }
}

function addDefault(out: Collector, { value, item }: Row, server: string): void {
  const delivery = deliveryBy(value);
  if (delivery.kind === 'undeliverable') {
    out.remark('postfix-nowhere', item);
    addNothingElse(out, server, item);
    out.addTransport({ domain: '*', subdomains: true, kind: 'refused' }, item);
  } else if (delivery.kind !== 'usual') out.remark('postfix-route', item);
}

function addMailbox(out: Collector, key: string, { value, item }: Row, chain: Chain): void {
  const { kind } = deliveryBy(value);
  if (kind === 'undeliverable') {
    out.remark('postfix-undeliverable', item);
    if (!key.endsWith('@') && !key.startsWith('@')) out.add('relay.to', 'deny', key, item, { chain });
  } else if (kind !== 'usual') out.remark('postfix-route', item);
}

function addDomain(out: Collector, key: string, { value, item }: Row, chain: Chain, parentMatches: boolean): void {
  const subdomains = key.startsWith('.');
  const domain = key.replace(/^\./, '');
  const delivery = deliveryBy(value);
  const isRefused = delivery.kind === 'undeliverable';
  if (isRefused) out.remark('postfix-undeliverable', item);
  else if (delivery.kind === 'other') out.remark('postfix-route', item);
  const text = subdomains || parentMatches ? domain : `=${domain}`;
  // What has a transport of its own is no longer a matter of the default.
  out.add('relay.to', isRefused ? 'deny' : 'no-opinion', text, item, { chain, subdomainsOnly: subdomains });
  for (const below of subdomains ? [true] : parentMatches ? [false, true] : [false]) {
    if (delivery.kind === 'route') out.addRoute({ domain, subdomains: below, route: delivery.route }, item);
    const kind = isRefused ? 'refused' : delivery.kind === 'here' ? 'here' : 'sent';
    out.addTransport({ domain, subdomains: below, kind }, item);
  }
}
