/** Which hosts are asked about a recipient. */
import assert from 'node:assert/strict';
import { formatAddress } from '../../src/policy/entries/ip-address';
import { parseRoute } from '../../src/policy/entries/route';
import type { DomainExchanges } from '../../src/policy/mx-backup';
import { hopsOf } from '../../src/verify/hops';
import { address } from '../../testkit/core';

const found = (...records: readonly (readonly [number, string])[]): DomainExchanges => ({
  state: 'found',
  hosts: records.map(([priority, exchange]) => ({ priority, exchange, isOurs: exchange === 'us', addresses: [] })),
});

const domains: Readonly<Record<string, DomainExchanges>> = {
  'one.example': found([10, 'a'], [20, 'b'], [30, 'us']),
  'two.example': found([10, 'a'], [10, 'b'], [20, 'us']),
  'without-us.example': found([20, 'b'], [10, 'a']),
  'ours.example': found([10, 'us'], [20, 'a']),
  'equal.example': found([10, 'us'], [10, 'a']),
  'many.example': found([10, 'many']),
  'gone.example': found([10, 'gone']),
  'hidden.example': found([10, 'hidden']),
  'none.example': { state: 'none' },
  'unknown.example': { state: 'unknown' },
};
const addresses: Readonly<Record<string, readonly string[]>> = {
  ...{ a: ['192.0.2.1', '2001:db8::1'], b: ['192.0.2.2'], 'none.example': ['192.0.2.3'], hidden: ['192.0.2.99'] },
  many: [1, 2, 3, 4, 5, 6].map((octet) => `198.51.100.${octet}`),
};
const site = {
  exchanges: {
    of: async (domain: string) => domains[domain] ?? { state: 'none' as const },
    ofHost: async (name: string) => (addresses[name] ?? []).map(address),
  },
  isOurAddress: (ip: ReturnType<typeof address>) => formatAddress(ip) === '192.0.2.99',
};

const cases: readonly (readonly [domain: string, route: string, hops: readonly string[]])[] = [
  ['one.example', '', ['192.0.2.1 25', '2001:db8::1 25']],
  ['two.example', '', ['192.0.2.1 25', '2001:db8::1 25', '192.0.2.2 25']],
  ['without-us.example', '', ['192.0.2.1 25', '2001:db8::1 25']],
  ['ours.example', '', []],
  ['equal.example', '', []],
  ['many.example', '', [1, 2, 3, 4].map((octet) => `198.51.100.${octet} 25`)],
  ['gone.example', '', []],
  ['hidden.example', '', []],
  ['none.example', '', ['192.0.2.3 25']],
  ['unknown.example', '', []],
  ['[192.0.2.7]', '', ['192.0.2.7 25']],
  ['[192.0.2.99]', '', []],
  ['one.example', '[192.0.2.9]:2525', ['192.0.2.9 2525']],
  // Another port of this host can be another server.
  ['one.example', '[192.0.2.99]:2525', ['192.0.2.99 2525']],
  ['one.example', '[2001:db8::9]', ['2001:db8::9 25']],
  ['one.example', 'b:2525', ['192.0.2.2 2525']],
  ['one.example', 'hidden:2525', ['192.0.2.99 2525']],
  ['one.example', 'gone', []],
];

describe('the hosts that are asked about a recipient', () => {
  for (const [domain, route, hops] of cases) {
    it(`are ${hops.join(', ') || 'none'} at ${domain}${route && ` with the next hop ${route}`}`, async () => {
      const asked = await hopsOf(site, domain, route === '' ? undefined : parseRoute(route));
      assert.deepEqual(
        asked.map(({ host, port }) => `${host} ${port}`),
        hops,
      );
    });
  }
});
