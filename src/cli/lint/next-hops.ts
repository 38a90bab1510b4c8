/** Next hops of `relay.to` that lead back to the Haraka which is to send the mail on. */
import { parseAddress } from '../../policy/entries/ip-address';
import type { Route } from '../../policy/entries/route';
import { type LocatedEntry, report } from './entries';
import type { LintFinding } from './finding';
import type { ThisHost } from './this-host';

export function lintNextHops(destinations: readonly LocatedEntry[], host: ThisHost): LintFinding[] {
  return destinations.flatMap((p) =>
    p.entry.kind !== 'network' && p.entry.route && leadsBack(p.entry.route, host) ? [report('next-hop-here', p)] : [],
  );
}

function leadsBack({ host, port }: Route, here: ThisHost): boolean {
  const address = parseAddress(host);
  const isOurs = address ? here.isOurAddress(address) : here.names.includes(host.toLowerCase());
  return isOurs && here.listensOn(host, port);
}
