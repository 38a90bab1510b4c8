/** Whether MX records make this server the backup of a domain, for hosts in the networks of `mx:` entries. */
import assert from 'node:assert/strict';
import { type DomainExchanges, decideBackup, type ExchangeHost } from '../../src/policy/mx-backup';
import { decideRelay, needsExchanges } from '../../src/policy/relay-decision';
import type { RelayPolicy } from '../../src/policy/relay-policy';
import { address, listOf, mapOf, now, recipient, relayPolicy, relayRequest, unavailableList } from '../../testkit/core';

/** `10 192.0.2.25 2001:db8::25`: a host of another; `20 us`: this one. */
function exchanges(...records: readonly string[]): DomainExchanges {
  const hosts = records.map((record, i): ExchangeHost => {
    const [priority = '', ...rest] = record.split(' ');
    const isOurs = rest[0] === 'us';
    return {
      exchange: `mx${i}.partner.example`,
      priority: Number(priority),
      isOurs,
      addresses: isOurs ? [] : rest.map(address),
    };
  });
  return { state: 'found', hosts };
}

const entries = ['mx:192.0.2.0/24', '!mx:192.0.2.66', 'mx:2001:db8:25::/48', 'mx:198.51.100.7 until=2026-01-15T00:00Z'];

const cases: readonly [string, DomainExchanges, number | undefined][] = [
  ['one host before us, in a listed network', exchanges('10 192.0.2.25', '20 us'), 1],
  ['several, all of them in listed networks', exchanges('10 192.0.2.25', '20 2001:db8:25::1', '30 us'), 1],
  ['names the entry of the best one', exchanges('20 192.0.2.25', '10 2001:db8:25::1', '30 us'), 3],
  ['one of two addresses elsewhere', exchanges('10 192.0.2.25 203.0.113.1', '20 us'), undefined],
  ['one of two families elsewhere', exchanges('10 192.0.2.25 2001:db8::1', '20 us'), undefined],
  ['one of two hosts elsewhere', exchanges('10 192.0.2.25', '15 203.0.113.1', '20 us'), undefined],
  ['one elsewhere behind us', exchanges('10 192.0.2.25', '20 us', '30 203.0.113.1'), 1],
  ['one elsewhere of the same preference as us', exchanges('10 192.0.2.25', '20 us', '20 203.0.113.1'), 1],
  ['us among the most preferred', exchanges('10 192.0.2.25', '10 us'), undefined],
  ['us twice, once as the most preferred', exchanges('10 us', '20 192.0.2.25', '30 us'), undefined],
  ['us alone', exchanges('10 us'), undefined],
  ['hosts without us', exchanges('10 192.0.2.25', '20 192.0.2.26'), undefined],
  ['an excluded address', exchanges('10 192.0.2.66', '20 us'), undefined],
  ['an address whose entry has ended', exchanges('10 198.51.100.7', '20 us'), undefined],
  ['a host without an address', exchanges('10', '20 us'), undefined],
  ['a host without an address behind one in a network', exchanges('10 192.0.2.25', '15', '20 us'), undefined],
  ['no records', { state: 'none' }, undefined],
  ['records that could not be looked up', { state: 'unknown' }, undefined],
];

describe('decideBackup', () => {
  const list = listOf('relay_to', ...entries);
  for (const [name, found, line] of cases) {
    it(`${name}: ${line === undefined ? 'no' : `by line ${line}`}`, () => {
      assert.equal(decideBackup(list, found, now)?.entry.source.line, line);
    });
  }
});

describe('decideRelay with mx: entries', () => {
  const destinations = listOf('relay_to', 'backup.example', '!closed.example', 'mx:192.0.2.0/24');
  const permitted = exchanges('10 192.0.2.25', '20 us');
  const ask = (to: string, found?: DomainExchanges, more: Partial<RelayPolicy> = {}) => {
    const policy = { ...relayPolicy(), destinations, ...more };
    const request = { ...relayRequest(), recipient: recipient(to), ...(found && { exchanges: found }) };
    const { outcome, rule } = decideRelay(policy, request);
    return { says: `${outcome} ${rule}`, asks: needsExchanges(policy, request) };
  };

  it('permits what the records permit, and asks for them where nothing else decides', () => {
    assert.deepEqual(ask('a@partner.example'), { says: 'refuse relay-denied', asks: true });
    assert.deepEqual(ask('a@partner.example', permitted), { says: 'permit backup-mx', asks: false });
    assert.deepEqual(ask('a@partner.example', exchanges('10 us')), { says: 'refuse relay-denied', asks: false });
    assert.deepEqual(ask('a@partner.example', { state: 'none' }), { says: 'refuse relay-denied', asks: false });
  });

  it('defers where they could not be looked up', () => {
    const policy = { ...relayPolicy(), destinations };
    const request = {
      ...relayRequest(),
      recipient: recipient('a@partner.example'),
      exchanges: { state: 'unknown' } as const,
    };
    const decision = decideRelay(policy, request);
    assert.deepEqual(decision, {
      outcome: 'defer',
      rule: 'mx-unknown',
      reply: {
        code: 450,
        enhanced: [4, 4, 3],
        text: 'Relaying temporarily denied. Cannot resolve MX records for partner.example',
      },
    });
  });

  it('asks for none where something else decides, or none could exist', () => {
    for (const to of [
      'a@backup.example',
      'a@closed.example',
      'a@sub.closed.example',
      'a@[203.0.113.9]',
      'postmaster',
      'a@localhost',
    ])
      assert.equal(ask(to).asks, false, to);
    const map = mapOf('To:refused.example REJECT', 'To:mapped.example RELAY');
    for (const to of ['a@refused.example', 'a@mapped.example'])
      assert.equal(ask(to, undefined, { map }).asks, false, to);
    assert.deepEqual(ask('a@refused.example', permitted, { map }).says, 'refuse relay-map');
    assert.equal(ask('a@partner.example', undefined, { clientNetworks: unavailableList('local_ip') }).asks, false);
    assert.equal(
      ask('a@partner.example', undefined, { destinations: listOf('relay_to', 'backup.example') }).asks,
      false,
    );
  });

  it('lets no exclusion by name be passed', () => {
    assert.equal(ask('a@closed.example', permitted).says, 'refuse destination-excluded');
  });
});
