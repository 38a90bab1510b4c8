/** What limits have counted in the windows that are open now. */
import type { OpenWindow } from '../../limits/windows';
import { formatLimit } from '../../policy/attributes/limit';
import { printable } from '../../policy/findings/characters';
import type { LimitState, LimitsAnswer } from '../answers';
import type { StatusView } from '../view';
import { isoTime, jsonVersion } from './pages';

/** The fullest come first, and more are not listed. */
const mostShown = 1000;
/** Whoever has sent to so many of those that the limit has is near it. */
const nearShare = 0.8;

export function limitsPage(view: StatusView): LimitsAnswer {
  const now = view.clock();
  const windows = [...countedWindows(view)].sort(
    (a, b) => Number(b.refused > 0) - Number(a.refused > 0) || shareOf(b) - shareOf(a),
  );
  return {
    version: jsonVersion,
    time: isoTime(now),
    mode: view.policy.settings.limits.mode,
    store: view.limits.state,
    limits: windows.slice(0, mostShown).map((window) => limitJson(window, now)),
    notShown: Math.max(windows.length - mostShown, 0),
  };
}

export function countedWindows(view: StatusView): readonly OpenWindow[] {
  return view.limits.open.filter(({ counter }) => counter.subject !== 'report');
}

function limitJson(window: OpenWindow, now: number): LimitState {
  const { counter, accepted, refused, overSince, endsIn } = window;
  const { subject, name, limit, at } = counter;
  const until = now + endsIn;
  return {
    subject,
    name: printable(name),
    limit: formatLimit(limit),
    at: at ? { file: at.file, line: at.line } : null,
    accepted,
    refused,
    state: stateOf(window),
    since: isoTime(until - limit.period),
    overSince: overSince === undefined ? null : isoTime(overSince),
    until: isoTime(until),
  };
}

export function stateOf(window: OpenWindow): LimitState['state'] {
  if (window.refused > 0) return 'over';
  return shareOf(window) >= nearShare ? 'near' : 'under';
}

function shareOf({ accepted, counter }: OpenWindow): number {
  return accepted / counter.limit.recipients;
}
