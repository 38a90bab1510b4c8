/**
 * The events of all processes since the server started. Each report is added once and what was added is never taken back, so
 * no figure decreases when a worker goes.
 */
import {
  type DecisionCount,
  type EntryCount,
  type EntryPlace,
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

export interface MatchedEntry extends EntryCount {
  /** As its line stands in the list, the comment with it; unknown for lists that are large or in Redis. */
  readonly text?: string | undefined;
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
  private readonly matched = new Map<string, MatchedEntry>();
  private readonly texts = new Map<string, string>();
  /** The hashes of the lists in force, and which have been so before. */
  private readonly inForce = new Map<string, string>();
  private readonly superseded = new Set<string>();
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

  get entries(): readonly MatchedEntry[] {
    return [...this.matched.values()];
  }

  /** In the order in which they came in. */
  get recent(): readonly NumberedDecision[] {
    return [...this.denied, ...this.permitted].sort((a, b) => a.number - b.number);
  }

  textOf(entry: EntryPlace): string | undefined {
    return this.texts.get(entryKey(entry));
  }

  /** Whether `name` has something to do for this version of a list. */
  lacksTexts(list: string, hash: string): boolean {
    const isNew = this.inForce.get(list) !== hash;
    return isNew || this.entries.some((entry) => entry.list === list && entry.hash === hash && !entry.text);
  }

  /**
   * Gives the entries of a list their texts, by the lines of the version in force; `undefined` where they cannot be had. An
   * entry that was matched in a version before goes on counting on the line where it stands now, or is dropped.
   */
  name(list: string, hash: string, lines: readonly string[] | undefined): void {
    if (this.texts.size > mostEntries) this.texts.clear();
    const before = this.inForce.get(list);
    if (before !== undefined && before !== hash) this.superseded.add(`${list} ${before}`);
    this.superseded.delete(`${list} ${hash}`);
    this.inForce.set(list, hash);
    const lineOf = new Map(lines?.map((text, i) => [text, i + 1]));
    for (const [key, entry] of [...this.matched]) {
      const isCurrent = entry.list === list && entry.hash === hash;
      // A worker may have a version that is not in force here yet.
      if (!isCurrent && (entry.list !== list || !this.superseded.has(`${list} ${entry.hash}`))) continue;
      const line = isCurrent ? entry.line : lineOf.get(entry.text ?? '');
      const text = line === undefined ? undefined : lines?.[line - 1];
      this.matched.delete(key);
      if (line === undefined) this.unlisted += entry.count;
      else this.addMatches({ ...entry, line, hash, text });
    }
  }

  private addMatches(entry: MatchedEntry): void {
    const key = entryKey(entry);
    const { text = this.textOf(entry) } = entry;
    if (text !== undefined) this.texts.set(key, text);
    const known = this.matched.get(key);
    if (known) {
      const last = Math.max(known.last, entry.last);
      this.matched.set(key, { ...known, count: known.count + entry.count, last, text: known.text ?? text });
    } else if (this.matched.size < mostEntries) this.matched.set(key, { ...entry, text });
    else this.unlisted += entry.count;
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
