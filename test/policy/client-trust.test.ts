import assert from 'node:assert/strict';
import { type ClientNames, unaskedNames } from '../../src/policy/client-names';
import { decideTrust, trustWithdrawn } from '../../src/policy/client-trust';
import { formatReply } from '../../src/policy/decision';
import { named, type RelaySite, relayPolicy, relayRequest } from '../../testkit/core';

const confirmedHere = named(['lab1.campus.example'], ['lab1.campus.example']);

describe('decideTrust', () => {
  const site: RelaySite = { localip: ['192.0.2'], localdomain: ['campus.example'] };
  const trust = (from: string | undefined, names: ClientNames = unaskedNames) =>
    decideTrust(relayPolicy(site), relayRequest({ from, names }))?.rule;

  it('trusts an address and a confirmed name, and nothing else', () => {
    assert.equal(trust('192.0.2.7'), 'client-network');
    assert.equal(trust('203.0.113.9', confirmedHere), 'client-domain');
    assert.equal(trust('203.0.113.9', named(['lab1.campus.example'])), undefined);
    assert.equal(trust('203.0.113.9'), undefined);
    assert.equal(trust(undefined), undefined);
  });

  it('ends the connection of a client that is trusted no more', () => {
    assert.equal(trustWithdrawn.rule, 'trust-withdrawn');
    assert.equal(
      trustWithdrawn.outcome === 'defer' && formatReply(trustWithdrawn.reply),
      '421 4.7.1 Relaying permission has changed, please reconnect',
    );
  });
});
