import assert from 'node:assert/strict';
import { noNames, unknownNames } from '../../src/policy/client-names';
import {
  formRequest,
  formSays,
  named,
  needsTheName,
  type RelayAsk,
  type RelaySite,
  relayPolicy,
} from '../../testkit/core';

const client = '203.0.113.9';
const cannotResolve = `defer name-unknown 450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for ${client}`;

describe('decideRecipientForm', () => {
  const form = (to: string, relaying: boolean) => formSays(relayPolicy(), formRequest(to, { relaying }));
  const routed = 'refuse routed-local-part 550 5.7.1 Relaying denied';
  const impossible = 'refuse impossible-domain 550 5.1.2 Bad destination system address';
  const label63 = 'x'.repeat(63);
  const rows: readonly { readonly to: string; readonly stranger: string; readonly trusted: string }[] = [
    { to: 'user@local.example', stranger: 'pass plain-recipient', trusted: 'pass plain-recipient' },
    { to: 'user%victim.example@local.example', stranger: routed, trusted: 'pass plain-recipient' },
    { to: '"user@victim.example"@[192.0.2.25]', stranger: routed, trusted: 'pass plain-recipient' },
    { to: 'postmaster', stranger: 'pass plain-recipient', trusted: 'pass plain-recipient' },
    { to: 'user@constructor', stranger: impossible, trusted: impossible },
    { to: 'user@__proto__', stranger: impossible, trusted: impossible },
    { to: `user@${label63}.example`, stranger: 'pass plain-recipient', trusted: 'pass plain-recipient' },
    { to: `user@${label63}x.example`, stranger: impossible, trusted: impossible },
    { to: `user@[IPv6:${'0'.repeat(64)}]`, stranger: 'pass plain-recipient', trusted: 'pass plain-recipient' },
    { to: 'user@[IPv6:2001:db8::25]', stranger: 'pass plain-recipient', trusted: 'pass plain-recipient' },
    { to: 'user@[IPv6:::ffff:192.0.2.25]', stranger: impossible, trusted: impossible },
  ];
  for (const { to, stranger, trusted } of rows) {
    it(`says ${stranger.split(' ')[1]} of ${to.slice(0, 40)} from a stranger`, () => {
      assert.equal(form(to, false), stranger);
      assert.equal(form(to, true), trusted);
    });
  }
});

describe('decideRecipientForm, of a route', () => {
  const routed = 'refuse routed-local-part 550 5.7.1 Relaying denied';
  const plain = 'pass plain-recipient';
  const byName: RelaySite = { localdomain: ['campus.example', '!guest.campus.example'] };
  const lab = 'lab1.campus.example';
  const rows: readonly { readonly name: string; readonly site: RelaySite; readonly ask: RelayAsk; says: string }[] = [
    { name: 'takes it from a client in localip', site: { localip: [client] }, ask: {}, says: plain },
    { name: 'asks for the name where localdomain could trust it', site: byName, ask: {}, says: needsTheName },
    { name: 'takes it from a confirmed name', site: byName, ask: { names: named([lab], [lab]) }, says: plain },
    { name: 'refuses it from a forged name', site: byName, ask: { names: named([lab]) }, says: routed },
    { name: 'refuses it from a client without a name', site: byName, ask: { names: noNames }, says: routed },
    {
      name: 'puts off a client whose name is not known',
      site: byName,
      ask: { names: unknownNames },
      says: cannotResolve,
    },
    {
      name: 'puts off a client whose listed name could not be resolved',
      site: byName,
      ask: { names: named([lab], [], [lab]) },
      says: cannotResolve,
    },
    {
      name: 'refuses it where the name that could not be resolved is excluded',
      site: byName,
      ask: { names: named(['a.guest.campus.example'], [], ['a.guest.campus.example']) },
      says: routed,
    },
    {
      name: 'asks for no name that only the map goes by: it permits recipients, and trusts no client',
      site: { map: ['Connect:campus.example RELAY'] },
      ask: {},
      says: routed,
    },
    { name: 'asks for no name of a client without an address', site: byName, ask: { from: undefined }, says: routed },
    { name: 'refuses none without restriction', site: { ...byName, restriction: false }, ask: {}, says: plain },
  ];
  for (const { name, site, ask, says } of rows) {
    it(name, () => {
      const request = formRequest('user%victim.example@local.example', ask);
      assert.equal(formSays(relayPolicy(site), request), says);
      assert.equal(formSays(relayPolicy(site), formRequest('user@local.example', ask)), plain);
    });
  }
});

describe('decideRecipientForm, of a domain beyond ASCII', () => {
  const rows: readonly { readonly written: string; readonly domain: string; readonly rule: string }[] = [
    { written: 'bücher.example', domain: 'xn--bcher-kva.example', rule: 'plain-recipient' },
    { written: 'LOCAL.example', domain: 'local.example', rule: 'plain-recipient' },
    { written: 'local。example', domain: 'local.example', rule: 'impossible-domain' },
    { written: 'ｌｏｃａｌ.example', domain: 'local.example', rule: 'impossible-domain' },
    { written: 'local.example.\u00ad', domain: 'local.example', rule: 'impossible-domain' },
    { written: 'bücher.ｅxample', domain: 'xn--bcher-kva.example', rule: 'impossible-domain' },
  ];
  for (const { written, domain, rule } of rows) {
    it(`says ${rule} of ${written}`, () => {
      const recipient = { localPart: 'user', domain, writtenDomain: written };
      for (const relaying of [false, true]) {
        const decision = formSays(relayPolicy(), { ...formRequest(written), recipient, relaying });
        assert.ok(decision.includes(rule), decision);
      }
    });
  }
});
