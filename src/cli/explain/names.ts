/** The client's names for a played session: given on the command line, or asked of the DNS. */

import { type Answer, createResolver, type Resolver } from '../../dns/resolver';
import { normalizeDnsName, parseDomainName } from '../../policy/entries/domain-name';
import { type IpAddress, parseAddress } from '../../policy/entries/ip-address';
import { isAscii } from '../../policy/findings/characters';
import type { Settings } from '../../policy/settings/settings-description';
import { type GivenExchanges, withExchanges } from './exchanges';

export interface NameOptions {
  /** PTR names that lead back to the client. */
  readonly ptr: readonly string[];
  /** PTR names that do not lead back to the client. */
  readonly forgedPtr: readonly string[];
  /** `false`: the client has no name, and nothing is asked. */
  readonly dns: boolean;
  /** Every DNS question fails temporarily. */
  readonly dnsFailure?: boolean;
  /** MX records that are not asked for. */
  readonly mx?: readonly GivenExchanges[];
}

/** A resolver that knows this client alone, or the real one where no name was given; both with the MX records that were. */
export function resolverFor(options: NameOptions, address: IpAddress): (settings: Settings['dns']) => Resolver {
  const namesOnly = resolverOfNames(options, address);
  const { mx = [] } = options;
  return mx.length > 0 ? (settings) => withExchanges(namesOnly(settings), mx) : namesOnly;
}

function resolverOfNames(options: NameOptions, address: IpAddress): (settings: Settings['dns']) => Resolver {
  const confirmed = options.ptr.map(asInDns);
  const names = [...confirmed, ...options.forgedPtr.map(asInDns)];
  if (options.dns && !options.dnsFailure && names.length === 0) return createResolver;
  const failed = { state: 'unknown' } as const;
  const none = { state: 'none' } as const;
  const found = <T>(value: T): Answer<T> => ({ state: 'found', value, ttl: 60 });
  return () => ({
    reverse: async () => (options.dnsFailure ? failed : names.length === 0 ? none : found(names)),
    addresses: async (name) =>
      options.dnsFailure ? failed : confirmed.some((ptr) => normalizeDnsName(ptr) === name) ? found([address]) : none,
    exchanges: async () => (options.dnsFailure ? failed : none),
  });
}

/** The name as the DNS has it: an operator may write U-labels, the DNS has A-labels. */
function asInDns(name: string): string {
  return isAscii(name) ? name : (parseDomainName(name) ?? name);
}

/** What Haraka's own look-up would have put into `remote.host`. */
export async function hostNameFor(resolver: Resolver, ip: string): Promise<string> {
  if (!parseAddress(ip)) return 'DNSERROR';
  const answer = await resolver.reverse(ip);
  if (answer.state === 'found') return answer.value[0] ?? 'Unknown';
  return answer.state === 'none' ? 'NXDOMAIN' : 'DNSERROR';
}
