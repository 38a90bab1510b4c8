import assert from 'node:assert/strict';
import { noNames, unaskedNames, unknownNames } from '../../src/policy/client-names';
import { decideRelay, findDestination, findRoute, isOpenToAll } from '../../src/policy/relay-decision';
import {
  named,
  needsTheName,
  now,
  type RelayAsk,
  type RelaySite,
  relayPolicy,
  relayRequest,
  relaySays,
  told,
} from '../../testkit/core';

const client = '203.0.113.9';
const denied = 'refuse relay-denied 550 5.7.1 Relaying denied';
const lookUpFailed = `${denied}. IP name lookup failed [${client}]`;
const forged = `${denied}. IP name possibly forged [${client}]`;
const cannotResolve = `defer name-unknown 450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for ${client}`;

/** Every way to be permitted at once, to see which comes first. */
const everything: RelaySite = {
  localip: ['203.0.113'],
  localdomain: ['campus.example'],
  relayTo: ['backup.example'],
  map: ['To:backup.example REJECT', 'Connect:203.0.113.9 REJECT'],
};
const confirmedHere = named(['lab1.campus.example'], ['lab1.campus.example']);

/** Each with what it excludes on its second line. */
const exclusions: RelaySite = {
  localip: ['203.0.113', `!${client}`],
  localdomain: ['campus.example', '!guest.campus.example'],
  relayTo: ['backup.example', '!old.backup.example'],
};
const excludedName = named(['x.guest.campus.example'], ['x.guest.campus.example']);

interface DecisionCase {
  readonly name: string;
  readonly site: RelaySite;
  readonly ask: RelayAsk;
  readonly says: string;
}

