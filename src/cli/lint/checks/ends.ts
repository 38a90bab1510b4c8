/** Lint of entries with an end: those that have ended, and those that end soon. */
import type { Attributes } from '../../../policy/attributes/attributes';
import { formatInstant } from '../../../policy/attributes/instant';
import type { LintFinding } from '../finding';
import { type LocatedEntry, report } from './entries';

/** When lint is asked, and how many days ahead it looks. */
export interface LintTime {
  readonly now: number;
  readonly expiringDays: number;
}

export const defaultExpiringDays = 14;

const day = 24 * 60 * 60 * 1000;

/** An entry of a list or a line of `relay.map`. */
interface Ending extends Pick<LocatedEntry, 'at' | 'text'> {
  readonly attributes: Attributes | undefined;
}

export function hasExpired({ until }: Attributes, now: number): boolean {
  return until !== undefined && until <= now;
}

export function lintEnds(all: readonly Ending[], { now, expiringDays }: LintTime): LintFinding[] {
  return all.flatMap((p) => {
    const until = p.attributes?.until;
    if (until === undefined) return [];
    if (until <= now) return [report('entry-expired', p, formatInstant(until))];
    return until <= now + expiringDays * day ? [report('entry-expiring', p, formatInstant(until))] : [];
  });
}
