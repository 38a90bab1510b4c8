/** MX records of recipients' domains, as often as one client may have them looked up. */
import type { Call } from '../../src/host/answer';
import { clientOf } from '../../src/host/client';
import { Windows } from '../../src/limits/windows';
import { permit } from '../../src/policy/decision';
import { countersOf } from '../../src/policy/limits';
import type { DomainExchanges } from '../../src/policy/mx-backup';

/** Of this process: the worker that the client is connected to. */
const lookups = new Windows();

/** `unknown` where the client has had as many domains looked up as it may: it comes again. */
export async function lookUpExchanges({ suite, policy, connection }: Call, domain: string): Promise<DomainExchanges> {
  const name = domain.replace(/\.$/, '');
  if (!suite.exchanges.isKnown(name)) {
    const { mx_lookups: client } = policy.settings.dns;
    const { ipv6 } = policy.settings.limits;
    const asked = { address: clientOf(connection).address, user: undefined, trust: permit('client-network') };
    const counters = countersOf({ mode: 'enforce', client, user: null, at: {}, ipv6 }, asked, () => '');
    if (lookups.count(counters, 1).over !== undefined) return { state: 'unknown' };
  }
  return suite.exchanges.of(name);
}
