import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientNameService } from '../../src/dns/client-names';
import { createResolver, type Resolver } from '../../src/dns/resolver';
import type { ClientNames } from '../../src/policy/client-names';
import { parseAddress } from '../../src/policy/entries/ip-address';
import { parseSettings } from '../../src/policy/settings/settings';
import type { Settings } from '../../src/policy/settings/settings-description';
import { address } from '../../testkit/core';
import { type DnsStub, startDns, type Zone } from '../../testkit/live/dns';

const many = Array.from({ length: 14 }, (_, i) => `h${i}.campus.example`);

const zone: Zone = {
  '192.0.2.1': ['one.campus.example'],
  'one.campus.example': { A: ['192.0.2.1'] },
  '192.0.2.2': ['two.campus.example', 'three.campus.example'],
  'two.campus.example': { A: ['198.51.100.1', '192.0.2.2'] },
  'three.campus.example': { A: ['198.51.100.1'] },
  '192.0.2.3': ['forged.campus.example'],
  'forged.campus.example': { A: ['192.0.2.4'] },
  '192.0.2.5': ['gone.campus.example'],
  '192.0.2.6': ['alias.campus.example'],
  'alias.campus.example': { CNAME: 'real.campus.example' },
  'real.campus.example': { A: ['192.0.2.6'] },
  '192.0.2.7': many,
  ...Object.fromEntries(many.map((name) => [name, { A: ['192.0.2.7'] }])),
  '192.0.2.8': { answer: 'SERVFAIL' },
  '192.0.2.9': { answer: 'drop' },
  '192.0.2.10': ['broken.campus.example', 'ten.campus.example'],
  'broken.campus.example': { answer: 'SERVFAIL' },
  'ten.campus.example': { A: ['192.0.2.10'] },
  '192.0.2.11': ['lost.campus.example'],
  'lost.campus.example': { answer: 'drop' },
  '192.0.2.12': ['Upper.Campus.Example'],
  'upper.campus.example': { A: ['192.0.2.12'] },
  '192.0.2.13': ['v6only.campus.example'],
  'v6only.campus.example': { AAAA: ['::ffff:192.0.2.13'] },
  '192.0.2.14': { CNAME: '14.sub.example' },
  '14.sub.example': { PTR: ['delegated.campus.example'] },
  'delegated.campus.example': { A: ['192.0.2.14'] },
  '192.0.2.15': ['_._.!!'],
  '192.0.2.17': ['bad-.campus.example', '-pc.campus.example'],
  '-pc.campus.example': { A: ['192.0.2.17'] },
  '192.0.2.18': [String.raw`x\.campus.example`, String.raw`a\000b.campus.example`],
  '192.0.2.19': ['a b.campus.example'],
  'a b.campus.example': { A: ['192.0.2.19'] },
  '192.0.2.22': ['.'],
  '192.0.2.16': ['large.campus.example'],
  'large.campus.example': { A: ['192.0.2.16'], truncate: true },
  '2001:db8::1': ['six.campus.example'],
  'six.campus.example': { AAAA: ['2001:DB8:0::1'] },
  '2001:db8::2': ['four.campus.example'],
  'four.campus.example': { A: ['192.0.2.1'] },
  '192.0.2.20': ['short.campus.example'],
  'short.campus.example': { A: [{ data: '192.0.2.20', ttl: 1 }] },
  '192.0.2.21': ['zero.campus.example'],
  'zero.campus.example': { A: [{ data: '192.0.2.21', ttl: 0 }] },
};

let dns: DnsStub;
before(async () => {
  dns = await startDns(zone);
});
after(() => dns.stop());
beforeEach(() => dns.clear());

function settings(...lines: readonly string[]): Settings['dns'] {
  const text = ['[dns]', `servers=127.0.0.1:${dns.port}`, 'timeout=5s', 'tries=1', ...lines].join('\n');
  const parsed = parseSettings(
    'smtpcheck.ini',
    lines.length === 0
      ? text
      : [...new Map(text.split('\n').map((line) => [line.split('=')[0], line])).values()].join('\n'),
  );
  assert.ok(parsed.settings, JSON.stringify(parsed.findings));
  return parsed.settings.dns;
}

