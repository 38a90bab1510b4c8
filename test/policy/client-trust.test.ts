import assert from 'node:assert/strict';
import { formatLimits } from '../../src/policy/attributes/limit';
import { type ClientNames, unaskedNames } from '../../src/policy/client-names';
import { decideTrust, dependsOnSender, findDenial, trustWithdrawn } from '../../src/policy/client-trust';
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

  it('goes with what narrows the entry, and with nothing else', () => {
    const policy = relayPolicy({
      localip: ['192.0.2.1', '192.0.2.2 limit=5/1h', '192.0.2.3 from=<>', '192.0.2.4 from=<> limit=5/1h'],
    });
    const bounds = [1, 2, 3, 4].map((octet) => {
      const { scope, limits, ...rest } = decideTrust(
        policy,
        relayRequest({ from: `192.0.2.${octet}`, sender: '<>' }),
      ) ?? { rule: '' };
      assert.equal(rest.rule, 'client-network');
      return [scope?.text, limits && formatLimits(limits), 'scope' in rest || 'limits' in rest];
    });
    assert.deepEqual(bounds, [
      [undefined, undefined, false],
      [undefined, 'limit=5/1h', false],
      ['<>', undefined, false],
      ['<>', 'limit=5/1h', false],
    ]);
    const keys = [1, 2, 3].map((octet) =>
      Object.keys(decideTrust(policy, relayRequest({ from: `192.0.2.${octet}`, sender: '<>' })) ?? {}).sort(),
    );
    assert.deepEqual(keys, [
      ['at', 'outcome', 'rule'],
      ['at', 'limits', 'outcome', 'rule'],
      ['at', 'outcome', 'rule', 'scope'],
    ]);
  });

  it('is denied by the first name that has an entry', () => {
    const policy = relayPolicy({ localdomain: ['campus.example', '!old.campus.example'] });
    const names = named(['pc.access.example', 'pc.old.campus.example'], ['pc.access.example', 'pc.old.campus.example']);
    assert.equal(findDenial(policy, relayRequest({ names }))?.source.line, 2);
    assert.equal(findDenial(policy, relayRequest({ names: named(['a.example'], ['a.example']) })), undefined);
  });

  it('depends on the sender where any entry of either list has a scope', () => {
    const depends = (more: RelaySite) => dependsOnSender(relayPolicy(more));
    assert.equal(depends({ localip: ['192.0.2.1 limit=5/1h'], localdomain: ['a.example'] }), false);
    assert.equal(depends({ localip: ['192.0.2.1 from=<>'], localdomain: ['a.example'] }), true);
    assert.equal(depends({ localip: ['192.0.2.1'], localdomain: ['a.example from=<>'] }), true);
  });

  it('ends the connection of a client that is trusted no more', () => {
    assert.equal(trustWithdrawn.rule, 'trust-withdrawn');
    assert.equal(
      trustWithdrawn.outcome === 'defer' && formatReply(trustWithdrawn.reply),
      '421 4.7.1 Relaying permission has changed, please reconnect',
    );
  });
});
