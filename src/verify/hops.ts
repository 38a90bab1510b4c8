/** The hosts that are asked about a recipient: the next hop of its entry, or the most preferred MX hosts of its domain. */
import type { DomainExchangeService } from '../dns/domain-exchanges';
import { formatAddress, type IpAddress, parseAddress, parseAddressLiteral } from '../policy/entries/ip-address';
import type { Route } from '../policy/entries/route';
import { betterThanOurs } from '../policy/mx-rule';
import type { Hop } from './next-hop';

/** What is to be known of the server and of the DNS. */
export interface HopSite {
  readonly exchanges: Pick<DomainExchangeService, 'of' | 'ofHost'>;
  isOurAddress(address: IpAddress): boolean;
}

/** More of them would be asked one after the other, and nobody waits so long. */
const mostHops = 4;
const smtpPort = 25;

/** None where they are not known, or this host is the best itself. */
export async function hopsOf(site: HopSite, domain: string, route: Route | undefined): Promise<readonly Hop[]> {
  const { host, port } = route ?? { host: '', port: smtpPort };
  const literal = route ? parseAddress(host) : parseAddressLiteral(domain);
  if (literal) return route || !site.isOurAddress(literal) ? [{ host: formatAddress(literal), port }] : [];
  const hosts = route ? [host] : await exchangesOf(site, domain);
  const found = await Promise.all(hosts.map((name) => site.exchanges.ofHost(name)));
  const addresses = found.flat().filter((address) => route || !site.isOurAddress(address));
  return addresses.slice(0, mostHops).map((address) => ({ host: formatAddress(address), port }));
}

/** Only the most preferred: another backup would accept whatever it is asked. */
async function exchangesOf({ exchanges }: HopSite, domain: string): Promise<readonly string[]> {
  const found = await exchanges.of(domain);
  // RFC 5321 section 5.1: without MX records the domain is its own host.
  if (found.state !== 'found') return found.state === 'none' ? [domain] : [];
  const better = betterThanOurs(found.hosts, ({ isOurs }) => isOurs);
  const best = Math.min(...better.map(({ priority }) => priority));
  return better.filter(({ priority }) => priority === best).map(({ exchange }) => exchange);
}
