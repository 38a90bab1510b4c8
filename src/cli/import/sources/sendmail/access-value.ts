/** Values of sendmail's access map: what each says of its key, and how relay.map writes it. */
import { longestReply } from '../../../../policy/decision';

export type Value =
  | { readonly kind: 'relay' | 'ok' | 'skip' | 'reject' | 'discard' | 'quarantine' }
  /** sendmail takes it for the text of a refusal. */
  | { readonly kind: 'unknown'; readonly isSkip?: true }
  /** `text` in the form of relay.map. */
  | { readonly kind: 'error'; readonly temporary: boolean; readonly text: string };

export function refusesForGood(value: Value): boolean {
  return value.kind === 'reject' || (value.kind === 'error' && !value.temporary);
}

/** What sendmail does not know it takes for the text of a refusal. */
export function refuses(value: Value): boolean {
  return !['relay', 'ok', 'skip', 'quarantine'].includes(value.kind);
}

export function mapValue(value: Value): string {
  if (value.kind === 'error') return value.text;
  return value.kind === 'unknown' ? 'REJECT' : value.kind.toUpperCase();
}

/** `ERROR:5.7.1:550 text` as relay.map has it. */
export function errorValue(text: string): string | undefined {
  const value = parseAccessValue(text);
  return value.kind === 'error' ? value.text : undefined;
}

/** `RELAY`, `ERROR:5.7.1:550 text`, `"550 text"` and the rest; sendmail compares the words without regard to case. */
export function parseAccessValue(text: string): Value {
  switch (text.toUpperCase()) {
    case 'RELAY':
      return { kind: 'relay' };
    case 'OK':
      return { kind: 'ok' };
    case 'SKIP':
      return { kind: 'skip' };
    case 'REJECT':
      return { kind: 'reject' };
    case 'DISCARD':
      return { kind: 'discard' };
  }
  if (/^quarantine:/i.test(text)) return { kind: 'quarantine' };
  const tagged = /^ERROR:(?:([245]\.[0-9]{1,3}\.[0-9]{1,3}):)?(.*)$/i.exec(text);
  const reply = /^([45])([0-9]{2})\s+(.+)$/.exec((tagged?.[2] ?? text).trim().replace(/^"(.*)"$/, '$1'));
  if (!reply) return { kind: 'unknown' };
  const temporary = reply[1] === '4';
  const status = tagged?.[1] ?? (temporary ? '4.7.1' : '5.7.1');
  // A status of the other class would contradict the code; the code is what clients obey.
  const valid = status.startsWith(reply[1] ?? '') ? status : temporary ? '4.7.1' : '5.7.1';
  // A reply line has a bound, and a refusal must not get lost for its length.
  const room = longestReply - `${reply[1]}${reply[2]} ${valid} \r\n`.length;
  const words =
    (reply[3] ?? '')
      .replace(/["#]/g, '')
      .replace(/[^\x20-\x7e]/g, '?')
      .trim()
      .slice(0, room)
      .trim() || 'Access denied';
  return { kind: 'error', temporary, text: `ERROR:${valid}:${reply[1]}${reply[2]} ${words}` };
}
