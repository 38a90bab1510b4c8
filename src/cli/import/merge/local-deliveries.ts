/**
 * Domains that the old server relays to by name and delivers itself, or delivers nowhere, as its transports say: the first
 * belong into `host_list`, for by their MX records their mail would come back; the others do not.
 */
import { EntryIndex, type Reach } from '../../../policy/entries/containment';
import type { ListEntry, LocalName, SitePolicy, TransportFact } from '../site-policy';
import type { AddRemark } from './chain';
import { compileLists } from './compile';

export function withLocalDeliveries(site: SitePolicy, addRemark: AddRemark): SitePolicy {
  if (site.transports.length === 0) return site;
  const kept = site.localNames.filter((name) => !isRefused(name, site.transports));
  const relayTo = compileLists('destinations', { ...site, localNames: kept }, () => {});
  const index = new EntryIndex(relayTo);
  const isPermitted = (reach: Reach) => index.covering(reach)?.entry.excluded === false;
  const known = new Set(site.localNames.map(({ name }) => name));
  const added: LocalName[] = [];
  for (const fact of site.transports) {
    if (fact.kind !== 'here') continue;
    const { remarks } = fact;
    if (known.has(fact.domain)) {
      if (!remarks) addRemark('postfix-delivery', fact);
    } else if (!fact.subdomains && isPermitted(reachOf(fact))) {
      addRemark(remarks?.local ?? 'postfix-delivers-here', fact, fact.mailer);
      added.push({ name: fact.domain, origins: [fact.origin], comments: [] });
    } else if (isPermitted(reachOf(fact)) || relayTo.some((entry) => isMailboxOf(entry, fact))) {
      addRemark('postfix-would-loop', fact);
    } else addRemark(remarks?.unused ?? 'postfix-delivery', fact);
  }
  return { ...site, localNames: [...kept, ...added] };
}

function reachOf({ domain, subdomains }: TransportFact): Reach {
  return { entry: { kind: 'domain', name: domain, exact: !subdomains, excluded: false }, subdomainsOnly: subdomains };
}

function isMailboxOf({ entry }: ListEntry, { domain, subdomains }: TransportFact): boolean {
  if (entry.kind !== 'mailbox' || entry.excluded) return false;
  return subdomains ? entry.domain.endsWith(`.${domain}`) : entry.domain === domain;
}

/** By its own transport, or by that for anything else where it has none. */
function isRefused({ name }: LocalName, transports: readonly TransportFact[]): boolean {
  const own = transports.filter(({ domain, subdomains }) =>
    subdomains ? domain !== '*' && name.endsWith(`.${domain}`) : domain === name,
  );
  const narrowest = own.sort((a, b) => b.domain.length - a.domain.length)[0];
  const deciding = narrowest ?? transports.find(({ domain }) => domain === '*');
  return deciding?.kind === 'refused';
}
