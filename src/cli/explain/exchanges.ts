/** MX records as `--mx` gives them: `partner.example=10 mx1.partner.example 192.0.2.25, 20 mx.local.example`. */
import type { Answer, Resolver } from '../../dns/resolver';
import { parseDomainName } from '../../policy/entries/domain-name';
import { type IpAddress, parseAddress } from '../../policy/entries/ip-address';
import type { Exchange } from '../../policy/mx-rule';

export interface GivenExchanges {
  readonly domain: string;
  readonly answer: Answer<readonly Exchange[]>;
  /** Of hosts, by their names; one without addresses has none. */
  readonly addresses: ReadonlyMap<string, readonly IpAddress[]>;
}

export const mxForms = 'DOMAIN=PREFERENCE HOST [ADDRESS …], …, or DOMAIN=none, or DOMAIN=failure';

/** `undefined` where the text has none of the forms. */
export function parseGivenExchanges(text: string): GivenExchanges | undefined {
  const equals = text.indexOf('=');
  const domain = parseDomainName(text.slice(0, Math.max(equals, 0)).trim());
  const records = text.slice(equals + 1).trim();
  if (equals < 0 || domain === undefined || records === '') return undefined;
  const addresses = new Map<string, IpAddress[]>();
  if (records === 'none') return { domain, answer: { state: 'none' }, addresses };
  if (records === 'failure') return { domain, answer: { state: 'unknown' }, addresses };
  const exchanges: Exchange[] = [];
  for (const record of records.split(',')) {
    const [preference = '', host = '', ...others] = record.trim().split(/\s+/);
    const name = parseDomainName(host);
    const of = others.map((other) => parseAddress(other));
    if (!/^[0-9]{1,5}$/.test(preference) || name === undefined || of.includes(undefined)) return undefined;
    exchanges.push({ exchange: name, priority: Number(preference) });
    addresses.set(name, [...(addresses.get(name) ?? []), ...of.filter((one) => one !== undefined)]);
  }
  return { domain, answer: { state: 'found', value: exchanges, ttl: 60 }, addresses };
}

/** The resolver, with these records in the place of what it would find. */
export function withExchanges(resolver: Resolver, given: readonly GivenExchanges[]): Resolver {
  const addresses = new Map(given.flatMap((one) => [...one.addresses]));
  return {
    reverse: (ip) => resolver.reverse(ip),
    exchanges: async (domain) => given.find((one) => one.domain === domain)?.answer ?? resolver.exchanges(domain),
    async addresses(name, family) {
      const known = addresses.get(name.toLowerCase())?.filter((address) => address.family === family);
      if (!known) return resolver.addresses(name, family);
      return known.length > 0 ? { state: 'found', value: known, ttl: 60 } : { state: 'none' };
    },
  };
}