/** In the order of the table in the design: each row against all that come after it, then its own boundary. */
const cases: readonly DecisionCase[] = [
  {
    name: 'passes a client whom another plugin has vouched for, before anything else',
    site: everything,
    ask: { vouched: true, to: 'u@backup.example', names: confirmedHere },
    says: 'pass vouched',
  },
  {
    name: 'permits by address before name, destination and map',
    site: everything,
    ask: { to: 'u@backup.example', names: confirmedHere },
    says: 'permit client-network localip:1 relay',
  },
  {
    name: 'permits by address to anywhere',
    site: { localip: ['203.0.113'] },
    ask: {},
    says: 'permit client-network localip:1 relay',
  },
  {
    name: 'permits no address beside the network',
    site: { localip: ['203.0.113'] },
    ask: { from: '203.0.114.9' },
    says: denied,
  },
  {
    name: 'permits no address that is excluded',
    site: { localip: ['203.0.113', `!${client}`] },
    ask: {},
    says: 'refuse client-excluded localip:2 550 5.7.1 Relaying denied',
  },
  { name: 'does not trust loopback unless it is listed', site: {}, ask: { from: '127.0.0.1' }, says: denied },
  {
    name: 'permits loopback when it is listed',
    site: { localip: ['127.0.0.1'] },
    ask: { from: '::ffff:127.0.0.1' },
    says: 'permit client-network localip:1 relay',
  },
  {
    name: 'permits by confirmed name before destination and map',
    site: { ...everything, localip: [] },
    ask: { to: 'u@backup.example', names: confirmedHere },
    says: 'permit client-domain localdomain:1 relay',
  },
  {
    name: 'permits by any confirmed name among several',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['a.other.example', 'b.campus.example'], ['a.other.example', 'b.campus.example']) },
    says: 'permit client-domain localdomain:1 relay',
  },
  {
    name: 'does not permit by a name that is claimed and not confirmed',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['lab1.campus.example']) },
    says: forged,
  },
  {
    name: 'does not permit by a listed name while another one is confirmed',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['lab1.campus.example', 'a.other.example'], ['a.other.example']) },
    says: denied,
  },
  {
    name: 'does not permit by a confirmed name that is excluded',
    site: { localdomain: ['campus.example', '!guest.campus.example'] },
    ask: { names: named(['x.guest.campus.example'], ['x.guest.campus.example']) },
    says: 'refuse client-excluded localdomain:2 550 5.7.1 Relaying denied',
  },
  {
    name: 'permits by destination before the map',
    site: { relayTo: ['backup.example'], map: ['To:backup.example REJECT'] },
    ask: { to: 'u@sub.backup.example' },
    says: 'permit destination relay.to:1 relay',
  },
  {
    name: 'permits no destination beside the list',
    site: { relayTo: ['backup.example'] },
    ask: { to: 'u@evilbackup.example' },
    says: denied,
  },
  {
    name: 'permits no destination that is excluded',
    site: { relayTo: ['backup.example', '!old.backup.example'] },
    ask: { to: 'u@old.backup.example' },
    says: 'refuse destination-excluded relay.to:2 550 5.7.1 Relaying denied',
  },
  {
    name: 'permits a listed mailbox and no other of its domain',
    site: { relayTo: ['user@backup.example'] },
    ask: { to: 'other@backup.example' },
    says: denied,
  },
  { name: 'takes bare postmaster as local', site: {}, ask: { to: 'Postmaster' }, says: 'permit postmaster local' },
  {
    name: 'takes mail to an address literal of this host as local',
    site: { relayTo: ['192.0.2.25'] },
    ask: { to: 'user@[192.0.2.25]', here: true },
    says: 'permit own-address local',
  },
  {
    name: 'takes no other literal',
    site: {},
    ask: { to: 'user@[192.0.2.25]' },
    says: denied,
  },
  { name: 'takes no other bare name', site: {}, ask: { to: 'root' }, says: denied },
  { name: 'takes postmaster of no foreign domain', site: {}, ask: { to: 'postmaster@victim.example' }, says: denied },
  {
    name: 'permits by a recipient in the map',
    site: { map: ['To:victim.example RELAY'] },
    ask: {},
    says: 'permit relay-map relay.map:1 relay',
  },
  {
    name: 'permits by a client address in the map',
    site: { map: [`Connect:${client} RELAY`] },
    ask: {},
    says: 'permit relay-map relay.map:1 relay',
  },
  {
    name: 'permits by a confirmed client name in the map',
    site: { map: ['Connect:campus.example RELAY'] },
    ask: { names: confirmedHere },
    says: 'permit relay-map relay.map:1 relay',
  },
  {
    name: 'does not permit by an unconfirmed client name in the map',
    site: { map: ['Connect:campus.example RELAY'] },
    ask: { names: named(['lab1.campus.example']) },
    says: forged,
  },
  {
    name: 'refuses by an unconfirmed client name in the map',
    site: { map: ['Connect:spam.example REJECT', 'To:victim.example RELAY'] },
    ask: { names: named(['a.spam.example']) },
    says: 'refuse relay-map relay.map:1 550 5.7.1 Access denied',
  },
  {
    name: 'lets a refusal in the map win over RELAY in it',
    site: { map: ['To:victim.example RELAY', `Connect:${client} ERROR:5.7.1:550 Go away`] },
    ask: {},
    says: 'refuse relay-map relay.map:2 550 5.7.1 Go away',
  },
  {
    name: 'defers as the map says',
    site: { map: ['To:victim.example 450 Come again'] },
    ask: {},
    says: 'defer relay-map relay.map:1 450 4.7.1 Come again',
  },
  {
    name: 'refuses for good by the least code that says so',
    site: { map: ['To:victim.example 500 No'] },
    ask: {},
    says: 'refuse relay-map relay.map:1 500 5.7.1 No',
  },
  {
    name: 'goes on where the map does not know a name of the client',
    site: { map: ['Connect:partner.example REJECT', 'To:victim.example RELAY'] },
    ask: { names: named(['a.other.example']) },
    says: 'permit relay-map relay.map:2 relay',
  },
  {
    name: 'accepts and drops as the map says',
    site: { map: ['To:victim.example DISCARD', `Connect:${client} RELAY`] },
    ask: {},
    says: 'permit relay-map relay.map:1 discard',
  },
  {
    name: 'does not take OK in the map for RELAY',
    site: { map: ['To:victim.example OK', `Connect:${client} OK`] },
    ask: {},
    says: denied,
  },
  { name: 'does not take SKIP in the map for RELAY', site: { map: ['To:victim.example SKIP'] }, ask: {}, says: denied },
  { name: 'refuses where nothing says otherwise', site: {}, ask: {}, says: denied },
  {
    name: 'leaves what no list permits to others without restriction',
    site: { restriction: false },
    ask: {},
    says: 'pass restriction-off',
  },
  {
    name: 'still refuses by the map without restriction',
    site: { restriction: false, map: ['To:victim.example REJECT'] },
    ask: {},
    says: 'refuse relay-map relay.map:1 550 5.7.1 Access denied',
  },

  {
    name: 'asks for the name when localdomain could decide',
    site: { localdomain: ['campus.example'] },
    ask: {},
    says: needsTheName,
  },
  {
    name: 'asks for the name when the map could decide',
    site: { map: ['Connect:campus.example RELAY'] },
    ask: {},
    says: needsTheName,
  },
  {
    name: 'asks for no name when no list goes by names',
    site: { map: [`Connect:${client} OK`] },
    ask: {},
    says: denied,
  },
  {
    name: 'asks for no name when the address decides',
    site: { localip: [client], localdomain: ['campus.example'] },
    ask: {},
    says: 'permit client-network localip:1 relay',
  },
  {
    name: 'asks for no name when the destination decides',
    site: { relayTo: ['victim.example'], localdomain: ['campus.example'], map: ['Connect:a.example REJECT'] },
    ask: {},
    says: 'permit destination relay.to:1 relay',
  },
  {
    name: 'asks for no name when the map permits and localdomain could do no more',
    site: { map: ['To:victim.example RELAY'], localdomain: ['campus.example'] },
    ask: {},
    says: 'permit relay-map relay.map:1 relay',
  },
  {
    name: 'asks for the name when the map permits the recipient and could refuse the client',
    site: { map: ['To:victim.example RELAY', 'Connect:spam.example REJECT'] },
    ask: {},
    says: needsTheName,
  },
  {
    name: 'asks for the name before the map refuses one whom localdomain may trust',
    site: { map: ['To:victim.example REJECT'], localdomain: ['campus.example'] },
    ask: {},
    says: needsTheName,
  },
  {
    name: 'asks for the name before the map drops the mail of one whom localdomain may trust',
    site: { map: ['To:victim.example DISCARD'], localdomain: ['campus.example'] },
    ask: {},
    says: needsTheName,
  },
  {
    name: 'asks for no name for bare postmaster',
    site: { localdomain: ['campus.example'] },
    ask: { to: 'postmaster' },
    says: 'permit postmaster local',
  },
  {
    name: 'asks for no name of a client without an address',
    site: { localdomain: ['campus.example'] },
    ask: { from: undefined },
    says: denied,
  },

  {
    name: 'defers when the look-up failed and localdomain could have permitted',
    site: { localdomain: ['campus.example'] },
    ask: { names: unknownNames },
    says: cannotResolve,
  },
  {
    name: 'defers when the look-up failed and the map could have permitted',
    site: { map: ['Connect:campus.example RELAY'] },
    ask: { names: unknownNames },
    says: cannotResolve,
  },
  {
    name: 'refuses when the look-up failed and could not have permitted',
    site: { map: ['Connect:spam.example REJECT'] },
    ask: { names: unknownNames },
    says: denied,
  },
  {
    name: 'defers when the forward look-up of a listed name failed',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['lab1.campus.example'], [], ['lab1.campus.example']) },
    says: cannotResolve,
  },
  {
    name: 'refuses when the forward look-up of a name failed that is not listed',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['a.other.example'], [], ['a.other.example']) },
    says: denied,
  },
  {
    name: 'refuses when the forward look-up of a name failed that is excluded',
    site: { localdomain: ['campus.example', '!guest.campus.example'] },
    ask: { names: named(['a.guest.campus.example'], [], ['a.guest.campus.example']) },
    says: denied,
  },
  {
    name: 'defers when the forward look-up of a name failed that the map relays for',
    site: { map: ['Connect:campus.example RELAY'] },
    ask: { names: named(['lab1.campus.example'], [], ['lab1.campus.example']) },
    says: cannotResolve,
  },
  {
    name: 'refuses when the forward look-up of a name failed that the map does not relay for',
    site: { map: ['Connect:campus.example OK', 'Connect:partner.example RELAY'] },
    ask: { names: named(['lab1.campus.example'], [], ['lab1.campus.example', 'a.other.example']) },
    says: denied,
  },
  {
    name: 'permits by a confirmed name while another could not be resolved',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['a.campus.example', 'b.campus.example'], ['b.campus.example'], ['a.campus.example']) },
    says: 'permit client-domain localdomain:1 relay',
  },
  {
    name: 'permits a destination although the look-up failed',
    site: { relayTo: ['victim.example'], localdomain: ['campus.example'] },
    ask: { names: unknownNames },
    says: 'permit destination relay.to:1 relay',
  },
  {
    name: 'defers without restriction too what a name might have permitted: Haraka would refuse it for good',
    site: { restriction: false, localdomain: ['campus.example'] },
    ask: { names: unknownNames },
    says: cannotResolve,
  },
  {
    name: 'refuses nothing without restriction that an exclusion does not permit',
    site: { restriction: false, localip: ['203.0.113', `!${client}`] },
    ask: {},
    says: 'pass restriction-off',
  },

  {
    name: 'names the exclusion of the address first, before those of name and destination',
    site: exclusions,
    ask: { to: 'u@old.backup.example', names: excludedName },
    says: 'refuse client-excluded localip:2 550 5.7.1 Relaying denied',
  },
  {
    name: 'names the exclusion of the name before that of the destination',
    site: { ...exclusions, localip: [] },
    ask: { to: 'u@old.backup.example', names: excludedName },
    says: 'refuse client-excluded localdomain:2 550 5.7.1 Relaying denied',
  },
  {
    name: 'names the exclusion of a mailbox',
    site: { relayTo: ['backup.example', '!user@backup.example'] },
    ask: { to: 'user@backup.example' },
    says: 'refuse destination-excluded relay.to:2 550 5.7.1 Relaying denied',
  },
  {
    name: 'names an exclusion, and not that there is no name',
    site: exclusions,
    ask: { names: noNames },
    says: 'refuse client-excluded localip:2 550 5.7.1 Relaying denied',
  },
  {
    name: 'names no exclusion of a name that is forged',
    site: { ...exclusions, localip: [] },
    ask: { names: named(['x.guest.campus.example']) },
    says: forged,
  },
  {
    name: 'permits an excluded client by another list',
    site: exclusions,
    ask: { to: 'u@backup.example', names: excludedName },
    says: 'permit destination relay.to:1 relay',
  },
  {
    name: 'names the refusal of the map and not an exclusion',
    site: { ...exclusions, map: ['To:victim.example REJECT'] },
    ask: { names: excludedName },
    says: 'refuse relay-map relay.map:1 550 5.7.1 Access denied',
  },
  {
    name: 'defers an excluded address whose name may yet be trusted',
    site: exclusions,
    ask: { names: unknownNames },
    says: cannotResolve,
  },

  {
    name: 'says that there is no name',
    site: { localdomain: ['campus.example'] },
    ask: { names: noNames },
    says: lookUpFailed,
  },
  {
    name: 'says that there is no name for a client without an address either',
    site: { localdomain: ['campus.example'] },
    ask: { from: undefined, names: noNames },
    says: `${denied}. IP name lookup failed [unknown]`,
  },
  {
    name: 'says that the name is forged',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['a.other.example']) },
    says: forged,
  },
  {
    name: 'gives no reason for a confirmed name',
    site: { localdomain: ['campus.example'] },
    ask: { names: named(['a.other.example'], ['a.other.example']) },
    says: denied,
  },
  {
    name: 'gives no reason where names do not matter',
    site: {},
    ask: { names: named(['a.other.example']) },
    says: denied,
  },
  {
    name: 'permits a client for the senders that its entry covers',
    site: { localip: ['203.0.113 from=dept.example'] },
    ask: { sender: 'dept.example' },
    says: 'permit client-network localip:1 relay',
  },
  {
    name: 'names the entry that does not cover the sender',
    site: { localip: ['203.0.113 from=dept.example'] },
    ask: { sender: 'evil.example' },
    says: notCovered('localip:1'),
  },
  {
    name: 'permits no client by a sender alone, nor one without a sender',
    site: { localip: ['198.51.100 from=dept.example', '203.0.113.9 from=dept.example'] },
    ask: {},
    says: notCovered('localip:2'),
  },
  {
    name: 'asks no wider entry where the most specific does not cover the sender',
    site: { localip: ['203.0.113', '203.0.113.9 from=dept.example'] },
    ask: { sender: 'evil.example' },
    says: notCovered('localip:2'),
  },
  {
    name: 'asks the other list where an entry does not cover the sender',
    site: { localip: ['203.0.113.9 from=dept.example'], localdomain: ['campus.example from=campus.example'] },
    ask: { names: confirmedHere, sender: 'campus.example' },
    says: 'permit client-domain localdomain:1 relay',
  },
  {
    name: 'asks every confirmed name',
    site: { localdomain: ['campus.example from=dept.example', 'lab.example from=lab.example'] },
    ask: {
      names: named(['a.campus.example', 'b.lab.example'], ['a.campus.example', 'b.lab.example']),
      sender: 'lab.example',
    },
    says: 'permit client-domain localdomain:2 relay',
  },
  {
    name: 'leaves to relay.to and relay.map what a scope does not cover',
    site: { localip: ['203.0.113.9 from=dept.example'], relayTo: ['backup.example'] },
    ask: { sender: 'evil.example', to: 'user@backup.example' },
    says: 'permit destination relay.to:1 relay',
  },
  {
    name: 'names the exclusion of the destination after the entry that does not cover the sender',
    site: { localip: ['203.0.113.9 from=dept.example'], relayTo: ['!backup.example'] },
    ask: { sender: 'evil.example', to: 'user@backup.example' },
    says: notCovered('localip:1'),
  },
  {
    name: 'defers for an unresolved name only where its entry covers the sender',
    site: { localdomain: ['campus.example from=campus.example'] },
    ask: { names: named(['lab1.campus.example'], [], ['lab1.campus.example']), sender: 'campus.example' },
    says: cannotResolve,
  },
  {
    name: 'refuses at once where it does not',
    site: { localdomain: ['campus.example from=campus.example'] },
    ask: { names: named(['lab1.campus.example'], [], ['lab1.campus.example']), sender: 'evil.example' },
    says: denied,
  },
  {
    name: 'trusts every sender while scopes are observed',
    site: { localip: ['203.0.113 from=dept.example'], attributes: 'observe' },
    ask: { sender: 'evil.example' },
    says: 'permit client-network localip:1 relay',
  },
  {
    name: 'permits until the entry ends',
    site: { localip: ['203.0.113 until=2026-01-15T00:00Z'] },
    ask: { time: now - 1 },
    says: 'permit client-network localip:1 relay',
  },
  {
    name: 'refuses from that instant on, as if the entry were not there',
    site: { localip: ['203.0.113 until=2026-01-15T00:00Z'] },
    ask: { time: now },
    says: denied,
  },
  {
    name: 'looks up no name for an entry that has ended',
    site: {
      localdomain: ['campus.example until=2026-01-15T00:00Z'],
      map: ['Connect:a.example RELAY until=2026-01-15T00:00Z'],
    },
    ask: { names: unaskedNames },
    says: denied,
  },
  {
    name: 'defers for no entry that has ended',
    site: {
      localdomain: ['campus.example until=2026-01-15T00:00Z'],
      map: ['Connect:a.example RELAY until=2026-01-15T00:00Z'],
    },
    ask: { names: unknownNames },
    says: denied,
  },
];

