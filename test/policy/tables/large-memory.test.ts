import assert from 'node:assert/strict';
import { canStay, memoryFor, uint32Array } from '../../../src/policy/tables/large-memory';

const megabyte = 1 << 20;
/** The system gets back whatever is at least as long. */
const givenBack = 32 * megabyte;

describe('memoryFor', () => {
  const cases = [
    { bytes: 0, takes: 0 },
    { bytes: megabyte - 1, takes: megabyte - 1 },
    { bytes: megabyte, takes: givenBack },
    { bytes: givenBack - 1, takes: givenBack },
    { bytes: givenBack + 1, takes: givenBack + 1 },
  ];
  for (const { bytes, takes } of cases) {
    it(`takes ${takes} bytes for ${bytes}`, () => assert.equal(memoryFor(bytes).byteLength, takes));
  }

  it('is as many numbers as were asked for, whatever it takes', () => {
    for (const length of [0, 7, megabyte]) assert.equal(uint32Array(length).length, length);
    assert.equal(uint32Array(megabyte).buffer.byteLength, givenBack);
  });

  it('is another piece for each array', () => {
    assert.notEqual(uint32Array(megabyte).buffer, uint32Array(megabyte).buffer);
  });

  it('stays where it is from a megabyte on', () => {
    const arrays = [new Uint8Array(megabyte - 1), new Uint8Array(megabyte), uint32Array(megabyte)];
    assert.deepEqual(arrays.map(canStay), [false, true, true]);
  });
});

describe('memory of a thread that hands over what it makes', () => {
  let there: typeof import('../../../src/policy/tables/large-memory');
  beforeEach(() => {
    there = ownCopy();
    there.prepareTransfer();
  });

  it('can be shared on the way, where it is large: V8 does not count that', () => {
    const memory = there.memoryFor(megabyte);
    assert.ok(memory instanceof SharedArrayBuffer);
    assert.equal(memory.byteLength, givenBack);
    assert.ok(there.memoryFor(megabyte - 1) instanceof ArrayBuffer);
  });

  it('cannot be shared once it is to be handed over, and does not move then', () => {
    const array = there.uint32Array(megabyte);
    assert.ok(array.buffer instanceof ArrayBuffer);
    assert.equal(array.buffer.byteLength, givenBack);
    assert.equal(there.canStay(array), true);
    assert.equal(there.canStay(new Uint8Array(there.memoryFor(megabyte))), false);
  });

  it('is one piece for all that is large of a list, as long as there is room', () => {
    const first = there.uint8Array(2 * megabyte + 1);
    const second = there.uint32Array(megabyte);
    const third = there.uint32Array((givenBack - 6 * megabyte - 4) / 4);
    const fourth = there.uint32Array(givenBack / 4 + 1);
    assert.ok([second, third].every((array) => array.buffer === first.buffer));
    assert.deepEqual([second.byteOffset, third.byteOffset], [2 * megabyte + 4, 6 * megabyte + 4]);
    assert.deepEqual([fourth.byteOffset, fourth.buffer.byteLength], [0, givenBack + 4]);
    const fifth = there.uint32Array(megabyte);
    assert.deepEqual([fifth.byteOffset, fifth.buffer.byteLength], [0, givenBack]);
  });

  it('is large from a megabyte on', () => {
    const { buffer } = there.uint32Array(megabyte);
    assert.equal(there.uint8Array(megabyte).buffer, buffer);
    assert.equal(there.uint8Array(megabyte - 1).buffer.byteLength, megabyte - 1);
  });

  /** What the module remembers is of a thread; here it is of this copy. */
  function ownCopy(): typeof import('../../../src/policy/tables/large-memory') {
    const path = require.resolve('../../../src/policy/tables/large-memory');
    const shared = require.cache[path];
    delete require.cache[path];
    const copy = require(path) as typeof import('../../../src/policy/tables/large-memory');
    require.cache[path] = shared;
    return copy;
  }
});
