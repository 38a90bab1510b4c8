/** When rows of a table cease to exist, by their payload. */

/** Minutes since 1970 for each payload from 1 on; 0, or behind the end, for a row that stays. */
export type Ends = Uint32Array;

/** At this time every row exists: the first end is behind it. */
export const beforeAllEnds = 0;
/** Later than any end. A number that JSON can hold, as `Infinity` is not: tables are handed to the command. */
export const never = Number.MAX_SAFE_INTEGER;

const minute = 60_000;

/** `time` in milliseconds since 1970. */
export function hasEnded(ends: Ends, payload: number, time: number): boolean {
  if (payload === 0 || payload > ends.length) return false;
  const end = ends[payload - 1] as number;
  return end !== 0 && time >= end * minute;
}

export function endOf(until: number | undefined): number {
  return until === undefined ? 0 : until / minute;
}
