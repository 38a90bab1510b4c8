import assert from 'node:assert/strict';
import { Rests } from '../../runtime/rests';

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
    const { wait } = Atomics;
    const waited: unknown[] = [];
    Atomics.wait = ((...how: unknown[]) => {
      waited.push(how.slice(1));
      return 'timed-out';
    }) as typeof wait;
    try {
      let time = 0;
      const rests = new Rests({ share: 0.5, most: 10 }, () => time);
      time = 8;
      rests.whenDue();
    } finally {
      Atomics.wait = wait;
    }
    assert.deepEqual(waited, [[0, 0, 4]]);
  });
});
