/**
 * The events of all processes since the server started. Each report is added once and what was added is never taken back, so
 * no figure decreases when a worker goes.
 */
import type { ListedEntry } from '../lists/written-entries';
import {
  type DecisionCount,
  type EntryCount,
  type Events,
  entryKey,
  mostEntries,
  mostPermitted,
  type RecentDecision,
} from './event-record';
import { outcomes, rules } from './rules';

/** A worker of another version may have rules of its own. */
const mostRules = 1000;

export interface NumberedDecision extends RecentDecision {
  /** Counts the decisions that have come in, from 1: to ask for those after one. */
  readonly number: number;
}

export class Totals {
  readonly faults = new Map<string, number>();
  readonly lookups = new Map<string, number>([
    ['found', 0],
    ['none', 0],
    ['unknown', 0],
  ]);
  readonly reloads = new Map<string, number>([
    ['applied', 0],
    ['rejected', 0],
  ]);
  /** Matches of entries that are not listed one by one. */
  unlisted = 0;
  private readonly counts = new Map<string, DecisionCount>();
  private readonly matched = new Map<string, EntryCount>();
  private denied: NumberedDecision[] = [];
  private permitted: NumberedDecision[] = [];
  /** The number of the last decision that has come in. */
  lastNumber = 0;

  constructor() {
    for (const [plugin, byOutcome] of Object.entries(rules) as [DecisionCount['plugin'], (typeof rules)['relay']][]) {
      for (const outcome of outcomes) {
        for (const rule of byOutcome[outcome]) {
          for (const observed of [false, true]) this.countOf({ plugin, outcome, rule, observed, count: 0 });
        }
      }
    }
  }

  add(events: Events, recentLimit: number): void {
    for (const decision of events.decisions) {
      const known = this.countOf(decision);
      if (known) known.count += decision.count;
    }
    for (const [counts, added] of [
      [this.faults, events.faults],
      [this.lookups, events.lookups],
      [this.reloads, events.reloads],
    ] as const) {
      for (const [name, count] of Object.entries(added)) counts.set(name, (counts.get(name) ?? 0) + count);
    }
    this.unlisted += events.unlisted;
    for (const entry of events.entries) this.addMatches(entry);
    for (const decision of events.recent) {
      const numbered = { ...decision, number: ++this.lastNumber };
      (decision.outcome === 'permit' ? this.permitted : this.denied).push(numbered);
    }
    this.denied = this.denied.slice(-recentLimit);
    this.permitted = this.permitted.slice(-Math.min(mostPermitted, recentLimit));
  }

  get decisions(): readonly Readonly<DecisionCount>[] {
    return [...this.counts.values()];
  }

  /** Whether matches of the entry are counted; what made room for others is not known any more. */
  hasMatched(entry: ListedEntry): boolean {
    return this.matched.has(entryKey(entry));
  }

  get entries(): readonly EntryCount[] {
    return [...this.matched.values()];
  }

  /** In the order in which they came in. */
  get recent(): readonly NumberedDecision[] {
    return [...this.denied, ...this.permitted].sort((a, b) => a.number - b.number);
  }

  private addMatches(entry: EntryCount): void {
    const key = entryKey(entry);
    const known = this.matched.get(key);
    if (!known && this.matched.size >= mostEntries) this.forgetOldMatches();
    const { count = 0, last = 0 } = known ?? {};
    this.matched.set(key, { ...entry, count: count + entry.count, last: Math.max(last, entry.last) });
  }

  /** Half of the entries, those that have matched last, make room for others. */
  private forgetOldMatches(): void {
    const byLast = [...this.matched].sort(([, a], [, b]) => b.last - a.last);
    for (const [key, { count }] of byLast.slice(mostEntries / 2)) {
      this.unlisted += count;
      this.matched.delete(key);
    }
  }

  private countOf({ plugin, outcome, rule, observed }: DecisionCount): DecisionCount | undefined {
    const key = `${plugin} ${outcome} ${rule} ${observed}`;
    const known = this.counts.get(key);
    if (known || this.counts.size >= mostRules) return known;
    const added = { plugin, outcome, rule, observed, count: 0 };
    this.counts.set(key, added);
    return added;
  }
}
