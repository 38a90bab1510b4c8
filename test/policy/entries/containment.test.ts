import assert from 'node:assert/strict';
import { containsNetwork, EntryIndex, keyOf, type Network, widerKeys } from '../../../src/policy/entries/containment';
import { isProblem, parseEntry } from '../../../src/policy/entries/entry';

type TextReach = ReturnType<typeof reach>;

function reach(text: string) {
  const subdomainsOnly = text.startsWith('.');
  const entry = parseEntry(subdomainsOnly ? text.slice(1) : text);
  if (isProblem(entry)) throw new Error(`${text}: ${entry.problem}`);
  return { entry, subdomainsOnly, text };
}

describe('containsNetwork', () => {
  const cases: readonly { outer: string; inside: readonly string[]; outside: readonly string[] }[] = [
    {
      outer: '192.0.2.0/24',
      inside: ['192.0.2.0/24', '192.0.2.128/25', '192.0.2.255'],
      outside: ['192.0.2.0/23', '192.0.3.0', '::/1', '2001:db8::'],
    },
    {
      outer: '2001:db8::/32',
      inside: ['2001:db8::/32', '2001:db8:ffff::/48', '2001:db8::25'],
      outside: ['2001:db8::/31', '2001:db9::', '192.0.2.0/24'],
    },
  ];
  const network = (text: string) => reach(text).entry as unknown as Network;
  for (const { outer, inside, outside } of cases) {
    it(`knows what ${outer} contains`, () => {
      for (const inner of inside) assert.ok(containsNetwork(network(outer), network(inner)), inner);
      for (const inner of outside) assert.ok(!containsNetwork(network(outer), network(inner)), inner);
    });
  }
});

describe('EntryIndex', () => {
  const list = [
    '198.51.100',
    '198.51.100.16/28',
    '2001:db8::/32',
    'example.org',
    '=www.example.org',
    '.sub.example.org',
    'a@example.org',
  ];
  let index: EntryIndex<TextReach>;
  // Parsed in a hook: a parser that throws while the file is loaded fails no single test.
  beforeEach(() => {
    index = new EntryIndex(list.map(reach));
  });
  const cases: readonly { of: string; same?: string; around?: string }[] = [
    { of: '198.51.100.17', around: '198.51.100.16/28' },
    { of: '198.51.100.16/28', same: '198.51.100.16/28', around: '198.51.100' },
    { of: '198.51.101.17' },
    { of: '2001:db8::/32', same: '2001:db8::/32' },
    { of: '2001:db8:7::25', around: '2001:db8::/32' },
    { of: '2001:db9::25' },
    { of: '2001:db9::/32' },
    { of: 'example.org', same: 'example.org' },
    { of: '=example.org', around: 'example.org' },
    { of: '=www.example.org', same: '=www.example.org', around: 'example.org' },
    { of: 'www.example.org', around: 'example.org' },
    { of: 'x.sub.example.org', around: '.sub.example.org' },
    { of: 'sub.example.org', around: 'example.org' },
    { of: 'badexample.org' },
    { of: 'b@www.example.org', around: '=www.example.org' },
    { of: 'a@example.org', same: 'a@example.org', around: 'example.org' },
    { of: 'a@[198.51.100.17]', around: '198.51.100.16/28' },
  ];
  for (const { of, same, around } of cases) {
    it(`finds ${same ?? 'nothing'} for ${of} and ${around ?? 'nothing'} around it`, () => {
      assert.equal(index.same(reach(of))?.text, same);
      assert.equal(index.around(reach(of))?.text, around);
      assert.equal(index.covering(reach(of))?.text, same ?? around);
    });
  }

  it('begins empty', () => {
    const empty = new EntryIndex<TextReach>();
    assert.deepEqual([...empty.values()], []);
    empty.add(reach('192.0.2.0/24'));
    assert.equal(empty.around(reach('192.0.2.7'))?.text, '192.0.2.0/24');
  });

  it('keeps the first of two entries with the same reach, whatever their signs', () => {
    const twins = new EntryIndex([reach('192.0.2.7'), reach('!192.0.2.7')]);
    const [first] = twins.values();
    assert.equal(twins.add(reach('192.0.2.7')), first);
    const other = reach('192.0.2.8');
    assert.equal(twins.add(other), other);
    assert.deepEqual(
      [...twins.values()].map(({ text }) => text),
      ['192.0.2.7', '192.0.2.8'],
    );
  });
});

describe('widerKeys', () => {
  it('never names the entry itself, and the narrowest first', () => {
    assert.deepEqual([...widerKeys(reach('192.0.0.0/3'))], [`${192 * 2 ** 24}/2`, `${128 * 2 ** 24}/1`]);
    assert.deepEqual([...widerKeys(reach('a@example.org'))], ['=example.org', 'example.org', '.org', 'org']);
    assert.equal(keyOf(reach('!=example.org')), '=example.org');
    const others = ['2001:db8::/96', '2001:db8:1::/96', '2001:db8:0:0:1::/96', '2001:db8:0:0:0:1::/96'];
    assert.equal(new Set(others.map((text) => keyOf(reach(text)))).size, others.length);
  });
});
