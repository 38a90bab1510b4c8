/** Decisions while a list is unavailable: what another list permits stands, and nothing else is decided for good. */
import assert from 'node:assert/strict';
import { type ClientNames, noNames, unaskedNames, unknownNames } from '../../src/policy/client-names';
import { decideTrust } from '../../src/policy/client-trust';
import { findDestination } from '../../src/policy/relay-decision';
import type { RelayPolicy } from '../../src/policy/relay-policy';
import {
  address,
  denySays,
  formRequest,
  formSays,
  named,
  needsTheName,
  now,
  type RelayAsk,
  type RelaySite,
  relayPolicy,
  relayRequest,
  relaySays,
  unavailableList,
  unavailableMap,
} from '../../testkit/core';

const putOff = 'defer list-unavailable 450 4.7.1 Relaying temporarily denied';

const without = {
  localip: (policy: RelayPolicy) => ({ ...policy, clientNetworks: unavailableList('local_ip') }),
  localdomain: (policy: RelayPolicy) => ({ ...policy, clientDomains: unavailableList('local_domain') }),
  relayTo: (policy: RelayPolicy) => ({ ...policy, destinations: unavailableList('relay_to') }),
  map: (policy: RelayPolicy) => ({ ...policy, map: unavailableMap() }),
} as const satisfies Record<string, (policy: RelayPolicy) => RelayPolicy>;
type ListName = keyof typeof without;
const listNames = Object.keys(without) as ListName[];

interface UnavailableCase {
  readonly name: string;
  readonly site: RelaySite;
  readonly ask: RelayAsk;
  /** With every list at hand. */
  readonly says: string;
  /** While any one of these is not. */
  readonly stands?: readonly ListName[];
}

const confirmed = named(['a.campus.example'], ['a.campus.example']);

/** Where a case does not stand, it is put off. */
const cases: readonly UnavailableCase[] = [
  { name: "another plugin's word", site: {}, ask: { vouched: true }, says: 'pass vouched', stands: listNames },
  {
    name: 'a permit by address',
    site: { localip: ['203.0.113'] },
    ask: {},
    says: 'permit client-network localip:1 relay',
    stands: ['localdomain', 'relayTo', 'map'],
  },
  {
    name: 'a permit by confirmed name',
    site: { localdomain: ['campus.example'] },
    ask: { names: confirmed },
    says: 'permit client-domain localdomain:1 relay',
    stands: ['localip', 'relayTo', 'map'],
  },
  {
    name: 'a permit by destination',
    site: { relayTo: ['backup.example'] },
    ask: { to: 'u@backup.example' },
    says: 'permit destination relay.to:1 relay',
    stands: ['localip', 'localdomain', 'map'],
  },
  {
    name: 'mail to <postmaster>',
    site: {},
    ask: { to: 'postmaster' },
    says: 'permit postmaster local',
    stands: listNames,
  },
  {
    name: 'a permit by the map',
    site: { map: ['To:victim.example RELAY'] },
    ask: {},
    says: 'permit relay-map relay.map:1 relay',
    stands: ['localip', 'localdomain', 'relayTo'],
  },
  {
    name: 'a refusal by the map',
    site: { map: ['To:victim.example REJECT'] },
    ask: {},
    says: 'refuse relay-map relay.map:1 550 5.7.1 Access denied',
  },
  {
    name: 'a discard by the map',
    site: { map: ['To:victim.example DISCARD'] },
    ask: {},
    says: 'permit relay-map relay.map:1 discard',
  },
  { name: 'a refusal', site: {}, ask: {}, says: 'refuse relay-denied 550 5.7.1 Relaying denied' },
  {
    name: 'a refusal for want of a client address',
    site: {},
    ask: { from: undefined },
    says: 'refuse relay-denied 550 5.7.1 Relaying denied',
  },
  { name: 'no opinion without restriction', site: { restriction: false }, ask: {}, says: 'pass restriction-off' },
  {
    name: 'a question for the name that localdomain asks',
    site: { localdomain: ['campus.example'] },
    ask: {},
    says: needsTheName,
    stands: ['localip', 'relayTo', 'map'],
  },
  {
    name: 'a question for the name that the map asks',
    site: { map: ['Connect:spam.example REJECT'] },
    ask: {},
    says: needsTheName,
    stands: ['localip', 'localdomain', 'relayTo'],
  },
  {
    name: 'a client without a name',
    site: { localdomain: ['campus.example'] },
    ask: { names: noNames },
    says: 'refuse relay-denied 550 5.7.1 Relaying denied. IP name lookup failed [203.0.113.9]',
  },
  {
    name: 'a name that cannot be looked up',
    site: { localdomain: ['campus.example'] },
    ask: { names: unknownNames },
    says: 'defer name-unknown 450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for 203.0.113.9',
  },
];