function notCovered(at: string): string {
  return `refuse sender-not-covered ${at} 550 5.7.1 Relaying denied`;
}

describe('decideRelay', () => {
  for (const { name, site, ask, says } of cases) {
    it(name, () => assert.equal(relaySays(relayPolicy(site), relayRequest(ask)), says));
  }

  it('names the line of the list that decided', () => {
    const site: RelaySite = { localip: ['# ours', '', '198.51.100', '203.0.113'] };
    assert.equal(relaySays(relayPolicy(site), relayRequest({})), 'permit client-network localip:4 relay');
  });
});

describe('decideRelay, of a client whose name was needed and not looked up', () => {
  it('defers, and refuses nothing for good', () => {
    const policy = relayPolicy({ localdomain: ['campus.example'] });
    assert.equal(told(decideRelay(policy, relayRequest())), cannotResolve);
  });
});

describe('findDestination', () => {
  it('finds the domain entry that admits, with its route', () => {
    const policy = relayPolicy({
      relayTo: ['backup.example [10.0.0.5]:2525', '!old.backup.example', 'user@other.example'],
    });
    assert.deepEqual(findDestination(policy, 'sub.backup.example', now)?.route, { host: '10.0.0.5', port: 2525 });
    for (const domain of ['old.backup.example', 'other.example', 'example', '']) {
      assert.equal(findDestination(policy, domain, now), undefined, domain);
    }
  });
});

