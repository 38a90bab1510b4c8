/** Limits of recipients as text, and which of them are kept with others. */
import assert from 'node:assert/strict';
import {
  formatLimit,
  formatLimits,
  isWithin,
  type Limits,
  parseEntryLimit,
  parseLimit,
} from '../../../src/policy/attributes/limit';

const texts: readonly (readonly [text: string, recipients: number, period: number, formatted?: string])[] = [
  ['200/1h', 200, 3_600_000],
  ['1/1s', 1, 1000],
  ['999999999/31d', 999_999_999, 31 * 86_400_000],
  ['5/60m', 5, 3_600_000, '5/1h'],
  ['5/86400s', 5, 86_400_000, '5/1d'],
  ['5/90m', 5, 5_400_000],
  ['5/36h', 5, 129_600_000],
];
const noLimits = [
  '',
  '5',
  '5/h',
  '0/1h',
  '5/0h',
  '5/1w',
  '5/1',
  '5/32d',
  '5/745h',
  '-5/1h',
  '5/1h ',
  ' 5/1h',
  '05/1h',
  '5/1H',
  '1e3/1h',
];

/** Limits of an entry, by their words. */
function limits(words: string): Limits | undefined {
  if (words === '') return undefined;
  return Object.assign({}, ...words.split(' ').map((word) => parseEntryLimit(word)));
}

const within: readonly (readonly [inner: string, outer: string, is: boolean])[] = [
  ['5/1h', '', true],
  ['', '', true],
  ['', '5/1h', false],
  ['5/1h', '5/1h', true],
  ['4/1h', '5/1h', true],
  ['6/1h', '5/1h', false],
  ['5/2h', '5/1h', true],
  ['5/30m', '5/1h', false],
  ['4/30m', '5/1h', false],
  ['6/2h', '5/1h', false],
  ['5/1h,all', '5/1h', false],
  ['5/1h', '5/1h,all', false],
  ['5/1h 50/1d,all', '5/1h', true],
  ['5/1h 50/1d,all', '5/1h 50/1d,all', true],
  ['5/1h 51/1d,all', '5/1h 50/1d,all', false],
  ['6/1h 50/1d,all', '5/1h 50/1d,all', false],
];

describe('limits of recipients', () => {
  for (const [text, recipients, period, formatted = text] of texts) {
    it(`read ${text}, and write it as ${formatted}`, () => {
      assert.deepEqual(parseLimit(text), { recipients, period });
      assert.equal(formatLimit({ recipients, period }), formatted);
    });
  }

  for (const text of noLimits) {
    it(`are none in ${JSON.stringify(text)}`, () => {
      assert.equal(parseLimit(text), undefined);
      assert.equal(parseEntryLimit(`${text},all`), undefined);
    });
  }

  it('write any period, and both kinds in one order', () => {
    assert.equal(formatLimit({ recipients: 5, period: 1500 }), '5/1500ms');
    assert.equal(formatLimits({}), '');
    assert.equal(formatLimits(limits('50/1d,all 5/1h') ?? {}), 'limit=5/1h limit=50/1d,all');
  });

  for (const [inner, outer, is] of within) {
    it(`${is ? 'keep' : 'do not keep'} ${outer || 'no limit'} with ${inner || 'no limit'}`, () =>
      assert.equal(isWithin(limits(inner), limits(outer)), is));
  }
});