describe('decideRelay, while a list is unavailable', () => {
  for (const { name, site, ask, says, stands = [] } of cases) {
    it(`${stands.length > 0 ? 'keeps' : 'puts off'} ${name}`, () => {
      const policy = relayPolicy(site);
      assert.equal(relaySays(policy, relayRequest(ask)), says);
      for (const list of listNames) {
        const decision = relaySays(without[list](policy), relayRequest(ask));
        assert.equal(decision, stands.includes(list) ? says : putOff, `without ${list}`);
      }
    });
  }

  it('trusts nobody by it', () => {
    const policy = relayPolicy({ localip: ['203.0.113'], localdomain: ['campus.example'] });
    const asked = relayRequest({ names: confirmed });
    assert.equal(decideTrust(policy, asked)?.rule, 'client-network');
    assert.equal(decideTrust(without.localip(policy), asked)?.rule, 'client-domain');
    assert.equal(decideTrust(without.localdomain(without.localip(policy)), asked), undefined);
  });

  it('finds no destination in it', () => {
    assert.equal(
      findDestination(without.relayTo(relayPolicy({ relayTo: ['backup.example'] })), 'backup.example', now),
      undefined,
    );
  });
});

describe('decideRecipientForm, while a list is unavailable', () => {
  const rows: readonly { readonly to: string; readonly says: string }[] = [
    { to: 'user@victim.example', says: 'pass plain-recipient' },
    { to: 'a%b@victim.example', says: putOff },
    { to: `user@${'a'.repeat(64)}.example`, says: 'refuse impossible-domain 550 5.1.2 Bad destination system address' },
  ];
  for (const { to, says } of rows) {
    it(`says ${says.split(' ')[1]} of ${to.slice(0, 24)}`, () => {
      assert.equal(formSays(without.localip(relayPolicy()), formRequest(to)), says);
    });
  }

  it('needs the lists that trust clients, and no other', () => {
    for (const list of listNames) {
      const says = formSays(without[list](relayPolicy()), formRequest('a%b@victim.example'));
      const needed = list === 'localip' || list === 'localdomain';
      assert.equal(says, needed ? putOff : 'refuse routed-local-part 550 5.7.1 Relaying denied', list);
    }
  });

  it('still trusts by the other', () => {
    const policy = without.localip(relayPolicy({ localdomain: ['campus.example'] }));
    const request = (names: ClientNames) => formRequest('a%b@victim.example', { names });
    assert.equal(formSays(policy, request(unaskedNames)), needsTheName);
    assert.equal(formSays(policy, request(confirmed)), 'pass plain-recipient');
    assert.equal(formSays(policy, request(noNames)), putOff);
  });
});

describe('decideDeny, while the list is unavailable', () => {
  it('puts every client off, whatever is known of it', () => {
    const policy = { clients: unavailableList('hosts'), onDnsFailure: 'pass' } as const;
    for (const clientNames of [noNames, unknownNames, confirmed]) {
      for (const clientAddress of [undefined, address('203.0.113.9')]) {
        assert.equal(
          denySays(policy, { clientAddress, clientNames, time: now }),
          'defer list-unavailable 450 4.7.1 Access temporarily denied',
        );
      }
    }
  });
});
