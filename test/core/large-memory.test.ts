import assert from 'node:assert/strict';
import { isLarge, memoryFor, uint32Array } from '../../core/large-memory';

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

  it('is large from a megabyte on', () => {
    assert.deepEqual([new Uint8Array(megabyte - 1), new Uint8Array(megabyte), uint32Array(megabyte)].map(isLarge), [
      false,
      true,
      true,
    ]);
  });
});
