import assert from 'node:assert/strict';
import { decideDisposition } from '../../src/policy/disposition';
import type { RelayPermit } from '../../src/policy/relay-policy';
import { type RelaySite, recipient, relayPolicy } from '../../testkit/core';

describe('decideDisposition', () => {
  const site: RelaySite = { hostList: ['local.example'] };
  const permitOf = (rule: RelayPermit['rule'], disposition: RelayPermit['disposition']): RelayPermit => ({
    outcome: 'permit',
    rule,
    disposition,
  });
  const ofClient = permitOf('client-network', 'relay');
  const ofDestination = permitOf('destination', 'relay');
  const rows: readonly {
    readonly name: string;
    readonly to?: string;
    readonly permit?: RelayPermit;
    readonly relaying?: boolean;
    readonly known?: boolean;
    readonly here?: boolean;
    readonly site?: RelaySite;
    readonly goes: RelayPermit['disposition'];
  }[] = [
    { name: 'what another plugin accepts from a stranger is local', goes: 'local' },
    { name: 'our domain is local from a client that may relay', to: 'a@local.example', relaying: true, goes: 'local' },
    { name: 'a name below our domain is not ours', to: 'a@sub.local.example', relaying: true, goes: 'relay' },
    { name: 'another domain is relayed', relaying: true, goes: 'relay' },
    {
      name: 'our domain is local for a client that is trusted late',
      to: 'a@local.example',
      permit: ofClient,
      goes: 'local',
    },
    { name: 'another domain is relayed for it', permit: ofClient, goes: 'relay' },
    { name: 'a mailbox that a plugin knows is local', relaying: true, known: true, goes: 'local' },
    { name: 'a literal of this host is local', to: 'a@[192.0.2.1]', relaying: true, here: true, goes: 'local' },
    { name: 'a listed destination is relayed', to: 'a@backup.example', permit: ofDestination, goes: 'relay' },
    { name: 'a listed destination that is ours is local', to: 'a@local.example', permit: ofDestination, goes: 'local' },
    { name: 'bare postmaster is local', to: 'postmaster', permit: permitOf('postmaster', 'local'), goes: 'local' },
    {
      name: 'bare postmaster is local for whom another plugin lets relay',
      to: 'Postmaster',
      relaying: true,
      goes: 'local',
    },
    {
      name: 'what the map drops is dropped',
      to: 'a@local.example',
      permit: permitOf('relay-map', 'discard'),
      relaying: true,
      goes: 'discard',
    },
    {
      name: 'everything is relayed with local_delivery=false',
      to: 'a@local.example',
      relaying: true,
      known: true,
      site: { ...site, localDelivery: false },
      goes: 'relay',
    },
    {
      name: 'even then postmaster is local',
      to: 'postmaster',
      permit: permitOf('postmaster', 'local'),
      relaying: true,
      site: { ...site, localDelivery: false },
      goes: 'local',
    },
    {
      name: 'even then postmaster is local for whom another plugin lets relay',
      to: 'postmaster',
      relaying: true,
      site: { ...site, localDelivery: false },
      goes: 'local',
    },
    {
      name: 'even then a literal of this host is local for whom another plugin lets relay',
      to: 'a@[192.0.2.1]',
      relaying: true,
      here: true,
      site: { ...site, localDelivery: false },
      goes: 'local',
    },
    {
      name: 'even then what a plugin accepts from a stranger is local',
      to: 'a@local.example',
      site: { ...site, localDelivery: false },
      goes: 'local',
    },
  ];
  for (const {
    name,
    to = 'a@victim.example',
    permit,
    relaying = false,
    known = false,
    here = false,
    goes,
    ...row
  } of rows) {
    it(name, () => {
      const accepted = { recipient: recipient(to), recipientIsHere: here, relaying, permit, knownMailbox: known };
      assert.equal(decideDisposition(relayPolicy(row.site ?? site), accepted), goes);
    });
  }
});
