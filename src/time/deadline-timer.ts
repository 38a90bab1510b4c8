/** Something to be done at a time that can be brought forward and is never put off. Its timer keeps no process alive. */

/** Milliseconds that a timer may fire early, by another clock. */
export const timerSlack = 5;

export class DeadlineTimer {
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private closed = false;

  constructor(private readonly run: () => void) {}

  /** Runs after `delay` milliseconds, or sooner if that was asked for: a storm of requests must not put it off. */
  schedule(delay: number): void {
    const at = performance.now() + delay;
    if (this.closed || at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    this.timer = setTimeout(() => {
      this.dueAt = Number.POSITIVE_INFINITY;
      this.run();
    }, delay);
    this.timer.unref();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
