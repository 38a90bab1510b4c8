/** DNS questions with outcomes as values: an answer, a sure no, or "could not tell just now". */
import { promises as dns, type RecordWithTtl } from 'node:dns';
import { formatAddress, type IpAddress, parseAddress } from '../policy/entries/ip-address';
import type { Exchange } from '../policy/mx-rule';
import type { Settings } from '../policy/settings/settings-description';
import { within } from '../time/within';

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
 * Asks the servers of the settings, or the system's, one after the other. Each has `timeout` to answer, and one question is
 * over after `timeout` times `tries`; a failure that may pass (SERVFAIL, timeout, refused) is `unknown`, never `none`.
 */
export function createResolver({ servers: configured, timeout, tries }: Settings['dns']): Resolver {
  let servers: readonly (string | undefined)[] = configured.length > 0 ? configured : systemServers();

  async function ask<T>(question: Question<T>, ttlOf: (value: T) => number): Promise<Answer<T>> {
    const end = performance.now() + timeout * tries;
    const asked = servers;
    for (let i = 0; i < tries * asked.length; i++) {
      const server = asked[i % asked.length];
      const limit = Math.min(timeout, end - performance.now());
      if (limit < 1) break;
      try {
        const value = await askOnce(question, server, limit);
        return { state: 'found', value, ttl: ttlOf(value) };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // c-ares asks for no name with certain characters: whatever is there, nobody can look it up.
        if (code === dns.NOTFOUND || code === dns.NODATA || code === dns.BADNAME) return { state: 'none' };
        // The next question must not wait for a silent server again.
        const isSilent = code === undefined || code === dns.TIMEOUT;
        if (isSilent && server === servers[0]) servers = [...servers.slice(1), server];
      }
    }
    return { state: 'unknown' };
  }

  /**
   * With a resolver of its own: c-ares waits for a server that has answered three times no longer than five times its
   * average, and Node looks once a second whether the time is over.
   */
  async function askOnce<T>(question: Question<T>, server: string | undefined, limit: number): Promise<T> {
    const resolver = new dns.Resolver({ timeout, tries: 1 });
    if (server !== undefined) resolver.setServers([server]);
    try {
      return await within(limit, question(resolver));
    } finally {
      resolver.cancel();
    }
  }

  return {
    // Not `resolver.reverse`: it reads /etc/hosts, and calls a SERVFAIL or a timeout "not found".
    async reverse(ip) {
      const name = reverseName(ip);
      return ask((resolver) => resolver.resolvePtr(name), noTtl);
    },
    exchanges: (domain) => ask((resolver) => resolver.resolveMx(domain), noTtl),
    async addresses(name, family) {
      const answer = await ask<RecordWithTtl[]>(
        (resolver) => (family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true })),
        (records) => Math.min(...records.map((r) => r.ttl)),
      );
      if (answer.state !== 'found') return answer;
      const value = answer.value.map((record) => parseAddress(record.address)).filter((a) => a !== undefined);
      return { ...answer, value };
    },
  };
}

type Question<T> = (resolver: dns.Resolver) => Promise<T>;

/** `undefined` stands for all of the system's: Node drops the zone that a link-local address needs. */
function systemServers(): readonly (string | undefined)[] {
  const servers = new dns.Resolver().getServers();
  return servers.length === 0 || servers.some((server) => /^\[?fe80:/i.test(server)) ? [undefined] : servers;
}

/** Node does not tell the TTL of these records. */
function noTtl(): number {
  return Number.POSITIVE_INFINITY;
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
