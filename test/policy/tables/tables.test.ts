import assert from 'node:assert/strict';
import { formatAddress } from '../../../src/policy/entries/ip-address';
import { NameTable, NameTableBuilder } from '../../../src/policy/tables/name-table';
import {
  addressOfRow,
  isExcludedRow,
  lengthOfRow,
  none,
  PrefixTable,
  PrefixTableBuilder,
  parentOfRow,
} from '../../../src/policy/tables/prefix-table';
import type { SameKey } from '../../../src/policy/tables/sorted-rows';
import { address } from '../../../testkit/core';

type Row = readonly [prefix: string, line: number, excluded?: boolean, payload?: number];

function prefixTable(family: 4 | 6, rows: readonly Row[]): { table: PrefixTable; same: readonly SameKey[] } {
  const builder = new PrefixTableBuilder(family);
  for (const [prefix, line, excluded = false, payload] of rows) {
    const [text = '', length] = prefix.split('/');
    builder.add(address(text), Number(length), line, excluded, payload);
  }
  const { data, same } = builder.build();
  return { table: new PrefixTable(data), same };
}

/** Enough networks in 10.0.0.0/8 for the index, every second one. */
const many: readonly Row[] = Array.from({ length: 600 }, (_, i) => [`10.${i >> 7}.${(i & 127) * 2}.0/24`, i + 1]);

/** Always the same order, and none that has anything to do with the rows. */
function scrambled<T>(rows: readonly T[]): T[] {
  return rows.map((_, i) => rows[(i * 509) % rows.length] as T);
}

