/** Results grouped and counted for every output format. */

import type { Check } from '../check';
import type { Verdict } from '../outcome';
import { overall, type Result } from '../runner';
import { type Channel, channelName } from '../session/channel';

export const documentation = 'docs/reference/audit.md';

export interface AuditReport {
  readonly results: readonly Result[];
  readonly channels: readonly Channel[];
  readonly version: string;
  /** Present with `--transcript`. */
  readonly transcript: readonly string[] | undefined;
}

export function counts(results: readonly Result[]): Record<Verdict, number> {
  const sum: Record<Verdict, number> = { safe: 0, unsafe: 0, report: 0, unknown: 0, deferred: 0 };
  for (const { verdict } of results) sum[verdict] += 1;
  return sum;
}

/** Equal results of one check on several channels are one row. */
export interface Row {
  readonly check: Check<never>;
  readonly verdict: Verdict;
  readonly observed: string;
  readonly where: readonly string[];
}

export function rowsOf(results: readonly Result[]): Row[] {
  const rows = new Map<string, { check: Check<never>; verdict: Verdict; observed: string; where: string[] }>();
  for (const { check, verdict, observed, channel } of results) {
    // What was observed may name times or ids that differ from one way in to the next; a pass is a pass.
    const key = verdict === 'safe' ? `${check.id} safe` : `${check.id} ${verdict} ${observed}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { check, verdict, observed, where: [channelName(channel)] });
    else row.where.push(channelName(channel));
  }
  return [...rows.values()];
}

export function verdictLine(results: readonly Result[]): string {
  const sum = counts(results);
  const words = { safe: 'SAFE', unsafe: 'UNSAFE', unknown: 'COULD NOT TELL' }[overall(results)];
  const deferred = sum.deferred > 0 ? `${sum.deferred} deferred instead of refused, ` : '';
  return `${words}: ${sum.unsafe} unsafe, ${sum.unknown} unknown, ${deferred}${sum.report} to look at, ${sum.safe} safe`;
}
