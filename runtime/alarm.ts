/** Something to be done at a time that can be brought forward and is never put off. Its timer keeps no process alive. */

/** Milliseconds that a timer may fire early, by another clock. */
export const timerSlack = 5;

export class Alarm {
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private closed = false;

  constructor(private readonly ring: () => void) {}

  /** Rings after `delay` milliseconds, or sooner if that was asked for: a storm of wishes must not keep it from ringing. */
  schedule(delay: number): void {
    const at = performance.now() + delay;
    if (this.closed || at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    this.timer = setTimeout(() => {
      this.dueAt = Number.POSITIVE_INFINITY;
      this.ring();
    }, delay);
    this.timer.unref();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
