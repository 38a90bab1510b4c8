import assert from 'node:assert/strict';
import { betterThanOurs } from '../../src/policy/mx-rule';

interface MxCase {
  readonly name: string;
  /** `preference exchange`; ours are in capitals. */
  readonly records: readonly string[];
  readonly left: readonly string[];
}

const cases: readonly MxCase[] = [
  { name: 'leaves all when we are not among them', records: ['10 a', '20 b'], left: ['10 a', '20 b'] },
  { name: 'leaves none when we are best', records: ['10 US', '20 b'], left: [] },
  { name: 'leaves those before us when we are in the middle', records: ['30 c', '10 a', '20 US'], left: ['10 a'] },
  { name: 'drops those of our own preference', records: ['10 a', '20 US', '20 b'], left: ['10 a'] },
  { name: 'leaves none when we share the best preference', records: ['10 b', '10 US'], left: [] },
  {
    name: 'goes by our best preference when we are there twice',
    records: ['10 a', '20 US', '15 c', '30 WE'],
    left: ['10 a', '15 c'],
  },
  { name: 'leaves none when all are ours', records: ['10 US', '20 WE'], left: [] },
  { name: 'leaves none of none', records: [], left: [] },
];

describe('betterThanOurs', () => {
  for (const { name, records, left } of cases) {
    it(name, () => {
      const exchanges = records.map((record) => {
        const [priority, exchange = ''] = record.split(' ');
        return { priority: Number(priority), exchange };
      });
      const found = betterThanOurs(exchanges, ({ exchange }) => exchange === exchange.toUpperCase());
      assert.deepEqual(
        found.map(({ priority, exchange }) => `${priority} ${exchange}`),
        left,
      );
    });
  }
});
