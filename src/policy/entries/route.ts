/** A next hop written after a domain or mailbox in `relay.to`: used as it stands, without a look at MX records. */

import { GrowableUint32 } from '../tables/growable';
import { TextPoolBuilder, type TextPoolData, textAt } from '../tables/text-pool';
import { parseDomainName } from './domain-name';
import { formatAddress, type IpAddress, parseAddress } from './ip-address';

export interface Route {
  /** An address or a host name. */
  readonly host: string;
  readonly port: number;
}

const smtpPort = 25;

/** `[10.0.0.5]:2525`, `[2001:db8::5]`, `mx.inner.example`, `mx.inner.example:2525`, `[mx.inner.example]:25`. */
export function parseRoute(text: string): Route | undefined {
  const match = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const port = match[3] === undefined ? smtpPort : Number(match[3]);
  if (port < 1 || port > 65535) return undefined;
  const written = (match[1] ?? match[2] ?? '').replace(/^ipv6:/i, '');
  const address: IpAddress | undefined = parseAddress(written);
  if (address) return { host: formatAddress(address), port };
  const name = parseDomainName(written);
  return name === undefined ? undefined : { host: name, port };
}

export function formatRoute(route: Route): string {
  const host = parseAddress(route.host) ? `[${route.host}]` : route.host;
  return route.port === smtpPort ? host : `${host}:${route.port}`;
}

/** The routes of a list, numbered from 1. Plain data: it can be moved to another thread. */
export interface RouteTableData {
  readonly hosts: TextPoolData;
  readonly ports: Uint32Array;
}

export class RouteTableBuilder {
  private readonly numbers = new Map<string, number>();
  private readonly hosts = new TextPoolBuilder();
  private readonly ports = new GrowableUint32();

  /** The same route has the same number. */
  numberOf(route: Route): number {
    const text = formatRoute(route);
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.hosts.add(route.host);
    this.ports.push(route.port);
    this.numbers.set(text, this.ports.length);
    return this.ports.length;
  }

  build(): RouteTableData {
    return { hosts: this.hosts.build(), ports: this.ports.finish() };
  }
}

export function routeOf(data: RouteTableData, number: number): Route | undefined {
  const port = data.ports[number - 1];
  return port === undefined ? undefined : { host: textAt(data.hosts, number - 1), port };
}
