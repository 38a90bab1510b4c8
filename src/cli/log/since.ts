/** A time in the past as an operator writes it. */
import { CannotRun } from '../io';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `24h`, `7d`, or a date or time of ISO 8601; in milliseconds since 1970. */
export function parseSince(option: string, text: string, now: number): number {
  const [, count, unit = ''] = /^([0-9]{1,6})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (units[unit] as number) * 1000;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new CannotRun(`${option} ${text}: write 30m, 24h, 7d or a time such as 2026-11-30T08:00Z`);
  return time;
}
