import assert from 'node:assert/strict';
import { type SameKey, type SortedRows, sortRows } from '../../../src/policy/tables/sorted-rows';

const excludedBit = 0x100;

/** A row: words, length, line, payload. Enough of them for several buckets, and for one that is longer than any should be. */
function rowsOf(width: 1 | 4): number[][] {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: 9000 }, (_, i) => {
    const crowded = i % 3 === 0;
    const first = crowded ? 0x0a010000 + random(1500) : random(64) * 0x03ffffff + random(16);
    const others = Array.from({ length: width - 1 }, () => random(2) * 0xffffffff);
    const length = 32 * width - random(2);
    return [first, ...others, random(8) === 0 ? length | excludedBit : length, i + 1, random(8) === 0 ? 1 : 0];
  });
}

/** As a text that sorts like the network. */
function networkOf(row: readonly number[]): string {
  const words = row.slice(0, -3).map((word) => word.toString(16).padStart(8, '0'));
  return [...words, String((row.at(-3) as number) & 0xff).padStart(3, '0')].join(':');
}

for (const width of [1, 4] as const) {
  describe(`${width === 1 ? 'IPv4' : 'IPv6'} networks put in order`, () => {
    const came = rowsOf(width);
    const each = width + 3;
    let sorted: SortedRows;
    before(() => {
      sorted = sortRows(Uint32Array.from(came.flat()), width);
    });
    const rowAt = (index: number) => [...sorted.rows.subarray(index * each, (index + 1) * each)];

    it('are the same ones', () => {
      const all = Array.from({ length: sorted.rows.length / each }, (_, i) => rowAt(i));
      const byLine = all.sort((a, b) => (a.at(-2) as number) - (b.at(-2) as number));
      assert.deepEqual(byLine, came);
    });

    it('come by their words, then by their length, the first of each network alone', () => {
      const firsts = new Map<string, number[]>();
      for (const row of came) if (!firsts.has(networkOf(row))) firsts.set(networkOf(row), row);
      const expected = [...firsts.keys()].sort().map((network) => firsts.get(network));
      assert.ok(expected.length < came.length, 'some are there twice');
      assert.deepEqual([...sorted.order].map(rowAt), expected);
    });

    it('are paired with the first of the same network', () => {
      const firsts = new Map<string, number[]>();
      const expected: SameKey[] = [];
      for (const row of came) {
        const [first = row] = [firsts.get(networkOf(row))];
        firsts.set(networkOf(row), first);
        const contradict = first.at(-3) !== row.at(-3) || first.at(-1) !== row.at(-1);
        const pair = { first: first.at(-2) as number, second: row.at(-2) as number, contradict };
        if (first !== row) expected.push(pair);
      }
      assert.ok(new Set(expected.map((pair) => pair.contradict)).size === 2, 'some of them contradict each other');
      assert.deepEqual(
        [...sorted.same].sort((a, b) => a.second - b.second),
        expected,
      );
    });
  });
}
