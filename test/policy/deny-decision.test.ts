import assert from 'node:assert/strict';
import { type ClientNames, noNames, unaskedNames, unknownNames } from '../../src/policy/client-names';
import { decideDeny } from '../../src/policy/deny-decision';
import { address, denySays, listOf, named, needsTheName, now } from '../../testkit/core';

const denied = (rule: string, line: number) => `refuse ${rule} host.deny:${line} 550 5.7.1 Access denied`;
const passed = 'pass client-not-denied';

interface DenyCase {
  readonly name: string;
  readonly list: readonly string[];
  /** `nowhere` for a client without an address. */
  readonly from?: string;
  readonly names?: ClientNames;
  readonly onDnsFailure?: 'defer' | 'pass';
  readonly says: string;
  readonly time?: number;
}

const cases: readonly DenyCase[] = [
  { name: 'denies nobody by an empty list', list: [], says: passed },
  { name: 'denies by address', list: ['203.0.113'], says: denied('client-denied-network', 1) },
  { name: 'denies no address beside the network', list: ['203.0.112'], says: passed },
  { name: 'denies no address that is excluded', list: ['203.0.113', '!203.0.113.9'], says: `${passed} host.deny:2` },
  {
    name: 'denies by address before it asks for a name',
    list: ['spam.example', '203.0.113.9'],
    says: denied('client-denied-network', 2),
  },
  { name: 'asks for no name when the list has none', list: ['198.51.100'], names: unaskedNames, says: passed },
  { name: 'asks for the name when the list has one', list: ['spam.example'], says: needsTheName },
  {
    name: 'denies by a confirmed name',
    list: ['spam.example'],
    names: named(['a.spam.example'], ['a.spam.example']),
    says: denied('client-denied-domain', 1),
  },
  {
    name: 'denies by a forged name too',
    list: ['spam.example'],
    names: named(['a.spam.example']),
    says: denied('client-denied-domain', 1),
  },
  {
    name: 'denies by any of several names',
    list: ['spam.example'],
    names: named(['good.example', 'a.spam.example'], ['good.example']),
    says: denied('client-denied-domain', 1),
  },
  {
    name: 'denies by the one name that is known without asking',
    list: ['spam.example'],
    names: { ...unaskedNames, claimed: ['a.spam.example'] },
    says: denied('client-denied-domain', 1),
  },
  {
    name: 'asks for the others when the one known name is fine',
    list: ['spam.example'],
    names: { ...unaskedNames, claimed: ['good.example'] },
    says: needsTheName,
  },
  { name: 'denies no name beside the domain', list: ['spam.example'], names: named(['notspam.example']), says: passed },
  {
    name: 'denies no name that is excluded',
    list: ['spam.example', '!good.spam.example'],
    names: named(['a.good.spam.example']),
    says: `${passed} host.deny:2`,
  },
  {
    name: 'names the exclusion by address before that by name',
    list: ['203.0.113', '!203.0.113.9', 'spam.example', '!good.spam.example'],
    names: named(['a.good.spam.example']),
    says: `${passed} host.deny:2`,
  },
  {
    name: 'denies by one name whatever exclusion another has',
    list: ['spam.example', '!good.spam.example'],
    names: named(['a.good.spam.example', 'b.spam.example']),
    says: denied('client-denied-domain', 1),
  },
  { name: 'passes a client without a name', list: ['spam.example'], names: noNames, says: passed },
  {
    name: 'defers when the name could not be looked up',
    list: ['spam.example'],
    names: unknownNames,
    says: 'defer client-name-unknown 450 4.7.1 Access temporarily denied. Cannot resolve PTR record for 203.0.113.9',
  },
  {
    name: 'defers a client without an address as soon as it denies anybody',
    list: ['198.51.100.7'],
    from: 'nowhere',
    onDnsFailure: 'pass',
    says: 'defer client-address-unknown 450 4.7.1 Access temporarily denied',
  },
  {
    name: 'defers it whatever its name',
    list: ['spam.example'],
    from: 'nowhere',
    names: named(['good.example'], ['good.example']),
    says: 'defer client-address-unknown 450 4.7.1 Access temporarily denied',
  },
  { name: 'passes it where it denies nobody', list: [], from: 'nowhere', says: passed },
  {
    name: 'passes then, if it is told to',
    list: ['spam.example'],
    names: unknownNames,
    onDnsFailure: 'pass',
    says: passed,
  },
  {
    name: 'needs no forward look-up',
    list: ['spam.example'],
    names: named(['good.example'], [], ['good.example']),
    says: passed,
  },
  {
    name: 'denies until the entry ends',
    list: ['203.0.113.9 until=2026-01-15T00:00Z'],
    time: now - 1,
    says: 'refuse client-denied-network host.deny:1 550 5.7.1 Access denied',
  },
  { name: 'denies nobody by an entry that has ended', list: ['203.0.113.9 until=2026-01-15T00:00Z'], says: passed },
  {
    name: 'denies by the wider entry once an exclusion has ended',
    list: ['203.0.113', '!203.0.113.9 until=2026-01-15T00:00Z'],
    says: 'refuse client-denied-network host.deny:1 550 5.7.1 Access denied',
  },
  {
    name: 'defers for no name of an entry that has ended, and needs none',
    list: ['spam.example until=2026-01-15T00:00Z', '198.51.100.7'],
    names: unknownNames,
    says: passed,
  },
  {
    name: 'passes a client without an address where every entry has ended',
    list: ['198.51.100.7 until=2026-01-15T00:00Z'],
    from: 'nowhere',
    says: passed,
  },
];

describe('decideDeny', () => {
  for (const {
    name,
    list,
    from = '203.0.113.9',
    names = unaskedNames,
    onDnsFailure = 'defer',
    time = now,
    says,
  } of cases) {
    it(name, () => {
      const policy = { clients: listOf('hosts', ...list), onDnsFailure };
      const clientAddress = from === 'nowhere' ? undefined : address(from);
      assert.equal(denySays(policy, { clientAddress, clientNames: names, time }), says);
    });
  }

  it('has no opinion on names that were not looked up: it throws, and the client is deferred', () => {
    const policy = { clients: listOf('hosts', 'spam.example'), onDnsFailure: 'pass' } as const;
    const request = { clientAddress: address('203.0.113.9'), clientNames: unaskedNames, time: now };
    assert.throws(() => decideDeny(policy, request), /have not been looked up/);
  });
});
