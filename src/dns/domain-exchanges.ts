/**
 * The MX hosts of domains, and the addresses of hosts. Looked up only when asked for, once for all who ask at the same time, and
 * remembered for a while.
 */
import { LRUCache } from 'lru-cache';
import type { IpAddress } from '../policy/entries/ip-address';
import type { DomainExchanges } from '../policy/mx-backup';
import { betterThanOurs, type Exchange } from '../policy/mx-rule';
import type { Settings } from '../policy/settings/settings-description';
import type { Answer, Resolver } from './resolver';

/** A domain with more names nobody who is to send mail there. */
const mostHosts = 20;
/** How many domains are remembered. */
const mostDomains = 10_000;
/** How long "there is none" and "could not tell" are remembered, in milliseconds. */
const negativeTtl = 60_000;
const unknownTtl = 5000;

type Dated = DomainExchanges & { readonly ttl: number };

/** Whether the host is this one; `undefined` where the DNS gave no answer. */
export type IsOurs = (exchange: string) => Promise<boolean | undefined>;

export class DomainExchangeService {
  private readonly domains: LRUCache<string, Dated>;
  private readonly hosts: LRUCache<string, Addresses>;

  constructor(
    private readonly resolver: Resolver,
    private readonly settings: Pick<Settings['dns'], 'cache_ttl'>,
    private readonly isOurs: IsOurs,
  ) {
    this.domains = new LRUCache<string, Dated>({
      max: mostDomains,
      ttl: settings.cache_ttl,
      ignoreFetchAbort: true,
      fetchMethod: async (domain, _stale, { options }) => {
        const found = await this.lookUp(domain);
        options.ttl = Math.max(1, Math.min(found.ttl, this.settings.cache_ttl));
        return found;
      },
    });
    this.hosts = new LRUCache<string, Addresses>({
      max: mostDomains,
      ttl: settings.cache_ttl,
      ignoreFetchAbort: true,
      fetchMethod: async (exchange, _stale, { options }) => {
        const found = await this.addressesOf({ exchange });
        const ttl = found.state === 'found' ? found.ttl * 1000 : found.state === 'none' ? negativeTtl : unknownTtl;
        options.ttl = Math.max(1, Math.min(ttl, this.settings.cache_ttl));
        return found;
      },
    });
  }

  /** Whether it is known without asking. */
  isKnown(domain: string): boolean {
    return this.domains.has(domain);
  }

  /** `domain` in A-labels and lower case. */
  async of(domain: string): Promise<DomainExchanges> {
    return (await this.domains.fetch(domain)) ?? { state: 'unknown' };
  }

  /** The addresses of a host by its name; none where they are not known just now. */
  async ofHost(name: string): Promise<readonly IpAddress[]> {
    const answer = await this.hosts.fetch(name);
    return answer ? addressesIn(answer) : [];
  }

  private async lookUp(domain: string): Promise<Dated> {
    const answer = await this.resolver.exchanges(domain);
    if (answer.state === 'unknown') return { state: 'unknown', ttl: unknownTtl };
    const records = answer.state === 'found' ? answer.value.filter(({ exchange }) => exchange !== '') : [];
    if (records.length === 0 || records.length > mostHosts) return { state: 'none', ttl: negativeTtl };
    const areOurs = await Promise.all(records.map(({ exchange }) => this.isOurs(exchange)));
    if (areOurs.includes(undefined)) return { state: 'unknown', ttl: unknownTtl };
    const hosts = records.map((record, i) => ({ ...record, isOurs: areOurs[i] === true, addresses: [] }));
    // What is not before this host is asked for no address.
    const better = hosts.some(({ isOurs }) => isOurs) ? betterThanOurs(hosts, ({ isOurs }) => isOurs) : [];
    const answers = await Promise.all(better.map((host) => this.addressesOf(host)));
    // A host without an address may get any, and its zone may be about to be repaired.
    if (answers.some(({ state }) => state !== 'found')) return { state: 'unknown', ttl: unknownTtl };
    const withAddresses = better.map((host, i) => ({ ...host, addresses: addressesIn(answers[i] as Addresses) }));
    const ttls = answers.map((one) => (one.state === 'found' ? one.ttl * 1000 : unknownTtl));
    return {
      state: 'found',
      hosts: [...withAddresses, ...hosts.filter((host) => !better.includes(host))],
      ttl: Math.min(this.settings.cache_ttl, ...ttls),
    };
  }

  private async addressesOf({ exchange }: Pick<Exchange, 'exchange'>): Promise<Addresses> {
    const [v4, v6] = await Promise.all([this.resolver.addresses(exchange, 4), this.resolver.addresses(exchange, 6)]);
    // One that is not known could lie anywhere.
    if (v4.state === 'unknown' || v6.state === 'unknown') return { state: 'unknown' };
    const found = [v4, v6].flatMap((answer) => (answer.state === 'found' ? [answer] : []));
    if (found.length === 0) return { state: 'none' };
    const ttl = Math.min(...found.map((answer) => answer.ttl));
    return { state: 'found', value: found.flatMap(({ value }) => value), ttl };
  }
}

type Addresses = Answer<readonly IpAddress[]>;

function addressesIn(answer: Addresses): readonly IpAddress[] {
  return answer.state === 'found' ? answer.value : [];
}
