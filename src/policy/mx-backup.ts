/**
 * Whether this server is a backup MX for a domain, by the domain's own MX records: `mx:` entries of `relay.to` say in which
 * networks the better MX hosts must be. Without such networks anybody could have us relay by publishing a record.
 */
import { type Permit, permit } from './decision';
import type { IpAddress } from './entries/ip-address';
import { admits, type ListEntry, type PolicyList } from './entries/list';
import { betterThanOurs, type Exchange } from './mx-rule';

export interface ExchangeHost extends Exchange {
  readonly isOurs: boolean;
  /** Of both families. */
  readonly addresses: readonly IpAddress[];
}

/** The MX records of a domain. A domain without any, with a null MX (RFC 7505) or that does not exist has none. */
export type DomainExchanges =
  | { readonly state: 'none' | 'unknown' }
  | { readonly state: 'found'; readonly hosts: readonly ExchangeHost[] };

export interface BackupPermit {
  readonly permit: Permit<'backup-mx'>;
  readonly entry: ListEntry;
}

/**
 * Permits where this host is among the MX hosts and not the most preferred, and every address of every one before it lies in
 * such networks. It names the entry for the best of them.
 */
export function decideBackup(
  destinations: PolicyList,
  exchanges: DomainExchanges,
  time: number,
): BackupPermit | undefined {
  if (exchanges.state !== 'found' || !exchanges.hosts.some(({ isOurs }) => isOurs)) return undefined;
  const better = [...betterThanOurs(exchanges.hosts, ({ isOurs }) => isOurs)].sort((a, b) => a.priority - b.priority);
  const entries: ListEntry[] = [];
  for (const { addresses } of better) {
    // A host without an address can be given any.
    if (addresses.length === 0) return undefined;
    for (const address of addresses) {
      const entry = destinations.findExchange(address, time);
      if (!admits(entry)) return undefined;
      entries.push(entry);
    }
  }
  const [entry] = entries;
  return entry && { permit: permit('backup-mx', entry.source), entry };
}
