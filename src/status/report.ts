/** What one process tells the master: its events since the last report, and the state of its lists. */

import type { ListStatus } from '../lists/list-status';
import type { ListedEntry } from '../lists/written-entries';
import { printable } from '../policy/findings/characters';
import { describeFault } from '../policy/findings/finding-text';
import { pluginNames } from '../policy/settings/settings';
import {
  type DecisionCount,
  type EntryCount,
  type Events,
  mostEntries,
  type RecentDecision,
  reportVersion,
} from './event-record';
import { outcomes } from './rules';

export interface Report {
  readonly version: number;
  readonly pid: number;
  readonly startedAt: number;
  readonly generation: number;
  /** How many clients have their names remembered. */
  readonly rememberedNames: number;
  readonly lists: readonly ListReport[];
  readonly events: Events;
}

/** The JSON of one list. */
export interface ListReport extends Omit<ListStatus, 'name' | 'rejected'> {
  readonly list: string;
  readonly rejected: RejectionReport | null;
}

export interface RejectionReport {
  readonly at: number;
  readonly findings: readonly {
    readonly code: string;
    readonly file: string;
    readonly line: number;
    readonly text: string;
    readonly message: string;
  }[];
  readonly omitted: number;
  readonly message: string | null;
}

export function reportOfList({ name, rejected, ...status }: ListStatus): ListReport {
  const { at = 0, findings = [], omitted = 0, message = null } = rejected ?? {};
  const described = findings.map((finding) => ({
    code: finding.code,
    file: printable(finding.at.file),
    line: finding.at.line,
    text: printable(finding.text),
    message: describeFault(finding),
  }));
  return { list: name, ...status, rejected: rejected ? { at, findings: described, omitted, message } : null };
}

/** Numbers and texts are as an own process writes them; more of anything is left out. */
const most = { decisions: 500, recent: 10_000, names: 100, text: 400 };

/**
 * The report in a message of a worker, which may run another version of the suite: what is not understood of it is left
 * out. `undefined` where it is no report at all.
 */
export function readReport(message: unknown): Report | undefined {
  const report = record(message);
  if (!report || !isCount(report.pid)) return undefined;
  const events = record(report.events) ?? {};
  return {
    version: reportVersion,
    pid: report.pid,
    startedAt: count(report.startedAt),
    generation: count(report.generation),
    rememberedNames: count(report.rememberedNames),
    lists: listOf(report.lists, most.names, readList),
    events: {
      version: reportVersion,
      decisions: listOf(events.decisions, most.decisions, readDecisionCount),
      faults: counts(events.faults),
      lookups: counts(events.lookups),
      reloads: counts(events.reloads),
      entries: listOf(events.entries, mostEntries, readEntryCount),
      unlisted: count(events.unlisted),
      recent: listOf(events.recent, most.recent, readRecent),
    },
  };
}

function readDecisionCount(value: Fields): DecisionCount | undefined {
  const plugin = pluginNames.find((name) => name === value.plugin);
  const outcome = outcomes.find((name) => name === value.outcome);
  const { rule, observed, count } = value;
  if (!plugin || !outcome || !isName(rule) || typeof observed !== 'boolean' || !isCount(count)) return undefined;
  return { plugin, outcome, rule, observed, count };
}

function readRecent(value: Fields): RecentDecision | undefined {
  const counted = readDecisionCount({ ...value, count: 1 });
  if (!counted || !isCount(value.time)) return undefined;
  const { plugin, outcome, rule, observed } = counted;
  const { hook, ip, ptr, helo, from, rcpt, reply } = value;
  return {
    ...{ time: value.time, plugin, outcome, rule, observed, generation: count(value.generation) },
    ...{ hook: text(hook), ip: text(ip), ptr: text(ptr), helo: text(helo) },
    ...{ from: text(from), rcpt: text(rcpt), reply: text(reply) },
    entry: readPlace(record(value.entry) ?? {}),
  };
}

function readEntryCount(value: Fields): EntryCount | undefined {
  const place = readPlace(value);
  return place && isCount(value.count) ? { ...place, count: value.count, last: count(value.last) } : undefined;
}

function readPlace({ list, file, line, hash, ...written }: Fields): ListedEntry | undefined {
  if (!isName(list) || !isCount(line)) return undefined;
  const place = { list, file: text(file), line, hash: text(hash) };
  return { ...place, text: optional(written.text), comment: optional(written.comment) };
}

function readList(value: Fields): ListReport | undefined {
  const { list, state } = value;
  if (!isName(list) || !isState(state)) return undefined;
  const rejected = record(value.rejected);
  return {
    ...{ list, state, source: text(value.source), hash: text(value.hash), entries: count(value.entries) },
    ...{ generation: count(value.generation), loadedAt: count(value.loadedAt), readTime: count(value.readTime) },
    rejected: rejected
      ? {
          at: count(rejected.at),
          omitted: count(rejected.omitted),
          message: typeof rejected.message === 'string' ? text(rejected.message) : null,
          findings: listOf(rejected.findings, most.names, (finding) => ({
            code: text(finding.code),
            file: text(finding.file),
            line: count(finding.line),
            text: text(finding.text),
            message: text(finding.message),
          })),
        }
      : null,
  };
}

const states = ['loaded', 'kept', 'empty', 'unavailable'] as const;

function isState(value: unknown): value is (typeof states)[number] {
  return (states as readonly unknown[]).includes(value);
}

type Fields = Readonly<Record<string, unknown>>;

function record(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

function listOf<T>(value: unknown, limit: number, read: (fields: Fields) => T | undefined): T[] {
  const all = Array.isArray(value) ? value.slice(-limit) : [];
  return all.map((one) => read(record(one) ?? {})).filter((one) => one !== undefined);
}

function counts(value: unknown): Record<string, number> {
  const all = Object.entries(record(value) ?? {}).filter((pair) => isName(pair[0]) && isCount(pair[1]));
  return Object.fromEntries(all.slice(0, most.names)) as Record<string, number>;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z][a-z0-9_-]{0,40}$/.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function count(value: unknown): number {
  return isCount(value) ? value : 0;
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? text(value) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? printable(value.slice(0, most.text)) : '';
}
