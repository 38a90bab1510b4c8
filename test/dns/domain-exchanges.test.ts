/** MX hosts with their addresses: what is asked, how often, and what is made of each answer. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainExchangeService } from '../../src/dns/domain-exchanges';
import { createResolver } from '../../src/dns/resolver';
import { formatAddress } from '../../src/policy/entries/ip-address';
import { parseSettings } from '../../src/policy/settings/settings';
import { type DnsStub, startDns, type Zone } from '../../testkit/live/dns';

const us = 'us.example';
const many = (count: number): readonly (readonly [number, string])[] =>
  Array.from({ length: count }, (_, i) => [i, i === count - 1 ? us : `h${i}.example`] as const);

const zone: Zone = {
  'one.example': { A: ['192.0.2.1'] },
  'two.example': { A: ['192.0.2.2', '192.0.2.3'], AAAA: ['2001:db8::2'] },
  'short.example': { A: [{ data: '192.0.2.4', ttl: 1 }] },
  'broken6.example': { A: ['192.0.2.5'], answer: { AAAA: 'SERVFAIL' } },
  ...Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`h${i}.example`, { A: [`192.0.2.${i + 100}`] }])),
  'plain.test': {
    MX: [
      [20, us],
      [10, 'One.Example'],
    ],
  },
  'several.test': {
    MX: [
      [5, 'two.example'],
      [10, 'one.example'],
      [10, us],
      [30, 'h1.example'],
    ],
  },
  'without.test': { MX: [[10, 'one.example']] },
  'primary.test': {
    MX: [
      [10, us],
      [20, 'one.example'],
    ],
  },
  'gone.test': {
    MX: [
      [10, 'gone.example'],
      [20, us],
    ],
  },
  'broken.test': {
    MX: [
      [10, 'broken6.example'],
      [20, us],
    ],
  },
  'null.test': { MX: [[0, '.']] },
  'empty.test': { A: ['192.0.2.1'] },
  'servfail.test': { answer: 'SERVFAIL' },
  'silent.test': { answer: 'drop' },
  'most.test': { MX: many(20) },
  'too-many.test': { MX: many(21) },
  'short.test': {
    MX: [
      [10, 'short.example'],
      [20, us],
    ],
  },
  'undecided.test': {
    MX: [
      [10, 'one.example'],
      [20, 'undecided.example'],
    ],
  },
};

describe('DomainExchangeService', () => {
  let dns: DnsStub;
  before(async () => {
    dns = await startDns(zone);
  });
  after(() => dns.stop());
  beforeEach(() => dns.clear());

  function service(cacheTtl = '5m'): DomainExchangeService {
    const text = `[dns]\nservers=127.0.0.1:${dns.port}\ntimeout=300ms\ntries=1\ncache_ttl=${cacheTtl}\n`;
    const { settings } = parseSettings('smtpcheck.ini', text);
    assert.ok(settings);
    const isOurs = async (name: string) => (name === 'undecided.example' ? undefined : name.toLowerCase() === us);
    return new DomainExchangeService(createResolver(settings.dns), settings.dns, isOurs);
  }

  async function found(domain: string): Promise<string> {
    const exchanges = await service().of(domain);
    if (exchanges.state !== 'found') return exchanges.state;
    const hosts = exchanges.hosts.map(
      ({ exchange, priority, isOurs, addresses }) =>
        `${priority} ${isOurs ? 'us' : [exchange.toLowerCase(), ...addresses.map(formatAddress)].join(' ')}`,
    );
    return hosts.join(', ');
  }

  for (const [domain, expected] of Object.entries({
    'plain.test': '10 one.example 192.0.2.1, 20 us',
    // What does not come before this host is asked for no address.
    'several.test': '5 two.example 192.0.2.2 192.0.2.3 2001:db8::2, 10 one.example, 10 us, 30 h1.example',
    'without.test': '10 one.example',
    'primary.test': '10 us, 20 one.example',
    'gone.test': 'unknown',
    'broken.test': 'unknown',
    'null.test': 'none',
    'empty.test': 'none',
    'does-not-exist.test': 'none',
    'servfail.test': 'unknown',
    'silent.test': 'unknown',
    'undecided.test': 'unknown',
    'too-many.test': 'none',
  })) {
    it(`finds of ${domain}: ${expected}`, async () => assert.equal(await found(domain), expected));
  }

  it('takes up to 20 hosts', async () => assert.equal((await found('most.test')).split(', ').length, 20));

  it('asks once for all who ask at the same time, and remembers it', async () => {
    const one = service();
    assert.equal(one.isKnown('plain.test'), false);
    await Promise.all(Array.from({ length: 10 }, () => one.of('plain.test')));
    await one.of('plain.test');
    assert.equal(one.isKnown('plain.test'), true);
    assert.deepEqual(dns.questions.map(({ name, type }) => `${type} ${name}`).sort(), [
      ...['A one.example', 'AAAA one.example', 'MX plain.test'],
    ]);
  });

  it('remembers for as long as the addresses may be, and cache_ttl at most', async () => {
    for (const [domain, ttl] of [
      ['short.test', '5m'],
      ['plain.test', '1s'],
    ] as const) {
      const one = service(ttl);
      await one.of(domain);
      await sleep(500);
      await one.of(domain);
      assert.equal(dns.questions.filter(({ type }) => type === 'MX').length, 1, domain);
      await sleep(700);
      await one.of(domain);
      assert.equal(dns.questions.filter(({ type }) => type === 'MX').length, 2, domain);
      dns.clear();
    }
  });
});
