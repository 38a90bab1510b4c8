/** A next hop written after a domain or mailbox in `relay.to`: used as it stands, without a look at MX records. */

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
