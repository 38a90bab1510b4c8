import assert from 'node:assert/strict';
import { reply } from '../../../src/policy/decision';
import { type MapValue, mapValueOf, ValueTableBuilder } from '../../../src/policy/entries/map-value';

const values: readonly MapValue[] = [
  { action: 'relay' },
  { action: 'reply', reply: reply(550, '5.7.1', 'No') },
  { action: 'none' },
  { action: 'reply', reply: reply(499, '4.7.1', 'Later') },
  { action: 'reply', reply: reply(500, '5.123.456', 'No') },
  { action: 'discard' },
];

describe('ValueTableBuilder', () => {
  it('numbers values from 1, the same value by the same number, and gives each back as it was', () => {
    const builder = new ValueTableBuilder();
    const numbers = [...values, ...values].map((value) => builder.numberOf(value));
    assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
    const data = builder.build();
    assert.deepEqual(
      values.map((_, i) => mapValueOf(data, i + 1)),
      values,
    );
    assert.equal(mapValueOf(data, 0), undefined);
    assert.equal(mapValueOf(data, 7), undefined);
  });
});