function service(...lines: readonly string[]): ClientNameService {
  const dnsSettings = settings(...lines);
  return new ClientNameService(createResolver(dnsSettings), dnsSettings);
}

const client = (ip: string) => ({ ip, address: address(ip) });
/** What was asked; not of the name that is never answered, which is asked for again when its test is long over. */
const asked = () =>
  dns.questions.filter(({ name }) => name !== 'lost.campus.example').map(({ name, type }) => `${type} ${name}`);

/** `state claimed | confirmed | unresolved` */
const told = ({ state, claimed, confirmed, unresolved }: ClientNames) =>
  `${state} ${[claimed, confirmed, unresolved].map((names) => names.map((name) => name.replace('.campus.example', '')).join(' ')).join(' | ')}`;

describe('ClientNameService.confirmed', () => {
  const rows: readonly { readonly name: string; readonly ip: string; readonly is: string }[] = [
    { name: 'confirms a name that leads back', ip: '192.0.2.1', is: 'known one | one | ' },
    { name: 'confirms each name by itself', ip: '192.0.2.2', is: 'known two three | two | ' },
    { name: 'confirms no name that leads elsewhere, be it next door', ip: '192.0.2.3', is: 'known forged |  | ' },
    { name: 'confirms no name that does not exist', ip: '192.0.2.5', is: 'known gone |  | ' },
    { name: 'follows a CNAME forward', ip: '192.0.2.6', is: 'known alias | alias | ' },
    {
      name: 'follows a CNAME backward, for delegations smaller than a /24',
      ip: '192.0.2.14',
      is: 'known delegated | delegated | ',
    },
    { name: 'knows of a client without a name', ip: '192.0.2.99', is: 'none  |  | ' },
    { name: 'could not tell when the PTR answer is SERVFAIL', ip: '192.0.2.8', is: 'unknown  |  | ' },
    { name: 'could not tell when there is no PTR answer', ip: '192.0.2.9', is: 'unknown  |  | ' },
    { name: 'could not tell of one name among others', ip: '192.0.2.10', is: 'known broken ten | ten | broken' },
    { name: 'could not tell when there is no forward answer', ip: '192.0.2.11', is: 'known lost |  | lost' },
    { name: 'compares names in lower case', ip: '192.0.2.12', is: 'known upper | upper | ' },
    { name: 'asks for addresses of the family of the client alone', ip: '192.0.2.13', is: 'known v6only |  | ' },
    { name: 'confirms the name of an IPv6 client', ip: '2001:db8::1', is: 'known six | six | ' },
    { name: 'confirms no IPv6 client by an IPv4 address', ip: '2001:db8::2', is: 'known four |  | ' },
    { name: 'knows a name of any characters', ip: '192.0.2.15', is: 'known _._.!! |  | ' },
    { name: 'confirms one that no list could hold', ip: '192.0.2.17', is: 'known bad- -pc | -pc | ' },
    { name: 'confirms no name that c-ares asks for never', ip: '192.0.2.19', is: 'known a b |  | ' },
    { name: 'knows no name where it is the root', ip: '192.0.2.22', is: 'none  |  | ' },
    { name: 'asks again over TCP when an answer was cut', ip: '192.0.2.16', is: 'known large | large | ' },
  ];
  for (const { name, ip, is } of rows) {
    it(name, async () => {
      const names = is.startsWith('unknown') || is.includes('lost') ? service('timeout=200ms') : service();
      assert.equal(told(await names.confirmed(client(ip))), is);
    });
  }

  it('looks at ten names and no more', async () => {
    const names = await service().confirmed(client('192.0.2.7'));
    assert.equal(names.claimed.length, 10);
    assert.equal(names.confirmed.length, 10);
    assert.equal(asked().filter((question) => question.startsWith('A ')).length, 10);
  });

  it('gives up on what is not answered, after as many tries as it may', async () => {
    const names = await service('timeout=100ms', 'tries=3').confirmed(client('192.0.2.11'));
    assert.deepEqual(names.unresolved, ['lost.campus.example']);
  });

  it('takes a client with a zone for the address it has', async () => {
    const ip = 'fe80::1%eth0';
    const parsed = parseAddress(ip);
    assert.ok(parsed);
    assert.equal((await service().confirmed({ ip, address: parsed })).state, 'none');
  });

  it('asks once for all who ask at the same time', async () => {
    const names = service();
    const answers = await Promise.all(Array.from({ length: 20 }, () => names.confirmed(client('192.0.2.1'))));
    assert.equal(new Set(answers.map(told)).size, 1);
    assert.deepEqual(asked(), ['PTR 192.0.2.1', 'A one.campus.example']);
  });

  it('asks for the PTR names once, whether they are to be confirmed or not', async () => {
    const names = service();
    await Promise.all([names.claimed(client('192.0.2.1')), names.confirmed(client('192.0.2.1'))]);
    await names.claimed(client('192.0.2.1'));
    assert.deepEqual(asked(), ['PTR 192.0.2.1', 'A one.campus.example']);
  });

  it('remembers an answer, and forgets it after its TTL', async () => {
    const names = service();
    await names.confirmed(client('192.0.2.20'));
    await names.confirmed(client('192.0.2.20'));
    assert.equal(asked().length, 2);
    await sleep(1100);
    await names.confirmed(client('192.0.2.20'));
    assert.deepEqual(asked().slice(2), ['A short.campus.example']);
  });

  it('does not remember an answer whose TTL is 0 for ever', async () => {
    const names = service();
    await names.confirmed(client('192.0.2.21'));
    await sleep(20);
    await names.confirmed(client('192.0.2.21'));
    assert.equal(asked().filter((question) => question === 'A zero.campus.example').length, 2);
  });

  it('takes no dot inside a label for one between labels', async () => {
    const { claimed } = await service().claimed(client('192.0.2.18'));
    assert.deepEqual(claimed, [String.raw`x\046campus.example`, String.raw`a\000b.campus.example`]);
  });

  it('asks forward for the name that it lists, with the same labels', async () => {
    const names: string[] = [];
    const resolver: Resolver = {
      reverse: async () => ({ state: 'found', value: [String.raw`X\.campus.example`], ttl: Number.POSITIVE_INFINITY }),
      addresses: async (name) => {
        names.push(name);
        return { state: 'found', value: [address('192.0.2.18')], ttl: 60 };
      },
      exchanges: async () => ({ state: 'none' }),
    };
    const { confirmed } = await new ClientNameService(resolver, settings()).confirmed(client('192.0.2.18'));
    assert.deepEqual([confirmed, names], [names, [String.raw`x\046campus.example`]]);
  });

  it('tells until when an answer counts: as long as the cache answers without a question', async () => {
    for (const [ip, lines, most] of [
      ['192.0.2.20', [], 1000],
      ['192.0.2.1', [], 60_000],
      ['192.0.2.1', ['cache_ttl=2s'], 2000],
      ['192.0.2.99', [], 60_000],
      ['192.0.2.8', [], 5000],
      ['192.0.2.10', [], 5000],
    ] as const) {
      const names = service(...lines);
      const left = async () => (await names.confirmed(client(ip))).expires - performance.now();
      const first = await left();
      assert.ok(first > most - 500 && first <= most, `${ip}: ${first} ms`);
      assert.ok((await left()) <= first, 'it does not grow when it is asked for again');
    }
  });

  it('does not let a confirmation outlive the PTR names that it confirms', async () => {
    const names = service('cache_ttl=1s');
    const { expires } = await names.claimed(client('192.0.2.1'));
    await sleep(300);
    assert.equal((await names.confirmed(client('192.0.2.1'))).expires, expires);
  });

  it('remembers for no longer than cache_ttl, whatever the TTL', async () => {
    const names = service('cache_ttl=1s');
    await names.confirmed(client('192.0.2.1'));
    await sleep(1100);
    await names.confirmed(client('192.0.2.1'));
    assert.equal(asked().length, 4);
  });

  it('remembers no more clients than cache_size', async () => {
    const names = service('cache_size=2');
    for (const ip of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.1']) await names.claimed(client(ip));
    assert.equal(asked().length, 4);
    await names.claimed(client('192.0.2.1'));
    assert.equal(asked().length, 4);
  });

  it('shields the DNS for a moment after a failure', async () => {
    const names = service();
    for (let i = 0; i < 3; i++) assert.equal((await names.confirmed(client('192.0.2.8'))).state, 'unknown');
    assert.equal(asked().length, 1);
  });

  it('rejects, and remembers nothing, where the resolver breaks', async () => {
    let calls = 0;
    const broken: Resolver = {
      reverse: async () => {
        calls++;
        throw new Error('injected');
      },
      addresses: async () => ({ state: 'none' }),
      exchanges: async () => ({ state: 'none' }),
    };
    const names = new ClientNameService(broken, settings());
    for (let i = 0; i < 2; i++) await assert.rejects(names.confirmed(client('192.0.2.1')), /injected/);
    assert.equal(calls, 2);
  });
});

describe('createResolver', () => {
  it('tells a sure no from a failure', async () => {
    const { exchanges, addresses, reverse } = createResolver(settings());
    assert.deepEqual(await exchanges('nosuch.example'), { state: 'none' });
    assert.deepEqual(await exchanges('one.campus.example'), { state: 'none' });
    assert.deepEqual(await addresses('broken.campus.example', 4), { state: 'unknown' });
    const impatient = createResolver(settings('timeout=100ms'));
    assert.deepEqual(await impatient.addresses('lost.campus.example', 6), { state: 'unknown' });
    assert.deepEqual(await reverse('192.0.2.99'), { state: 'none' });
    assert.deepEqual(await reverse('192.0.2.8'), { state: 'unknown' });
  });

  it('tells the smallest TTL', async () => {
    dns.change({
      'ttl.campus.example': {
        A: [
          { data: '192.0.2.30', ttl: 50 },
          { data: '192.0.2.31', ttl: 7 },
        ],
      },
    });
    const answer = await createResolver(settings()).addresses('ttl.campus.example', 4);
    assert.equal(answer.state === 'found' && answer.ttl, 7);
  });

  it('never rejects, whatever it is asked', async () => {
    const resolver = createResolver(settings());
    for (const text of ['', '.', 'a..b', 'x'.repeat(300), '\u0000', 'ü.example', '127.0.0.1']) {
      for (const answer of [await resolver.exchanges(text), await resolver.addresses(text, 4)]) {
        assert.ok(['found', 'none', 'unknown'].includes(answer.state), text);
      }
    }
  });

  for (const delay of [1200, 1900]) {
    it(`takes an answer after ${delay} ms with timeout=2s, however quick the server was before`, async () => {
      dns.change({ 'late.campus.example': { A: ['192.0.2.40'], delay }, 'quick.campus.example': { A: [], delay: 2 } });
      const resolver = createResolver(settings('timeout=2s', 'tries=1'));
      for (let i = 0; i < 10; i++) await resolver.addresses('quick.campus.example', 4);
      assert.equal((await resolver.addresses('late.campus.example', 4)).state, 'found');
    });
  }

  it('takes no answer after timeout times tries', async () => {
    dns.change({ 'late.campus.example': { A: ['192.0.2.40'], delay: 600 } });
    const started = performance.now();
    const answer = await createResolver(settings('timeout=250ms', 'tries=2')).addresses('late.campus.example', 4);
    assert.deepEqual(answer, { state: 'unknown' });
    const took = performance.now() - started;
    assert.ok(took >= 450 && took < 600, `${took} ms`);
  });

  it('waits once for a server that is silent, and asks the other one first from then on', async () => {
    const silent = await startDns({ 'one.campus.example': { answer: 'drop' } });
    try {
      const servers = `servers=127.0.0.1:${silent.port} 127.0.0.1:${dns.port}`;
      const resolver = createResolver(settings(servers, 'timeout=300ms', 'tries=2'));
      for (const states of [['found'], ['found', 'found', 'found']]) {
        const answers = await Promise.all(states.map(() => resolver.addresses('one.campus.example', 4)));
        assert.deepEqual(
          answers.map(({ state }) => state),
          states,
        );
        assert.equal(silent.questions.length, 1);
      }
    } finally {
      await silent.stop();
    }
  });

  it('asks as often as it may, and no longer', async () => {
    const answer = await createResolver(settings('timeout=100ms', 'tries=3')).exchanges('lost.campus.example');
    assert.deepEqual(answer, { state: 'unknown' });
    assert.ok(dns.questions.length >= 1 && dns.questions.length <= 3, `${dns.questions.length} questions`);
  });
});
