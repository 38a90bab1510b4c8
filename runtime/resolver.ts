/** DNS questions with outcomes as values: an answer, a sure no, or "could not tell just now". */
import { promises as dns, type RecordWithTtl } from 'node:dns';
import { type Exchange, formatAddress, type IpAddress, parseAddress, type Settings } from '../core';
import { within } from './within';

export type Answer<T> =
  | { readonly state: 'found'; readonly value: T; readonly ttl: number }
  | { readonly state: 'none' }
  | { readonly state: 'unknown' };

export interface Resolver {
  /** PTR names of an address, in the order of the answer. Their TTL is not told, so `ttl` is infinite. */
  reverse(ip: string): Promise<Answer<readonly string[]>>;
  /** Addresses of a name in one family; the TTL in seconds is the smallest among them. */
  addresses(name: string, family: IpAddress['family']): Promise<Answer<readonly IpAddress[]>>;
  exchanges(domain: string): Promise<Answer<readonly Exchange[]>>;
}

/**
 * Asks the servers of the settings, or the system's. One question is over after `timeout` times `tries`; a failure that
 * may pass (SERVFAIL, timeout, refused) is `unknown`, never `none`.
 */
export function createResolver(settings: Settings['dns']): Resolver {
  const resolver = new dns.Resolver({ timeout: settings.timeout, tries: settings.tries });
  if (settings.servers.length > 0) resolver.setServers(settings.servers);
  const limit = settings.timeout * settings.tries;

  async function ask<T>(question: Promise<T>, ttlOf: (value: T) => number): Promise<Answer<T>> {
    try {
      const value = await within(limit, question);
      return { state: 'found', value, ttl: ttlOf(value) };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return code === dns.NOTFOUND || code === dns.NODATA ? { state: 'none' } : { state: 'unknown' };
    }
  }

  return {
    // Not `resolver.reverse`: it reads /etc/hosts, and calls a SERVFAIL or a timeout "not found".
    reverse: (ip) => ask(resolver.resolvePtr(reverseName(ip)), () => Number.POSITIVE_INFINITY),
    exchanges: (domain) => ask(resolver.resolveMx(domain), () => Number.POSITIVE_INFINITY),
    async addresses(name, family) {
      const question = family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true });
      const answer = await ask<RecordWithTtl[]>(question, (records) => Math.min(...records.map((r) => r.ttl)));
      if (answer.state !== 'found') return answer;
      const value = answer.value.map((record) => parseAddress(record.address)).filter((a) => a !== undefined);
      return { ...answer, value };
    },
  };
}

/** The name that owns an address's PTR records (RFC 1035 §3.5, RFC 3596 §2.5). */
function reverseName(ip: string): string {
  const address = parseAddress(ip);
  if (!address) throw new Error(`${ip} is no address`);
  if (address.family === 4) return `${formatAddress(address).split('.').reverse().join('.')}.in-addr.arpa`;
  const words = [address.w0, address.w1, address.w2, address.w3];
  const digits = words.map((word) => word.toString(16).padStart(8, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}
