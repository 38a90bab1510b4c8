import assert from 'node:assert/strict';
import { parseList } from '../../core';
import { Rests, restWhileParsing } from '../../core/rests';

/** A thread whose time passes as it is told to; `oversleeps` is by how many milliseconds each time. */
class Thread {
  time = 1000;
  rested = 0;
  sleeps = 0;
  readonly rests: Rests;

  constructor(share: number, { oversleeps = 0, most = 1000 } = {}) {
    const sleep = (time: number) => {
      this.time += time + oversleeps;
      this.rested += time + oversleeps;
      this.sleeps++;
    };
    this.rests = new Rests({ share, most }, () => this.time, sleep);
  }

  work(milliseconds: number, step: number): void {
    for (let worked = 0; worked < milliseconds; worked += step) {
      this.time += step;
      this.rests.whenDue();
    }
  }
}

describe('rests', () => {
  for (const { share, rested } of [
    { share: 0.25, rested: 25 },
    { share: 0.5, rested: 50 },
    { share: 2, rested: 200 },
  ]) {
    it(`are ${share} of the work`, () => {
      const thread = new Thread(share);
      thread.work(100, 0.25);
      assert.equal(thread.rested, rested);
    });
  }

  it('are taken once they are a millisecond long', () => {
    const thread = new Thread(0.5);
    thread.work(1.75, 0.25);
    assert.equal(thread.sleeps, 0);
    thread.work(0.25, 0.25);
    assert.deepEqual([thread.sleeps, thread.rested], [1, 1]);
  });

  it('come later where the last one was too long', () => {
    const thread = new Thread(0.5, { oversleeps: 3 });
    thread.work(2, 0.25);
    assert.deepEqual([thread.sleeps, thread.rested], [1, 4]);
    thread.work(7.75, 0.25);
    assert.equal(thread.sleeps, 1);
    thread.work(0.25, 0.25);
    assert.deepEqual([thread.sleeps, thread.rested], [2, 8]);
  });

  it('are no longer for a time in which it cannot have worked', () => {
    const thread = new Thread(0.5);
    thread.work(60_000, 60_000);
    assert.equal(thread.rested, 5);
  });

  it('end when they have been long enough in all', () => {
    const thread = new Thread(0.5, { most: 10 });
    thread.work(1000, 0.25);
    assert.equal(thread.rested, 10);
    const late = new Thread(0.5, { most: 10, oversleeps: 3 });
    late.work(1000, 0.25);
    assert.deepEqual([late.sleeps, late.rested], [3, 12]);
  });

  it('hold the thread up', () => {
    let time = 0;
    const rests = new Rests({ share: 0.5, most: 10 }, () => time);
    time = 8;
    const asked = waitsOf(() => rests.whenDue());
    assert.deepEqual(asked, [[0, 0, 4]]);
  });
});

describe('a list that is parsed', () => {
  let asked: number;
  beforeEach(() => {
    asked = 0;
    const rests = new Rests({ share: 0, most: 0 });
    rests.whenDue = () => {
      asked++;
    };
    restWhileParsing(rests);
  });
  afterEach(() => restWhileParsing(undefined));

  const lines = (count: number, line: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => `${line(n)}\n`).join('');
  const name = (n: number) => `n${n}.example`;
  const parse = (text: string) => assert.ok(parseList('hosts', 'host.deny', text).data);

  /** How much more often than for a list without lines. */
  function askedFor(text: string): number {
    parse('');
    const first = asked;
    parse(text);
    return asked - 2 * first;
  }

  it('may rest at every 256th line, and before every bucket of networks', () => {
    const buckets = 2;
    const networks = lines(2048, (n) => `10.${n >> 10}.${(n >> 8) & 3}.${n & 255}`);
    assert.equal(askedFor(networks), 8 + buckets);
  });

  it('may rest at every 256th line and name', () => {
    assert.equal(askedFor(lines(1024, name)), 4 + 4);
  });

  it('does not rest where mail is served', () => {
    restWhileParsing(undefined);
    const waits = waitsOf(() => parse(lines(50_000, name)));
    assert.deepEqual(waits, []);
  });
});

/** How the thread is told to wait; it does not. */
function waitsOf(run: () => void): unknown[] {
  const asked: unknown[] = [];
  const { wait } = Atomics;
  Atomics.wait = ((...how: unknown[]) => {
    asked.push(how.slice(1));
    return 'timed-out';
  }) as typeof wait;
  try {
    run();
  } finally {
    Atomics.wait = wait;
  }
  return asked;
}
