/** A decision that was made, as the status server gives it, and its one line for people. */
import { isPtrName } from '../policy/client-names';
import { printable } from '../policy/findings/characters';
import type { Decision, Place } from '../status/answers';
import { painter } from './io';

/** What is shown of one; of a log not all is known. */
export interface ShownDecision
  extends Pick<Decision, 'outcome' | 'rule' | 'observed' | 'ip' | 'ptr' | 'from' | 'rcpt' | 'reply'> {
  /** Empty where it is not known. */
  readonly time: string;
  /** `text`: of the line when it decided; null where that is not known. */
  readonly entry: Pick<Place, 'file' | 'line' | 'text'> | null;
}

/** `time` is shown as it is given. */
export function decisionLine(decision: ShownDecision, time: string, colour: boolean): string {
  const { outcome, rule, observed, ip, ptr, from, rcpt, reply, entry } = decision;
  const parts = [
    time,
    outcome.padEnd(6),
    rule,
    isPtrName(ptr) ? `${ip} (${ptr})` : ip,
    from === '' && rcpt === '' ? '' : `${from} -> ${rcpt}`,
    reply,
    entry ? `[${entry.file}:${entry.line}${entry.text === null ? '' : ` ${entry.text}`}]` : '',
    observed ? '(only observed)' : '',
  ];
  const line = printable(parts.filter((part) => part !== '').join(' '));
  return outcome === 'permit' ? line : painter(colour)('red', line);
}
