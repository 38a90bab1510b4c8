import assert from 'node:assert/strict';
import { coveredSender, nullSender, SenderScope } from '../../../src/policy/attributes/sender-scope';
import { fc } from '../../../testkit/properties';

function scopeOf(text: string): SenderScope {
  const scope = SenderScope.parse(text);
  assert.ok(scope, `${text} is a scope`);
  return scope;
}

interface ScopeCase {
  readonly name: string;
  readonly scope: string;
  readonly covered: readonly string[];
  readonly others: readonly string[];
}

const cases: readonly ScopeCase[] = [
  {
    name: 'covers a domain and all below it, by whole labels',
    scope: 'dept.example',
    covered: ['dept.example', 'a.dept.example', 'a.b.dept.example', 'dept.example.'],
    others: ['notdept.example', 'dept.example.org', 'example', 'ept.example', 'dept.example..', ''],
  },
  {
    name: 'covers an exact name alone',
    scope: '=lab.example',
    covered: ['lab.example', 'lab.example.'],
    others: ['a.lab.example', 'example', '=lab.example'],
  },
  {
    name: 'covers the null sender if it is listed, and no sender by it',
    scope: '<>,dept.example',
    covered: [nullSender, 'dept.example'],
    others: ['', '<>.dept', 'lab.example'],
  },
  { name: 'covers no null sender otherwise', scope: 'dept.example', covered: ['dept.example'], others: [nullSender] },
  {
    name: 'takes U-labels for A-labels',
    scope: 'bücher.example',
    covered: ['xn--bcher-kva.example', 'a.xn--bcher-kva.example'],
    others: ['bücher.example', 'bucher.example'],
  },
  {
    name: 'covers no address literal',
    scope: 'dept.example,<>',
    covered: ['dept.example'],
    others: ['[192.0.2.7]', '[ipv6:2001:db8::1]'],
  },
];

describe('SenderScope', () => {
  for (const { name, scope, covered, others } of cases) {
    it(name, () => {
      for (const sender of covered) assert.ok(scopeOf(scope).covers(sender), `${sender} is covered`);
      for (const sender of others) assert.ok(!scopeOf(scope).covers(sender), `${sender} is not covered`);
    });
  }

  it('contains what covers no more senders', () => {
    const contains = (one: string, other: string) => scopeOf(one).contains(scopeOf(other));
    for (const [one, other, does] of [
      ['a.example,b.example,=c.example,<>', 'b.example,a.example,=c.example,<>', true],
      ['example.org', 'a.example.org,=b.c.example.org', true],
      ['a.example', 'a.example,b.example', false],
      ['a.example', 'b.example,a.example', false],
      ['=a.example', '=b.example', false],
      ['=a.example', 'a.example', false],
      ['a.example', '<>', false],
      ['a.example,<>', 'a.example', true],
    ] as const)
      assert.equal(contains(one, other), does, `${one} and ${other}`);
  });

  it('has its domains by their names', () =>
    assert.deepEqual(scopeOf('b.example,=a.example,<>').domains, ['b.example', 'a.example']));

  it('covers nobody before MAIL, and whoever is asked for as covered', () => {
    assert.equal(scopeOf('dept.example').covers(undefined), false);
    assert.equal(scopeOf('dept.example').covers(coveredSender), true);
  });

  for (const text of [
    '',
    ',',
    'dept.example,',
    ',<>',
    'jp',
    'ac.jp',
    '=com',
    '*.dept.example',
    '.dept.example',
    '<a>',
    'a@b.example',
    '<>.example',
    'dept.example;lab.example',
    '192.0.2.7',
    '!dept.example',
    '==dept.example',
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(SenderScope.parse(text), undefined));
  }

  it('has one text for all that cover the same', () => {
    for (const [text, is] of [
      ['lab.example,dept.example', 'dept.example,lab.example'],
      ['<>,Dept.Example.,dept.example', 'dept.example,<>'],
      ['dept.example,=dept.example,=a.dept.example,b.dept.example', 'dept.example'],
      ['=lab.example,dept.example,<>', '=lab.example,dept.example,<>'],
    ] as const)
      assert.equal(scopeOf(text).text, is);
  });

  const name = fc
    .array(fc.constantFrom('a', 'b'), { maxLength: 3 })
    .map((labels) => [...labels, 'x', 'example'].join('.'));
  const item = fc.oneof(
    name,
    name.map((one) => `=${one}`),
    fc.constant(nullSender),
  );
  const text = fc.array(item, { minLength: 1, maxLength: 4 }).map((items) => items.join(','));

  it('covers what the plainest reading of its text does, and says what it covers', () => {
    const probe = fc.oneof(name, fc.constant(nullSender));
    fc.assert(
      fc.property(text, probe, (written, sender) => {
        const expected = written
          .split(',')
          .some((one) =>
            one.startsWith('=') ? one.slice(1) === sender : sender === one || sender.endsWith(`.${one}`),
          );
        assert.equal(scopeOf(written).covers(sender), expected);
        assert.equal(scopeOf(scopeOf(written).text).covers(sender), expected);
      }),
    );
  });

  it('contains another one exactly where it covers all of its senders', () => {
    const senders = ['', 'a.', 'b.', 'a.a.', 'b.a.', 'a.b.', 'b.b.', 'a.a.a.', 'b.a.a.', 'a.b.a.', 'b.b.a.', 'a.a.b.']
      .flatMap((below) => [`${below}x.example`, `new.${below}x.example`, `a.b.b.x.example`, `b.a.b.x.example`])
      .concat('b.b.b.x.example', 'new.a.b.b.x.example', 'new.b.a.b.x.example', 'new.b.b.b.x.example', nullSender);
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [outer, inner] = [scopeOf(one), scopeOf(other)];
        const expected = senders.every((sender) => outer.covers(sender) || !inner.covers(sender));
        assert.equal(outer.contains(inner), expected);
        assert.equal(outer.text === inner.text, outer.contains(inner) && inner.contains(outer));
      }),
    );
  });
});
