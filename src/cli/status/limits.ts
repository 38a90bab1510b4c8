/** What limits have counted, for people. */
import type { LimitsAnswer } from '../../status/answers';
import { painter } from '../io';
import { duration, table } from './print';

export function printLimits({ time, mode, store, limits, notShown }: LimitsAnswer, colour: boolean): string {
  const paint = painter(colour);
  const remarks = [
    ...(mode === 'observe' ? ['only observing: recipients over a limit are accepted'] : []),
    ...(store === 'redis-disconnected' ? [paint('red', 'redis is disconnected: counted in memory')] : []),
  ];
  if (limits.length === 0) return `${[...remarks, 'nothing is counted'].join('\n')}\n`;
  const now = Date.parse(time);
  const rows = limits.map(({ subject, name, limit, at, accepted, refused, state, overSince, until }) => [
    state,
    subject,
    name,
    limit,
    at ? `${at.file}:${at.line}` : '',
    String(accepted),
    String(refused),
    overSince === null ? '' : `${duration(now - Date.parse(overSince))} ago`,
    duration(Date.parse(until) - now),
  ]);
  const heading = ['state', '', 'name', 'limit', 'of', 'accepted', 'refused', 'over since', 'anew in'];
  const [first = '', ...lines] = table([heading, ...rows]);
  const painted = lines.map((line) => (line.startsWith('over') ? paint('red', line) : line));
  return `${[...remarks, first, ...painted, ...(notShown > 0 ? [`and ${notShown} more`] : [])].join('\n')}\n`;
}