describe('isOpenToAll', () => {
  it('is what a stranger may have, by relay.to or by RELAY of relay.map', () => {
    const policy = relayPolicy({
      localip: ['192.0.2.0/24'],
      relayTo: ['backup.example', '!closed.backup.example'],
      map: ['To:mapped.example RELAY', 'To:refused.example REJECT', 'To:dropped.example DISCARD'],
    });
    const open = (to: string) => isOpenToAll(policy, relayRequest({ from: '192.0.2.7', to }));
    for (const to of ['a@backup.example', 'a@mapped.example']) assert.equal(open(to), true, to);
    for (const domain of ['closed.backup.example', 'refused.example', 'dropped.example', 'victim.example'])
      assert.equal(open(`a@${domain}`), false, domain);
  });
});

describe('findRoute', () => {
  it('takes the next hop of the mailbox before that of its domain', () => {
    const policy = relayPolicy({
      relayTo: [
        ...['backup.example [10.0.0.5]', 'a@backup.example [10.0.0.6]:2525', 'b@backup.example', '!c@backup.example'],
        ...['a@other.example mx.inner.example', 'b@other.example'],
      ],
    });
    const hop = (localPart: string, domain: string) => findRoute(policy, { localPart, domain }, now)?.host;
    assert.deepEqual(
      ['A', 'b', 'c', 'd'].map((localPart) => hop(localPart, 'backup.example')),
      ['10.0.0.6', '10.0.0.5', '10.0.0.5', '10.0.0.5'],
    );
    assert.deepEqual([hop('a', 'other.example'), hop('b', 'other.example')], ['mx.inner.example', undefined]);
  });
});
