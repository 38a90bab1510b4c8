/** The time of one client decision, from the address or name as text to the answer, at several sizes of list. */

import net from 'node:net';
import { emptyList } from '../src/lists/parsing/parse-bytes';
import { parseAddress } from '../src/policy/entries/ip-address';
import { type ListKind, PolicyList, parseList } from '../src/policy/entries/list';
import { LocalDomains } from '../src/policy/entries/local-domains';
import { RelayMap, type RelayMapData } from '../src/policy/entries/relay-map';
import { decideRelay } from '../src/policy/relay-decision';
import type { RelayPolicy } from '../src/policy/relay-policy';
import { beforeAllEnds } from '../src/policy/tables/ends';
import { addressList, clientsOf, domainList, fileOf, largest, namesOf } from './lists';
import { fastest, type Result, type Timed } from './measure';

const sizes = [10, 1_000, 100_000, largest] as const;
/** As many different clients at every size, so that reading their text costs the same everywhere. */
const clients = 4096;
/** Where the time of a linear search is no longer worth waiting for. */
const linearSizes = [10, 1_000, 10_000] as const;

export function decisions(): Result[] {
  return [...ours(), ...others()];
}

function ours(): Result[] {
  const cases = sizes.flatMap((size) => [byAddress(size), byName(size)]);
  const times = fastest(cases, { calls: 20_000, rounds: 40 });
  return ['by address', 'by confirmed name'].flatMap((way) => {
    const timeAt = (size: number) => times.get(`${way}, ${size}`) as number;
    return [
      ...sizes.map((size) => ({
        measure: `client decision ${way}, ${size} entries`,
        value: timeAt(size),
        unit: 'ns',
        ...(size === largest && { target: { atMost: 2000 } }),
      })),
      {
        measure: `client decision ${way}, ${largest} entries against 10`,
        value: timeAt(largest) / timeAt(10),
        unit: 'x',
        target: { atMost: 3 },
      },
    ];
  });
}

/** No entry here has an end, so that the plugins read no clock either. */
const time = beforeAllEnds;
const recipient = { localPart: 'user', domain: 'elsewhere.example.net' };

function byAddress(size: number): Timed {
  const list = addressList(size);
  const policy = policyWith({ clientNetworks: loaded('local_ip', list) });
  const asking = clientsOf(list, clients);
  const clientNames = { state: 'none', claimed: [], confirmed: [], unresolved: [] } as const;
  return {
    name: `by address, ${size}`,
    run: (i) => {
      const clientAddress = parseAddress(asking[i % clients] as string);
      const asked = { clientAddress, clientNames, recipient, recipientIsHere: false, vouched: false, time };
      return decideRelay(policy, asked).outcome.length;
    },
  };
}

function byName(size: number): Timed {
  const list = domainList(size);
  const policy = policyWith({ clientDomains: loaded('local_domain', list) });
  const asking = namesOf(list, clients).map((name) => [name]);
  return {
    name: `by confirmed name, ${size}`,
    run: (i) => {
      const confirmed = asking[i % clients] as string[];
      const clientNames = { state: 'known', claimed: confirmed, confirmed, unresolved: [] } as const;
      const clientAddress = parseAddress('192.0.2.1');
      const asked = { clientAddress, clientNames, recipient, recipientIsHere: false, vouched: false, time };
      return decideRelay(policy, asked).outcome.length;
    },
  };
}

function policyWith(lists: Partial<RelayPolicy>): RelayPolicy {
  return {
    restriction: true,
    clientNetworks: loaded('local_ip', []),
    clientDomains: loaded('local_domain', []),
    attributes: 'enforce',
    destinations: loaded('relay_to', []),
    map: new RelayMap(emptyList('relay_map', 'relay.map') as RelayMapData),
    localDomains: new LocalDomains({ file: 'host_list', lines: [] }, { file: 'host_list_regex', lines: [] }),
    localDelivery: true,
    ...lists,
  };
}

function loaded(kind: ListKind, list: readonly string[]): PolicyList {
  const { data, findings } = parseList(kind, kind, fileOf(list));
  if (!data) throw new Error(`the list has faults: ${JSON.stringify(findings[0])}`);
  return new PolicyList(data);
}

/** What else an operator could ask: Haraka's relay plugin, and Node's own block list. */
function others(): Result[] {
  const cases = linearSizes.flatMap((size) => [stockRelay(size), blockList(size)]);
  const times = fastest(cases, { calls: 20, rounds: 3 });
  return [...times].map(([measure, value]) => ({ measure, value, unit: 'ns' }));
}

interface StockRelay {
  is_acl_allowed(this: unknown, connection: unknown): boolean;
}

function stockRelay(size: number): Timed {
  const acl_allow = addressList(size).map((entry) => (entry.includes('/') ? entry : `${entry}/${hostLength(entry)}`));
  const asking = clientsOf(acl_allow, clients);
  const { is_acl_allowed } = require('haraka-plugin-relay') as StockRelay;
  const plugin = { acl_allow };
  return {
    name: `haraka-plugin-relay's own check by address, ${size} entries`,
    run: (i) =>
      is_acl_allowed.call(plugin, { logdebug: () => undefined, remote: { ip: asking[i % clients] } }) ? 1 : 0,
  };
}

function hostLength(address: string): number {
  return address.includes(':') ? 128 : 32;
}

function blockList(size: number): Timed {
  const list = new net.BlockList();
  const entries = addressList(size);
  for (const entry of entries) {
    const [address = '', length] = entry.split('/');
    list.addSubnet(address, length ? Number(length) : hostLength(address), familyOf(address));
  }
  const asking = clientsOf(entries, clients);
  return {
    name: `net.BlockList by address, ${size} entries`,
    run: (i) => {
      const address = asking[i % clients] as string;
      return list.check(address, familyOf(address)) ? 1 : 0;
    },
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
