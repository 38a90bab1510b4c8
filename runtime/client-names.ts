/**
 * The names of clients: PTR names, and which of them lead back to the address. Looked up only when asked for, once for
 * all who ask at the same time, and remembered for a while.
 */
import { LRUCache } from 'lru-cache';
import {
  type ClientNames,
  type IpAddress,
  noNames,
  parseDomainName,
  type Settings,
  sameAddress,
  unknownNames,
} from '../core';
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

export class ClientNameService {
  private readonly claims: LRUCache<string, ClientNames, Client>;
  private readonly confirmations: LRUCache<string, ClientNames, Client>;

  constructor(
    private readonly resolver: Resolver,
    settings: Pick<Settings['dns'], 'cache_size' | 'cache_ttl'>,
  ) {
    const cache = (look: (client: Client) => Promise<Remembered>) =>
      new LRUCache<string, ClientNames, Client>({
        max: settings.cache_size,
        ttl: settings.cache_ttl,
        // A client pushed out while its names are being looked up still waits for them.
        ignoreFetchAbort: true,
        fetchMethod: async (_ip, _stale, { options, context }) => {
          const { names, ttl } = await look(context);
          // A TTL of 0 would mean forever to the cache.
          options.ttl = Math.max(1, Math.min(ttl * 1000, settings.cache_ttl));
          return names;
        },
      });
    this.claims = cache((client) => this.lookUpClaims(client));
    this.confirmations = cache((client) => this.lookUpConfirmations(client));
  }

  /** The PTR names alone: one question. */
  async claimed(client: Client): Promise<ClientNames> {
    return (await this.claims.fetch(client.ip, { context: client })) ?? unknownNames;
  }

  /** The PTR names, and which of them are confirmed: one question more for each name. */
  async confirmed(client: Client): Promise<ClientNames> {
    return (await this.confirmations.fetch(client.ip, { context: client })) ?? unknownNames;
  }

  private async lookUpClaims({ ip }: Client): Promise<Remembered> {
    const answer = await this.resolver.reverse(ip);
    if (answer.state !== 'found') return withoutAnswer(answer);
    const claimed = answer.value
      .slice(0, mostNames)
      .map((name) => parseDomainName(name))
      .filter((name) => name !== undefined);
    if (claimed.length === 0) return { names: noNames, ttl: negativeTtl };
    return { names: { state: 'known', claimed, confirmed: [], unresolved: [] }, ttl: answer.ttl };
  }

  private async lookUpConfirmations(client: Client): Promise<Remembered> {
    const names = await this.claimed(client);
    if (names.state === 'unknown') return { names, ttl: unknownTtl };
    if (names.state !== 'known') return { names, ttl: negativeTtl };

    const answers = await Promise.all(
      names.claimed.map((name) => this.resolver.addresses(name, client.address.family)),
    );
    const leadsBack = (answer: Answer<readonly IpAddress[]>) =>
      answer.state === 'found' && answer.value.some((address) => sameAddress(address, client.address));
    const confirmed = names.claimed.filter((_, i) => leadsBack(answers[i] as Answer<readonly IpAddress[]>));
    const unresolved = names.claimed.filter((_, i) => answers[i]?.state === 'unknown');
    const ttls = answers.map((answer) => (answer.state === 'found' ? answer.ttl : negativeTtl));
    const ttl = unresolved.length > 0 ? unknownTtl : Math.min(...ttls);
    return { names: { ...names, confirmed, unresolved }, ttl };
  }
}

interface Remembered {
  readonly names: ClientNames;
  /** Seconds. */
  readonly ttl: number;
}

function withoutAnswer(answer: Answer<unknown>): Remembered {
  return answer.state === 'none' ? { names: noNames, ttl: negativeTtl } : { names: unknownNames, ttl: unknownTtl };
}
