import assert from 'node:assert/strict';
import { GrowableUint8, GrowableUint32 } from '../../../src/policy/tables/growable';
import { runs } from '../../../testkit/properties';

/** More than one large piece of memory holds; for mutation testing, more than all before the first large one. */
const numbers = runs(15 << 20);
/** Of one large piece of memory. */
const large = 32 << 20;

describe('GrowableUint32', () => {
  it('keeps every number while it grows', () => {
    const growable = new GrowableUint32();
    for (let i = 0; i < numbers; i++) growable.push(i);
    assert.equal(growable.length, numbers);
    const all = growable.finish();
    assert.equal(all.length, numbers);
    assert.ok(all.every((value, i) => value === i));
  });

  it('ends in as much memory as it needs, or in one large piece', () => {
    const sizes = [
      { numbers: 0, takes: 0 },
      { numbers: 100, takes: 400 },
      { numbers: (1 << 17) + 1, takes: large },
    ];
    for (const { numbers, takes } of sizes) {
      const growable = new GrowableUint32();
      for (let i = 0; i < numbers; i++) growable.push(i);
      const all = growable.finish();
      assert.deepEqual([all.length, all.buffer.byteLength], [numbers, takes]);
    }
  });
});

describe('GrowableUint32, asked for room', () => {
  it('grows no sooner than it has to', () => {
    const growable = new GrowableUint32();
    const { numbers } = growable;
    assert.equal(growable.extend(numbers.length), 0);
    assert.equal(growable.numbers, numbers);
    assert.equal(growable.extend(1), numbers.length);
    assert.notEqual(growable.numbers, numbers);
  });
});

describe('GrowableUint8', () => {
  it('ends in as much memory as it needs, or in one large piece', () => {
    const sizes = [
      { bytes: 0, takes: 0 },
      { bytes: 300, takes: 300 },
      { bytes: (1 << 19) + 1, takes: large },
    ];
    for (const { bytes, takes } of sizes) {
      const growable = new GrowableUint8();
      growable.push(new Uint8Array(bytes));
      const all = growable.finish();
      assert.deepEqual([all.length, all.buffer.byteLength], [bytes, takes]);
    }
  });

  it('grows no sooner than it has to', () => {
    const growable = new GrowableUint8();
    const { bytes } = growable;
    growable.extend(bytes.length);
    assert.equal(growable.bytes, bytes);
  });

  it('keeps every byte while it grows', () => {
    const growable = new GrowableUint8();
    const text = Buffer.from('0123456789'.repeat(1000));
    const bytes = numbers * 4;
    for (let i = 0; i < bytes; i += text.length) growable.push(text.subarray(0, bytes - i));
    assert.equal(growable.length, bytes);
    assert.ok(Buffer.alloc(bytes, text).equals(growable.finish()));
  });
});
