/** How many decisions came in during the last hour, by outcome, in intervals: what the chart of the status page shows. */
import type { DecisionCount } from './event-record';
import type { Outcome } from './rules';

/** Milliseconds. */
export const interval = 10_000;
export const intervals = 360;

/** A decision that was only observed had no effect on mail, whatever its outcome. */
type HistorySeries = Outcome | 'observed';
type Counts = Record<HistorySeries, number>;

export class History {
  /** By the number of the interval since 1970. */
  private readonly counts = new Map<number, Counts>();

  /** `time`: when the decisions came in, milliseconds since 1970. */
  add(decisions: readonly Readonly<DecisionCount>[], time: number): void {
    if (decisions.length === 0) return;
    const now = Math.floor(time / interval);
    // The clock of the machine may have been set back.
    for (const known of this.counts.keys()) if (known <= now - intervals || known > now) this.counts.delete(known);
    const counts = this.counts.get(now) ?? { permit: 0, refuse: 0, defer: 0, observed: 0 };
    for (const { outcome, observed, count } of decisions) counts[observed ? 'observed' : outcome] += count;
    this.counts.set(now, counts);
  }

  /** The start of the first interval, and the counts of each from there on, the one of `time` last. */
  until(time: number): { readonly from: number; readonly series: Readonly<Record<HistorySeries, readonly number[]>> } {
    const first = Math.floor(time / interval) - intervals + 1;
    const countsOf = (name: HistorySeries) =>
      Array.from({ length: intervals }, (_, i) => this.counts.get(first + i)?.[name] ?? 0);
    const [permit, refuse, defer] = [countsOf('permit'), countsOf('refuse'), countsOf('defer')];
    return { from: first * interval, series: { permit, refuse, defer, observed: countsOf('observed') } };
  }
}
