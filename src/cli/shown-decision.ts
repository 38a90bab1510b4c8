/** A decision that was made, as the status server gives it, and its one line for people. */
import { printable } from '../policy/findings/characters';
import { painter } from './io';

/** What is read of `decisions.json`. */
export interface ShownDecision {
  /** In ISO 8601; empty where it is not known. */
  readonly time: string;
  readonly outcome: string;
  readonly rule: string;
  readonly observed: boolean;
  readonly ip: string;
  readonly ptr: string;
  readonly from: string;
  readonly rcpt: string;
  readonly reply: string;
  /** `text`: of the line when it decided; null where that is not known. */
  readonly entry: { readonly file: string; readonly line: number; readonly text: string | null } | null;
}

/** `time` is shown as it is given. */
export function decisionLine(decision: ShownDecision, time: string, colour: boolean): string {
  const { outcome, rule, observed, ip, ptr, from, rcpt, reply, entry } = decision;
  const parts = [
    time,
    outcome.padEnd(6),
    rule,
    ptr === '' || ptr === 'NXDOMAIN' || ptr === 'DNSERROR' ? ip : `${ip} (${ptr})`,
    from === '' && rcpt === '' ? '' : `${from} -> ${rcpt}`,
    reply,
    entry ? `[${entry.file}:${entry.line}${entry.text === null ? '' : ` ${entry.text}`}]` : '',
    observed ? '(only observed)' : '',
  ];
  const line = printable(parts.filter((part) => part !== '').join(' '));
  return outcome === 'permit' ? line : painter(colour)('red', line);
}
