import assert from 'node:assert/strict';
import { GrowableUint8, GrowableUint32 } from '../../core/growable';
import { runs } from '../helpers/properties';

/** More than one large piece of memory holds; for mutation testing, more than all before the first large one. */
const numbers = runs(15 << 20);

describe('GrowableUint32', () => {
  it('keeps every number while it grows', () => {
    const growable = new GrowableUint32();
    for (let i = 0; i < numbers; i++) growable.push(i);
    assert.equal(growable.length, numbers);
    const all = growable.finish();
    assert.equal(all.length, numbers);
    assert.ok(all.every((value, i) => value === i));
  });
});

describe('GrowableUint8', () => {
  it('keeps every byte while it grows', () => {
    const growable = new GrowableUint8();
    const text = Buffer.from('0123456789'.repeat(1000));
    const bytes = numbers * 4;
    for (let i = 0; i < bytes; i += text.length) growable.push(text.subarray(0, bytes - i));
    assert.equal(growable.length, bytes);
    assert.ok(Buffer.alloc(bytes, text).equals(growable.finish()));
  });
});
