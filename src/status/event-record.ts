/**
 * What happens in one process, counted until it is collected: decisions, faults of ours, matches of entries, DNS lookups,
 * reloads. Each event costs the same, however long the lists are, and what is kept is bounded, also where nobody collects it.
 */
import type { ListedEntry } from '../lists/written-entries';
import type { Opinion } from '../policy/decision';
import type { PluginName } from '../policy/settings/settings';
import type { Outcome } from './rules';

export const reportVersion = 1;

/** How many entries are counted between two collections; matches of further ones are counted as `unlisted`. */
export const mostEntries = 10_000;
/** Permitted decisions are kept beside the others, and fewer: most mail of a busy server is permitted. */
export const mostPermitted = 100;
/** A client writes most of these texts. */
const longestText = 300;

/** What was decided, and on whom. Texts are safe to print. */
export interface DecisionFacts {
  readonly hook: string;
  readonly generation: number;
  readonly ip: string;
  readonly ptr: string;
  readonly helo: string;
  readonly from: string;
  readonly rcpt: string;
  /** As the client reads it; empty for a permit. */
  readonly reply: string;
}

export interface RecentDecision extends DecisionFacts {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly plugin: PluginName;
  readonly outcome: Outcome;
  readonly rule: string;
  readonly observed: boolean;
  readonly entry?: ListedEntry | undefined;
}

export interface DecisionCount {
  readonly plugin: PluginName;
  readonly outcome: Outcome;
  readonly rule: string;
  readonly observed: boolean;
  count: number;
}

export interface EntryCount extends ListedEntry {
  count: number;
  last: number;
}

/** What has been counted since the collection before. */
export interface Events {
  readonly version: number;
  readonly decisions: readonly Readonly<DecisionCount>[];
  readonly faults: Readonly<Record<string, number>>;
  readonly lookups: Readonly<Record<string, number>>;
  readonly reloads: Readonly<Record<string, number>>;
  readonly entries: readonly Readonly<EntryCount>[];
  /** Matches of entries that found no room in `entries`. */
  readonly unlisted: number;
  readonly recent: readonly RecentDecision[];
}

export class EventRecord {
  /** How many refused and deferred decisions are kept: `[status] recent`. */
  recentLimit = 1000;
  /** There are as many as rules that have decided: few. */
  private decisions: DecisionCount[] = [];
  private faults: Record<string, number> = {};
  private lookups: Record<string, number> = {};
  private reloads: Record<string, number> = {};
  /** By the version of their list, and the line. */
  private entries = new Map<string, Map<number, EntryCount>>();
  private entryCount = 0;
  private unlisted = 0;
  private readonly denied = new Recent();
  private readonly permitted = new Recent();

  constructor(private readonly clock: () => number = Date.now) {}

  /** Never throws: whatever may be wrong here, the decision stands. */
  decided(
    plugin: PluginName,
    { outcome, rule }: Opinion,
    observed: boolean,
    facts: DecisionFacts,
    entry?: ListedEntry,
  ) {
    try {
      this.count(plugin, outcome, rule, observed);
      const time = this.clock();
      if (entry) this.matched(entry, time);
      const { denied, permitted, recentLimit } = this;
      const decision = { time, plugin, outcome, rule, observed, entry, ...facts };
      if (outcome === 'permit') permitted.add(decision, Math.min(mostPermitted, recentLimit));
      else denied.add(decision, recentLimit);
    } catch {
      this.failed('status');
    }
  }

  /** An exclusion kept another entry from deciding. Never throws. */
  passed(entry: ListedEntry | undefined): void {
    try {
      if (entry) this.matched(entry, this.clock());
    } catch {
      this.failed('status');
    }
  }

  failed(hook: string): void {
    increment(this.faults, hook);
  }

  lookedUp(result: 'found' | 'none' | 'unknown'): void {
    increment(this.lookups, result);
  }

  reloaded(result: 'applied' | 'rejected'): void {
    increment(this.reloads, result);
  }

  /** Not collected yet. */
  get faultCount(): number {
    return Object.values(this.faults).reduce((sum, count) => sum + count, 0);
  }

  /** Not collected yet. */
  countOf(outcome: Outcome, rule: string): number {
    const counts = this.decisions.filter((one) => one.outcome === outcome && one.rule === rule);
    return counts.reduce((sum, { count }) => sum + count, 0);
  }

  /** Everything since the last collection, and counts from zero again. */
  collect(): Events {
    const { faults, lookups, reloads, unlisted } = this;
    const events: Events = {
      version: reportVersion,
      decisions: this.decisions,
      faults,
      lookups,
      reloads,
      entries: [...this.entries.values()].flatMap((lines) => [...lines.values()]),
      unlisted,
      recent: [...this.permitted.take(), ...this.denied.take()].sort((a, b) => a.time - b.time),
    };
    this.decisions = [];
    this.faults = {};
    this.lookups = {};
    this.reloads = {};
    this.entries = new Map();
    this.entryCount = 0;
    this.unlisted = 0;
    return events;
  }

  private count(plugin: PluginName, outcome: Outcome, rule: string, observed: boolean): void {
    for (const known of this.decisions) {
      if (known.rule === rule && known.outcome === outcome && known.plugin === plugin && known.observed === observed) {
        known.count++;
        return;
      }
    }
    this.decisions.push({ plugin, outcome, rule, observed, count: 1 });
  }

  private matched(entry: ListedEntry, time: number): void {
    // Two lists may have the same content.
    const version = entry.list + entry.hash;
    let lines = this.entries.get(version);
    if (!lines) {
      lines = new Map();
      this.entries.set(version, lines);
    }
    const known = lines.get(entry.line);
    if (known) {
      known.count++;
      known.last = time;
    } else if (this.entryCount < mostEntries) {
      this.entryCount++;
      lines.set(entry.line, { ...entry, count: 1, last: time });
    } else this.unlisted++;
  }
}

/** The last of what was added. */
class Recent {
  private decisions: RecentDecision[] = [];

  add(decision: RecentDecision, limit: number): void {
    this.decisions.push(decision);
    // Twice as many are let in, so that few additions move the others.
    if (this.decisions.length > 2 * limit) this.decisions.splice(0, this.decisions.length - limit);
    this.limit = limit;
  }

  private limit = 0;

  take(): readonly RecentDecision[] {
    const taken = this.limit > 0 ? this.decisions.slice(-this.limit) : [];
    this.decisions = [];
    return taken.map(shortened);
  }
}

function shortened(decision: RecentDecision): RecentDecision {
  const cut = (text: string) => (text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text);
  const { ptr, helo, from, rcpt, reply } = decision;
  return { ...decision, ptr: cut(ptr), helo: cut(helo), from: cut(from), rcpt: cut(rcpt), reply: cut(reply) };
}

/** An entry that is known by its text is the same on another line, in another version. */
export function entryKey({ list, hash, line, text }: ListedEntry): string {
  return text === undefined ? `${list} ${hash} ${line}` : `${list} ${text}`;
}

function increment(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