describe('PrefixTable', () => {
  it('is empty without rows', () => {
    const { table, same } = prefixTable(4, []);
    assert.deepEqual([table.size, same, table.find(address('0.0.0.0'))], [0, [], undefined]);
  });

  it('answers for its own family alone', () => {
    const { table } = prefixTable(6, [['::/1', 1]]);
    assert.equal(table.find(address('::1'))?.line, 1);
    assert.equal(table.find(address('0.0.0.1')), undefined);
  });

  it('takes rows in any order', () => {
    const rows: readonly Row[] = [
      ['192.0.2.7/32', 1],
      ['192.0.2.0/24', 2, true],
      ['192.0.2.0/25', 3],
      ['0.0.0.0/1', 4],
      ['128.0.0.0/1', 5],
    ];
    for (const order of [rows, [...rows].reverse()]) {
      const { table } = prefixTable(4, order);
      const lines = ['192.0.2.7', '192.0.2.8', '192.0.2.200', '192.0.3.0', '1.1.1.1'].map(
        (client) => table.find(address(client))?.line,
      );
      assert.deepEqual(lines, [1, 3, 2, 5, 4]);
    }
  });

  it('finds the same with an index as without', () => {
    const indexed = prefixTable(4, [...many, ['10.0.0.0/8', 1000], ['11.0.0.0/16', 1001]]).table;
    assert.ok(indexed.data.starts.length > 0, 'there is an index');
    assert.ok(prefixTable(4, many.slice(0, 512)).table.data.starts.length > 0, 'from its threshold on');
    assert.ok(prefixTable(4, many.slice(0, 511)).table.data.starts.length === 0, 'and none below');
    assert.equal(indexed.find(address('10.0.0.0'))?.line, 1);
    assert.equal(indexed.find(address('10.0.0.255'))?.line, 1);
    assert.equal(indexed.find(address('10.0.1.0'))?.line, 1000);
    assert.equal(indexed.find(address('10.4.174.255'))?.line, 600);
    assert.equal(indexed.find(address('10.255.255.255'))?.line, 1000);
    assert.equal(indexed.find(address('11.0.255.255'))?.line, 1001);
    assert.equal(indexed.find(address('9.255.255.255')), undefined);
    assert.equal(indexed.find(address('11.1.0.0')), undefined);
    assert.equal(indexed.find(address('0.0.0.0')), undefined);
    assert.equal(indexed.find(address('255.255.255.255')), undefined);
  });

  it('sorts 128 bits by every word', () => {
    const { table } = prefixTable(6, [
      ['2001:db8::1:0:0:0/80', 1],
      ['2001:db8:0:1::/64', 2],
      ['2001:db8::/32', 3],
      ['2001:db8::1:0:0:7/128', 4],
      ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', 5],
    ]);
    const found = (client: string) => table.find(address(client))?.line;
    assert.deepEqual(
      ['2001:db8::1:0:0:6', '2001:db8:0:1::9', '2001:db8::2:0:0:0', '2001:db8::1:0:0:7', '2001:db9::'].map(found),
      [1, 2, 3, 4, undefined],
    );
    assert.equal(found('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), 5);
    assert.equal(found('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe'), undefined);
  });

  it('finds the longest prefix among many that share words, in whatever order they came', () => {
    const rows = scrambled(
      ['2001:db8', '2001:db9', '2001:dba'].flatMap((block) =>
        Array.from({ length: 64 }, (_, i): Row[] => [
          [`${block}:${i & 3}:${i >> 2}::/64`, 1],
          [`${block}:${i & 3}:${i >> 2}:8000::/66`, 2],
          [`${block}:${i & 3}:${i >> 2}:8000:0:${i + 1}:0/112`, 3],
          [`${block}:${i & 3}:${i >> 2}:8000:0:${i + 1}:7/128`, 4],
        ]).flat(),
      ),
    ).map(([prefix], i): Row => [prefix, i + 1]);
    const { table, same } = prefixTable(6, [...rows, ['2001:db8::/32', rows.length + 1]]);
    assert.deepEqual(same, []);
    for (const [prefix, line] of rows)
      assert.equal(table.find(address(prefix.replace(/\/.*/, '')))?.line, line, prefix);
    const lineOf = (prefix: string) => rows.find(([other]) => other === prefix)?.[1];
    for (const [client, prefix] of [
      ['2001:db9:3:15:7fff::', '2001:db9:3:15::/64'],
      ['2001:db9:3:15:bfff::', '2001:db9:3:15:8000::/66'],
      ['2001:db9:3:15:8000:0:64:8', '2001:db9:3:15:8000:0:64:0/112'],
    ] as const) {
      assert.equal(table.find(address(client))?.line, lineOf(prefix), client);
    }
    assert.equal(table.find(address('2001:db8:4::'))?.line, rows.length + 1);
    assert.equal(table.find(address('2001:db9:4::')), undefined);
  });

  it('keeps the first of equal rows and tells of each pair', () => {
    const { table, same } = prefixTable(4, [
      ['192.0.2.0/24', 3],
      ['192.0.2.0/25', 4],
      ['192.0.2.0/24', 5],
      ['192.0.2.0/24', 6, true],
    ]);
    assert.equal(table.size, 2);
    assert.deepEqual(table.find(address('192.0.2.200')), { line: 3, excluded: false, payload: 0 });
    assert.deepEqual(same, [
      { first: 3, second: 5, contradict: false },
      { first: 3, second: 6, contradict: true },
    ]);
  });

  it('tells networks apart by any word, and pairs no others', () => {
    const { table, same } = prefixTable(6, [
      ['2001:db8:0:1::/64', 1],
      ['2001:db8:0:2::/64', 2],
      ['2001:db8:0:2::/64', 3, true],
      ['2001:db8:0:2::/65', 4],
      ['2001:db8:0:2::1:0:1/128', 5],
      ['2001:db8:0:2::1:0:5/128', 6],
      ['2001:db8:0:2::1:0:9/128', 7],
      ['2001:db8:0:2:0:2:0:9/128', 8],
    ]);
    assert.deepEqual(same, [{ first: 2, second: 3, contradict: true }]);
    const found = (end: string) => table.find(address(`2001:db8:0:2:${end}`))?.line;
    assert.deepEqual(['0:1:0:1', '0:1:0:5', '0:1:0:9', '0:2:0:9', '0:3:0:9', '8000::'].map(found), [5, 6, 7, 8, 4, 2]);
    assert.equal(found('0:1:0:2'), 4);
  });

  it('knows the next wider network of each, so that a walk outward is short', () => {
    const { data } = prefixTable(4, [
      ['10.0.0.0/8', 1],
      ['10.1.0.0/16', 2],
      ['10.1.2.0/24', 3],
      ['10.2.0.0/16', 4],
      ['11.0.0.0/8', 5],
    ]).table;
    const parents = Array.from({ length: 5 }, (_, row) => data.facts[3 * row + 2]);
    assert.deepEqual(parents, [none, 0, 1, 0, none]);
  });

  it('keeps payloads only where there are any', () => {
    assert.equal(prefixTable(4, [['192.0.2.0/24', 1]]).table.data.payloads.length, 0);
    assert.equal(prefixTable(4, [['192.0.2.0/24', 1, false, 7]]).table.data.payloads.length, 1);
  });

  it('hands back the payload, and calls another payload a contradiction', () => {
    const { table, same } = prefixTable(4, [
      ['192.0.2.0/24', 1, false, 7],
      ['198.51.100.0/24', 2],
      ['192.0.2.0/24', 3, false, 8],
    ]);
    assert.equal(table.find(address('192.0.2.1'))?.payload, 7);
    assert.equal(table.find(address('198.51.100.1'))?.payload, 0);
    assert.deepEqual(same, [{ first: 1, second: 3, contradict: true }]);
  });
});

function nameTable(rows: readonly Row[]): { table: NameTable; same: readonly SameKey[] } {
  const builder = new NameTableBuilder();
  for (const [key, line, excluded = false, payload] of rows) builder.add(key, line, excluded, payload);
  const { data, same } = builder.build();
  return { table: new NameTable(data), same };
}

/** Names with one FNV-1a hash. */
const sameHash = [
  ['tjaygdq.example', 'gtxgyuf.example', 'though their hashes are equal'],
  ['dtirhqd.example', 'xeglnwk.example', 'though their hashes are equal'],
  ['mail.example', 'mail.example.ruzzdra', 'though it begins with it and has its hash'],
] as const;

describe('NameTable', () => {
  it('is empty without rows', () => {
    const { table } = nameTable([]);
    assert.deepEqual([table.size, table.findExact(''), table.findSuffix('a.example')], [0, undefined, undefined]);
  });

  it('finds the longest suffix of whole labels', () => {
    const { table } = nameTable([
      ['example.org', 1],
      ['a.example.org', 2, true],
      ['org', 3],
    ]);
    const found = (name: string) => table.findSuffix(name)?.line;
    assert.deepEqual(
      ['example.org', 'b.a.example.org', 'ba.example.org', 'xexample.org', 'org', 'xorg', 'example.org.x'].map(found),
      [1, 2, 1, 3, 3, undefined, undefined],
    );
    assert.deepEqual(table.findSuffix('A.EXAMPLE.ORG.'), { line: 2, excluded: true, payload: 0 });
  });

  it('finds a whole key without case, and nothing below or above it', () => {
    const { table } = nameTable([['mail.example.org', 1, false, 4]]);
    assert.deepEqual(table.findExact('Mail.Example.Org'), { line: 1, excluded: false, payload: 4 });
    for (const other of ['a.mail.example.org', 'example.org', 'mail.example.orgx', '']) {
      assert.equal(table.findExact(other), undefined, other);
    }
  });

  it('tells keys of the same length and letters apart', () => {
    const rows = Array.from({ length: 1500 }, (_, i): Row => [`h${i}.example.org`, i + 1]);
    const { table, same } = nameTable(rows);
    assert.deepEqual(same, []);
    for (const [key, line] of rows) assert.equal(table.findExact(key)?.line, line, key);
    for (let i = 1500; i < 1800; i++) assert.equal(table.findExact(`h${i}.example.org`), undefined);
  });

  it('folds every letter, and no sign beside the letters', () => {
    const { table } = nameTable([
      ['abcdefghijklmnopqrstuvwxyz.example', 1],
      ['`{.example', 2],
    ]);
    assert.equal(table.findExact('ABCDEFGHIJKLMNOPQRSTUVWXYZ.EXAMPLE')?.line, 1);
    assert.equal(table.findSuffix('ABCDEFGHIJKLMNOPQRSTUVWXYZ.EXAMPLE')?.line, 1);
    assert.equal(table.findExact('@[.example'), undefined);
  });

  // Whoever picks a name may pick one whose hash is that of a listed name.
  for (const [listed, other, why] of sameHash) {
    it(`tells ${other} from ${listed}, ${why}`, () => {
      for (const [one, two] of [
        [listed, other],
        [other, listed],
      ] as const) {
        const { table } = nameTable([[one, 1]]);
        assert.equal(table.findExact(one)?.line, 1);
        assert.equal(table.findExact(two), undefined, `${two} is not listed`);
        assert.equal(table.findSuffix(two), undefined, `${two} is not below what is listed`);
        const both = nameTable([
          [one, 1],
          [two, 2, true],
        ]);
        assert.deepEqual(both.same, []);
        assert.deepEqual([both.table.findExact(one)?.line, both.table.findExact(two)?.line], [1, 2]);
      }
    });
  }

  it('takes memory for what it holds: slots half full at most, and payloads only where there are any', () => {
    for (const count of [1, 2, 3, 4, 5, 8, 9, 1000]) {
      const { slots, payloads } = nameTable(Array.from({ length: count }, (_, i) => [`h${i}`, i + 1])).table.data;
      const share = count / (slots.length / 2);
      assert.ok(share <= 0.5 && (share > 0.25 || count === 1), `${count} keys in ${slots.length / 2} slots`);
      assert.equal(payloads.length, 0);
    }
    assert.equal(
      nameTable([
        ['a', 1],
        ['b', 2, false, 7],
      ]).table.data.payloads.length,
      2,
    );
  });

  it('keeps the first of equal keys and tells of each pair', () => {
    const { table, same } = nameTable([
      ['a.example', 1],
      ['b.example', 2, false, 1],
      ['a.example', 3],
      ['b.example', 4, false, 2],
      ['a.example', 5, true],
    ]);
    assert.equal(table.findExact('a.example')?.line, 1);
    assert.equal(table.findExact('b.example')?.payload, 1);
    assert.deepEqual(same, [
      { first: 1, second: 3, contradict: false },
      { first: 2, second: 4, contradict: true },
      { first: 1, second: 5, contradict: true },
    ]);
  });
});

describe('the rows of a PrefixTable', () => {
  const cases = [
    { family: 4, rows: ['10.0.0.0/8', '10.0.0.0/16', '!10.1.2.0/24', '10.1.2.3/32', '11.0.0.0/8'] },
    { family: 6, rows: ['2001:db8::/32', '2001:db8:0:1::/64', '!2001:db8:0:1:2::/80', '2001:db8:0:1:2:3:4:5/128'] },
  ] as const;
  for (const { family, rows } of cases) {
    const { table } = prefixTable(
      family,
      rows.map((text, i) => [text.replace('!', ''), i + 1, text.startsWith('!')]),
    );
    const { data } = table;

    it(`are in the order of their addresses, IPv${family}`, () => {
      const written = rows.map((_, row) => {
        const sign = isExcludedRow(data, row) ? '!' : '';
        return `${sign}${formatAddress(addressOfRow(data, row))}/${lengthOfRow(data, row)}`;
      });
      assert.deepEqual(written, rows);
    });

    it(`know the next wider one, IPv${family}`, () => {
      const parents = rows.map((_, row) => parentOfRow(data, row));
      assert.deepEqual(parents, family === 4 ? [none, 0, 0, 2, none] : [none, 0, 1, 2]);
    });

    it(`are found around a network, and within one, IPv${family}`, () => {
      for (const [row, text] of rows.entries()) {
        const [written = '', length] = text.replace('!', '').split('/');
        const network = { address: address(written), length: Number(length) };
        assert.equal(table.rowAround(network.address, network.length), parentOfRow(data, row), text);
        assert.equal(table.rowAround(network.address, network.length + 1), row, text);
        assert.equal(table.firstWithin(network), row, text);
      }
      const elsewhere = address(family === 4 ? '12.0.0.0' : '2001:db9::');
      assert.equal(table.rowAround(elsewhere, 32), none);
      assert.equal(table.firstWithin({ address: elsewhere, length: 32 }), rows.length);
      assert.equal(table.firstWithin({ address: address(family === 4 ? '9.0.0.0' : '2001:db7::'), length: 32 }), 0);
    });
  }
});

describe('the rows of a NameTable', () => {
  it('have what they were added with', () => {
    const builder = new NameTableBuilder();
    builder.add('a.example', 1, false, 7);
    builder.add('b.example', 2, true);
    const table = new NameTable(builder.build().data);
    const rows = [...table.rows()].map((row) => [table.keyAt(row), table.isExcludedAt(row), table.payloadAt(row)]);
    assert.deepEqual(rows.sort(), [
      ['a.example', false, 7],
      ['b.example', true, 0],
    ]);
  });
});

describe('a key of another NameTable', () => {
  const tableOf = (...names: readonly string[]) => {
    const builder = new NameTableBuilder();
    for (const [i, name] of names.entries()) builder.add(name, i + 1, false);
    return new NameTable(builder.build().data);
  };
  const names = ['example', 'a.example', 'b.a.example', 'ba.example', 'xa.example', 'a.example.net', 'other', 'a'];
  const others = tableOf(...names);

  for (const own of [[], ['a.example'], ['example', 'a'], names.slice(1, 5), ['a.exampl', 'c.a.example']]) {
    it(`is found, and found covered, as by its text: ${own.join(' ') || 'no key'}`, () => {
      const table = tableOf(...own);
      for (const row of others.rows()) {
        const name = others.keyAt(row);
        const same = table.rowOfSame(others, row);
        assert.equal(same < 0 ? undefined : table.keyAt(same), table.findExact(name) && name, name);
        assert.equal(table.coversSame(others, row), table.findSuffix(name) !== undefined, name);
      }
    });
  }
});

describe('two keys with one hash', () => {
  const pairs = [
    ['lzug.example', 'pa25.example'],
    ['a909038.example', 'b1275.dept.example'],
  ] as const;
  const tableOf = (...names: readonly string[]) => {
    const builder = new NameTableBuilder();
    for (const [i, name] of names.entries()) builder.add(name, i + 1, false);
    return new NameTable(builder.build().data);
  };
  const hashesIn = ({ data }: NameTable) => data.slots.filter((number, i) => i % 2 === 0 && number !== 0);

  for (const [one, other] of pairs) {
    it(`are two keys: ${one}, ${other}`, () => {
      const [mine, others] = [tableOf(one), tableOf(other)];
      assert.deepEqual(hashesIn(mine), hashesIn(others), 'they have one hash');
      assert.equal(mine.findExact(other), undefined);
      assert.equal(mine.findSuffix(`x.${other}`), undefined);
      assert.equal(mine.rowOfSame(others, 0), -1);
      assert.equal(mine.coversSame(others, 0), false);
      const both = tableOf(one, other);
      assert.deepEqual([both.findExact(one)?.line, both.findExact(other)?.line], [1, 2]);
    });
  }
});
