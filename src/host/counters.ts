/** Decisions by outcome and rule. No opinion is not counted. */
import type { Decision, Pass } from '../policy/decision';

export type Opinion = Exclude<Decision, Pass>;

/** Decisions counted since the process started, by outcome and rule; faults of ours besides. */
export class Counters {
  faults = 0;
  private readonly tallies = new Map<string, Record<Opinion['outcome'], number>>();

  count({ outcome, rule }: Opinion): void {
    let tally = this.tallies.get(rule);
    if (!tally) {
      tally = { permit: 0, refuse: 0, defer: 0 };
      this.tallies.set(rule, tally);
    }
    tally[outcome]++;
  }

  of(outcome: Opinion['outcome'], rule: string): number {
    return this.tallies.get(rule)?.[outcome] ?? 0;
  }
}
