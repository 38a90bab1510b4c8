import assert from 'node:assert/strict';
import { parseList } from '../../core';
import { callOnProgress } from '../../core/progress';

describe('the progress of a list that is parsed', () => {
  let called: number;
  beforeEach(() => {
    called = 0;
    callOnProgress(() => {
      called++;
    });
  });
  afterEach(() => callOnProgress(undefined));

  const lines = (count: number, line: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => `${line(n)}\n`).join('');
  const name = (n: number) => `n${n}.example`;
  const parse = (text: string) => assert.ok(parseList('hosts', 'host.deny', text).data);

  /** How much more often than for a list without lines. */
  function calledFor(text: string): number {
    parse('');
    const first = called;
    parse(text);
    return called - 2 * first;
  }

  it('is told at every 256th line, and before every bucket of networks', () => {
    const buckets = 2;
    const networks = lines(2048, (n) => `10.${n >> 10}.${(n >> 8) & 3}.${n & 255}`);
    assert.equal(calledFor(networks), 8 + buckets);
  });

  it('is told at every 256th line and name', () => {
    assert.equal(calledFor(lines(1024, name)), 4 + 4);
  });

  it('is told to nobody who did not ask, or does not any more', () => {
    callOnProgress(undefined);
    parse(lines(1024, name));
    assert.equal(called, 0);
  });
});
