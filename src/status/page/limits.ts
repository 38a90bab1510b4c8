/** Whom limits have counted recipients for: the fullest first. */
import type { LimitState, LimitsAnswer } from '../answers.js';
import { badge, byId, type Cell, cell, duration, fillTable, place, plural, time, update } from './dom.js';

const mostShown = 100;

export function showLimits({ time: now, mode, store, limits, notShown }: LimitsAnswer): void {
  const over = limits.filter(({ state }) => state === 'over').length;
  const remarks = [
    ...(over > 0 ? [`${over} over ${over === 1 ? 'its limit' : 'their limits'}.`] : []),
    ...(mode === 'observe' ? ['Only observed: recipients over a limit are accepted.'] : []),
    ...(store === 'redis-disconnected' ? ['Redis is disconnected: counted in memory.'] : []),
  ];
  update(byId('limits-state'), remarks, () => [remarks.join(' ')]);
  const rest = limits.length - mostShown + notShown;
  const more: Cell[][] =
    rest > 0 ? [[{ content: [`and ${plural(rest, 'other')} farther from a limit`], wide: true }]] : [];
  fillTable(
    'limits-table',
    limits,
    () => [...limits.slice(0, mostShown).map((one) => limitRow(one, now)), ...more],
    'Nothing is counted.',
  );
}

function limitRow(
  { subject, name, limit, at, accepted, refused, state, overSince, until }: LimitState,
  now: string,
): readonly Cell[] {
  return [
    cell(`${subject} ${name}`),
    cell(...(at ? [`${limit} `, place(at)] : [limit])),
    cell(badge(state)),
    cell(String(accepted)),
    cell(String(refused)),
    cell(...(overSince === null ? [] : [time(overSince)])),
    cell(duration(Date.parse(until) - Date.parse(now))),
  ];
}
