/** What one process tells the master: its events since the last report, and the state of its lists. */

import type { Numbering } from '../lists/generations';
import type { ListStatus } from '../lists/list-status';
import type { ListedEntry } from '../lists/written-entries';
import { printable } from '../policy/findings/characters';
import { describeFault } from '../policy/findings/finding-text';
import { pluginNames } from '../policy/settings/settings';
import type { RejectedLine } from './answers';
import { type DecisionCount, type EntryCount, type Events, mostEntries, type RecentDecision } from './event-record';
import { byName, each, flag, name, number, object, oneOf, or, text } from './message';
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
  readonly findings: readonly RejectedLine[];
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

/** More of anything is left out. */
const most = { decisions: 500, recent: 10_000, names: 100 };

const count = or(number, 0);
const words = or(text, '');
const counts = byName(number, most.names);

const rule = { plugin: oneOf(pluginNames), outcome: oneOf(outcomes), rule: name, observed: flag };
const line = { list: name, file: words, line: number, hash: words };
const entry = {
  ...{ ...line, text: or(text, undefined), comment: or(text, undefined) },
  ...{ attributes: or(text, undefined), until: or(number, undefined) },
};

const recent = object<RecentDecision>({
  ...{ time: number, ...rule, hook: words, generation: count, ip: words, ptr: words, helo: words },
  ...{ from: words, rcpt: words, reply: words, entry: or(object<ListedEntry>(entry), undefined) },
});

const finding = object<RejectedLine>({ code: words, file: words, line: count, text: words, message: words });

const list = object<ListReport>({
  ...{ list: name, source: words, state: oneOf(['loaded', 'kept', 'empty', 'unavailable'] as const) },
  ...{ entries: count, hash: words, generation: count, loadedAt: count, readTime: count },
  rejected: or(
    object<RejectionReport>({
      ...{ at: count, findings: each(finding, most.names), omitted: count, message: or(text, null) },
    }),
    null,
  ),
});

const events = object<Events>({
  version: count,
  decisions: each(object<DecisionCount>({ ...rule, count: number }), most.decisions),
  ...{ faults: counts, lookups: counts, reloads: counts },
  entries: each(object<EntryCount>({ ...entry, count: number, last: count }), mostEntries),
  unlisted: count,
  recent: each(recent, most.recent),
});

const report = object<Report>({
  ...{ version: count, pid: number, startedAt: count, generation: count, rememberedNames: count },
  lists: each(list, most.names),
  events: (value) => or(events, events({}))(value),
});

/**
 * The report in a message of a worker, which may run another version of the suite: what is not understood of it is left
 * out. `undefined` where it is no report at all.
 */
export const readReport = or(report, undefined);

/** The numbers in a message of the master. */
export const readNumbering = or(
  object<Numbering>({
    generation: number,
    lists: byName(object({ hash: words, generation: number, loadedAt: count }), most.names),
  }),
  undefined,
);
