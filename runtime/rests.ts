/**
 * Rests for a thread that works beside mail. However low its priority, a thread that works without end slows mail down: the
 * processors share their caches, and what talks to the server has to share the server's processor.
 */

export interface Amount {
  /** Of the time worked. */
  readonly share: number;
  /** Milliseconds in all, and perhaps the last one over: a larger list is not much longer in coming. */
  readonly most: number;
}

/** Milliseconds. */
const leastRest = 1;
/** Milliseconds. Whatever took longer from one call to the next was hardly all work. */
const mostWork = 10;

/** Rests for a part of the time that was worked. `now` and `sleep` are in milliseconds. */
export class Rests {
  private due = 0;
  private rested = 0;
  private last: number;

  constructor(
    private readonly amount: Amount,
    private readonly now = () => performance.now(),
    private readonly sleep = sleepFor,
  ) {
    this.last = now();
  }

  /** To be called several times in a millisecond of work. */
  whenDue(): void {
    const { share, most } = this.amount;
    if (this.rested >= most) return;
    const now = this.now();
    this.due += Math.min(now - this.last, mostWork) * share;
    this.last = now;
    if (this.due < leastRest) return;
    this.sleep(this.due);
    this.last = this.now();
    const slept = this.last - now;
    // Where the processors are busy that is longer, and some of the next rest is behind it.
    this.due -= slept;
    this.rested += slept;
  }
}

const neverChanged = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

function sleepFor(time: number): void {
  Atomics.wait(neverChanged, 0, 0, time);
}
