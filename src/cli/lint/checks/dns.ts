/** Lint that asks the DNS: only with `--dns`. */
import { promises as dns } from 'node:dns';
import type { Answer } from '../../../dns/resolver';
import type { Suite } from '../../../host/suite';
import { betterThanOurs, type Exchange } from '../../../policy/mx-rule';
import type { Settings } from '../../../policy/settings/settings-description';
import { within } from '../../../time/within';
import type { LintFinding } from '../finding';
import { type LocatedEntry, report } from './entries';

export interface DnsSubject {
  /** The suite, which knows the host's names and addresses, and the resolver of the settings. */
  readonly suite: Suite;
  readonly relayTo: readonly LocatedEntry[];
  readonly localDomain: readonly LocatedEntry[];
}

export async function lintDns({ suite, relayTo, localDomain }: DnsSubject): Promise<LintFinding[]> {
  const destinations = relayTo.filter(({ entry }) => !entry.excluded && destinationOf({ entry }) !== undefined);
  const [ofDestinations, ofClients] = await Promise.all([
    Promise.all(destinations.map((p) => lintDestination(suite, p))),
    Promise.all(localDomain.filter(({ entry }) => !entry.excluded).map((p) => lintClientDomain(suite, p))),
  ]);
  return [...ofDestinations, ...ofClients].flat();
}

function destinationOf({ entry }: Pick<LocatedEntry, 'entry'>): string | undefined {
  if (entry.kind === 'domain') return entry.name;
  return entry.kind === 'mailbox' && !entry.domain.startsWith('[') ? entry.domain : undefined;
}

async function lintDestination(suite: Suite, p: LocatedEntry): Promise<LintFinding[]> {
  const domain = destinationOf(p) as string;
  const answer = await suite.resolver.exchanges(domain);
  if (answer.state === 'unknown') return [report('dns-unanswered', p)];
  // RFC 5321 §5.1: without MX records the domain itself is the exchange.
  const names = answer.state === 'found' ? answer.value.map(({ exchange }) => exchange) : [domain];
  const ours = await Promise.all(names.map((name) => suite.isOurExchange(name)));
  if (ours.includes(true)) {
    const isLocal = suite.policy.relay.localDomains.has(domain);
    return !isLocal && isBestItself(p, answer, ours) ? [report('destination-mx-here', p)] : [];
  }
  if (ours.includes(undefined)) return [report('dns-unanswered', p)];
  const detail = answer.state === 'found' ? `its MX records name ${names.join(', ')}` : 'it has no MX records';
  return [report('destination-mx', p, detail)];
}

/** Without a next hop its mail has nowhere to go, and nobody can be asked about its recipients. */
function isBestItself({ entry }: LocatedEntry, answer: Answer<readonly Exchange[]>, areOurs: readonly unknown[]) {
  if (entry.kind !== 'domain' || entry.route) return false;
  if (answer.state !== 'found') return true;
  const ours = new Set(answer.value.filter((_, i) => areOurs[i]));
  return betterThanOurs(answer.value, (exchange) => ours.has(exchange)).length === 0;
}

async function lintClientDomain(suite: Suite, p: LocatedEntry): Promise<LintFinding[]> {
  if (p.entry.kind !== 'domain') return [];
  switch (await nameExists(suite.policy.settings.dns, p.entry.name)) {
    case true:
      return [];
    case false:
      return [report('domain-unresolved', p)];
    case undefined:
      return [report('dns-unanswered', p)];
  }
}

/** Hosts below a domain need no records of the domain's own; only NXDOMAIN says that there is nothing. */
async function nameExists(settings: Settings['dns'], name: string): Promise<boolean | undefined> {
  const resolver = new dns.Resolver({ timeout: settings.timeout, tries: settings.tries });
  if (settings.servers.length > 0) resolver.setServers(settings.servers);
  try {
    await within(settings.timeout * settings.tries, resolver.resolve4(name));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === dns.NODATA) return true;
    return code === dns.NOTFOUND ? false : undefined;
  }
}
