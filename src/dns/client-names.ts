/**
 * The names of clients: PTR names, and which of them lead back to the address. Looked up only when asked for, once for
 * all who ask at the same time, and remembered for a while.
 */
import { LRUCache } from 'lru-cache';
import { type ClientNames, noNames, unknownNames } from '../policy/client-names';
import { normalizeDnsName } from '../policy/entries/domain-name';
import { type IpAddress, sameAddress } from '../policy/entries/ip-address';
import type { Settings } from '../policy/settings/settings-description';
import type { Answer, Resolver } from './resolver';

/** An address can have any number of PTR names; more than these are not looked at. */
const mostNames = 10;
/** How long "there is none" and "could not tell" are remembered, in seconds. The latter only shields the DNS from a storm. */
const negativeTtl = 60;
const unknownTtl = 5;

interface Client {
  readonly ip: string;
  readonly address: IpAddress;
}

type DatedNames = ClientNames & { readonly expires: number };

export class ClientNameService {
  private readonly claims: LRUCache<string, DatedNames, Client>;
  private readonly confirmations: LRUCache<string, DatedNames, Client>;

  constructor(
    private readonly resolver: Resolver,
    private readonly settings: Pick<Settings['dns'], 'cache_size' | 'cache_ttl'>,
  ) {
    const cache = (look: (client: Client) => Promise<DatedNames>) =>
      new LRUCache<string, DatedNames, Client>({
        max: settings.cache_size,
        ttl: settings.cache_ttl,
        // A client pushed out while its names are being looked up still waits for them.
        ignoreFetchAbort: true,
        fetchMethod: async (_ip, _stale, { options, context }) => {
          const names = await look(context);
          // A TTL of 0 would mean forever to the cache.
          options.ttl = Math.max(1, names.expires - performance.now());
          return names;
        },
      });
    this.claims = cache((client) => this.lookUpClaims(client));
    this.confirmations = cache((client) => this.lookUpConfirmations(client));
  }

  /** How many clients have names that are remembered. */
  get size(): number {
    return Math.max(this.claims.size, this.confirmations.size);
  }

  /** The PTR names alone: one question. */
  async claimed(client: Client): Promise<DatedNames> {
    return (await this.claims.fetch(client.ip, { context: client })) ?? this.dated(unknownNames, 0);
  }

  /** The PTR names, and which of them are confirmed: one question more for each name. */
  async confirmed(client: Client): Promise<DatedNames> {
    return (await this.confirmations.fetch(client.ip, { context: client })) ?? this.dated(unknownNames, 0);
  }

  private async lookUpClaims({ ip }: Client): Promise<DatedNames> {
    const answer = await this.resolver.reverse(ip);
    if (answer.state === 'unknown') return this.dated(unknownNames, unknownTtl);
    const names = answer.state === 'found' ? answer.value.slice(0, mostNames).map(normalizeDnsName) : [];
    // The root is a name without a label, and nobody's.
    const claimed = names.filter((name) => name !== '');
    if (claimed.length === 0) return this.dated(noNames, negativeTtl);
    return this.dated({ state: 'known', claimed, confirmed: [], unresolved: [] }, Number.POSITIVE_INFINITY);
  }

  private async lookUpConfirmations(client: Client): Promise<DatedNames> {
    const names = await this.claimed(client);
    if (names.state !== 'known') return names;

    const answers = await Promise.all(
      names.claimed.map((name) => this.resolver.addresses(name, client.address.family)),
    );
    const leadsBack = (answer: Answer<readonly IpAddress[]>) =>
      answer.state === 'found' && answer.value.some((address) => sameAddress(address, client.address));
    const confirmed = names.claimed.filter((_, i) => leadsBack(answers[i] as Answer<readonly IpAddress[]>));
    const unresolved = names.claimed.filter((_, i) => answers[i]?.state === 'unknown');
    const ttls = answers.map((answer) => (answer.state === 'found' ? answer.ttl : negativeTtl));
    const { expires } = this.dated(names, unresolved.length > 0 ? unknownTtl : Math.min(...ttls));
    return { ...names, confirmed, unresolved, expires: Math.min(expires, names.expires) };
  }

  /** `ttl` in seconds. */
  private dated(names: ClientNames, ttl: number): DatedNames {
    return { ...names, expires: performance.now() + Math.min(ttl * 1000, this.settings.cache_ttl) };
  }
}
