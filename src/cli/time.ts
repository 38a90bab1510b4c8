/** The time that a command asks about: `--at`, in the forms of `until=`, or now. */
import { Option } from 'commander';
import { parseInstant } from '../policy/attributes/instant';
import { CannotRun } from './io';

export function atOption(what: string): Option {
  return new Option('--at <TIME>', `${what}: 2026-12-31, 2026-12-31T18:00, or with Z in UTC (default: now)`);
}

/** In milliseconds since 1970. */
export function timeOf(at: string | undefined): number {
  const time = at === undefined ? Date.now() : parseInstant(at);
  if (time === undefined) {
    throw new CannotRun(`--at ${at}: no time that exists; write 2026-12-31, 2026-12-31T18:00 or 2026-12-31T18:00Z`);
  }
  return time;
}
