/** What is left of an example: addresses and names that are set aside for documentation, which no client or destination has. */
import { containsNetwork, type Network } from '../../../policy/entries/containment';
import type { Entry } from '../../../policy/entries/entry';
import { parseAddress, widthOf } from '../../../policy/entries/ip-address';
import type { Route } from '../../../policy/entries/route';
import { type HarakaFolder, readConfigLines, readConfigValue } from '../../haraka-folder';
import type { LintFinding } from '../finding';
import { type LocatedEntry, report } from './entries';
import { parseNetwork } from './networks';
import type { LocatedRow } from './relay-map';

/**
 * Of what permits something; an entry that refuses documentation networks harms nobody, and lists of unused networks have
 * them. A site whose own domains are all of this kind is an example as a whole.
 */
export function lintExamples(
  folder: HarakaFolder,
  permitting: readonly LocatedEntry[],
  rows: readonly LocatedRow[],
): LintFinding[] {
  if (isExampleSite(folder)) return [];
  return [
    ...permitting.filter(({ entry }) => !entry.excluded && isExample(entry)),
    ...rows.filter(({ row }) => row.value.action === 'relay' && row.key.kind !== 'user' && isExample(row.key)),
  ].map((p) => report('documentation-entry', p));
}

function isExampleSite(folder: HarakaFolder): boolean {
  const me = readConfigValue(folder, 'me');
  const names = [...readConfigLines(folder, 'host_list').map(({ text }) => text), ...(me ? [me] : [])];
  const domains = names.filter((name) => !name.startsWith('['));
  return (
    domains.length > 0 &&
    domains.some(isExampleName) &&
    !domains.some((name) => !isExampleName(name) && looksLikeDomain(name))
  );
}

/** What is no plain name says nothing about whose site it is. */
function looksLikeDomain(name: string): boolean {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z-]{2,}$/i.test(name);
}

function isExample(entry: Entry): boolean {
  switch (entry.kind) {
    case 'network':
      return isExampleNetwork(entry);
    case 'domain':
      return isExampleName(entry.name) || isExampleRoute(entry.route);
    case 'mailbox':
      return isExampleName(entry.domain) || isExampleRoute(entry.route);
  }
}

function isExampleRoute(route: Route | undefined): boolean {
  if (!route) return false;
  const { host } = route;
  const address = parseAddress(host);
  return address ? isExampleNetwork({ address, length: widthOf(address.family) }) : isExampleName(host);
}

/** RFC 5737, RFC 3849, RFC 9637. */
const exampleNetworks = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'].map(
  (text) => parseNetwork(text) as Network,
);

function isExampleNetwork(network: Network): boolean {
  return exampleNetworks.some((example) => containsNetwork(example, network));
}

/**
 * RFC 2606: `.example` and `example.com`, `.net` and `.org`, with all below them. The registry of `.jp` keeps `example.jp` and
 * its like (`example.ac.jp`) for documentation as well.
 */
export function isExampleName(name: string): boolean {
  return /(?:^|\.)example(?:\.(?:com|net|org|(?:(?:ac|ad|co|ed|go|gr|lg|ne|or)\.)?jp))?\.?$/i.test(name);
}
