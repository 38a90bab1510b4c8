import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { canStay, memoryFor, uint32Array } from '../../core/large-memory';

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

  it('stays where it is from a megabyte on', () => {
    const arrays = [new Uint8Array(megabyte - 1), new Uint8Array(megabyte), uint32Array(megabyte)];
    assert.deepEqual(arrays.map(canStay), [false, true, true]);
  });
});

describe('memory of a thread that hands over what it makes', () => {
  /** What the expression says there, where everything of the module can be used. */
  async function there(expression: string): Promise<unknown> {
    const module = require.resolve('../../core/large-memory');
    const script = `
      const { parentPort } = require('node:worker_threads');
      const { getHeapStatistics } = require('node:v8');
      const { canStay, memoryFor, prepareHandOver, uint8Array, uint32Array } = require(${JSON.stringify(module)});
      const megabyte = ${megabyte};
      prepareHandOver();
      parentPort.postMessage(${expression});`;
    const worker = new Worker(script, { eval: true });
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  }

  it('is not counted by V8 on the way, where it is large', async () => {
    const counted = (make: string) =>
      `((before, kept) => getHeapStatistics().external_memory - before - kept.byteLength)(getHeapStatistics().external_memory, ${make})`;
    assert.equal(await there(counted('uint32Array(megabyte).buffer')), 0, 'what is handed over is');
    assert.equal(await there(counted('memoryFor(megabyte)')), -givenBack);
    assert.equal(await there('memoryFor(megabyte).byteLength'), givenBack);
    assert.equal(await there('memoryFor(megabyte - 1) instanceof ArrayBuffer'), true);
  });

  it('does not stay where it is', async () => {
    assert.equal(await there('canStay(new Uint8Array(memoryFor(megabyte)))'), false);
    assert.equal(await there('canStay(uint32Array(megabyte))'), true);
  });

  it('is one piece for all that is large of a list, as long as there is room', async () => {
    const arrays = `[uint8Array(2 * megabyte + 1), uint32Array(megabyte), uint32Array(${givenBack - 7 * megabyte} / 4), uint32Array(${givenBack} / 4)]`;
    const places = `(([first, second, third, fourth]) => [
      second.buffer === first.buffer && second.byteOffset, third.buffer === first.buffer,
      fourth.buffer !== first.buffer && fourth.byteOffset, fourth.buffer.byteLength])(${arrays})`;
    assert.deepEqual(await there(places), [2 * megabyte + 4, true, 0, givenBack]);
    assert.equal(await there('uint8Array(megabyte - 1).buffer.byteLength'), megabyte - 1);
  });
});
