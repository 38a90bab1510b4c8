/** What a policy says of a request: one of four outcomes, the rule that said it and the line that made it say so. */
import type { SourceLine } from './findings/finding';

/** An SMTP reply: the code, the enhanced status code of RFC 3463 and the text behind it. */
export interface Reply {
  readonly code: number;
  readonly enhanced: readonly [2 | 4 | 5, number, number];
  readonly text: string;
}

export interface Permit<R extends string = string> {
  readonly outcome: 'permit';
  readonly rule: R;
  readonly at?: SourceLine;
}

export interface Refuse<R extends string = string> {
  readonly outcome: 'refuse';
  readonly rule: R;
  readonly at?: SourceLine;
  readonly reply: Reply;
}

/** Could not tell, or not now: the client may come again. */
export interface Defer<R extends string = string> {
  readonly outcome: 'defer';
  readonly rule: R;
  readonly at?: SourceLine;
  readonly reply: Reply;
}

/** No opinion. */
export interface Pass<R extends string = string> {
  readonly outcome: 'pass';
  readonly rule: R;
  readonly at?: SourceLine;
}

export type Decision<R extends string = string> = Permit<R> | Refuse<R> | Defer<R> | Pass<R>;

export type Opinion = Exclude<Decision, Pass>;

export function permit<R extends string>(rule: R, at?: SourceLine): Permit<R> {
  return at ? { outcome: 'permit', rule, at } : { outcome: 'permit', rule };
}

export function refuse<R extends string>(rule: R, reply: Reply, at?: SourceLine): Refuse<R> {
  return at ? { outcome: 'refuse', rule, reply, at } : { outcome: 'refuse', rule, reply };
}

export function defer<R extends string>(rule: R, reply: Reply, at?: SourceLine): Defer<R> {
  return at ? { outcome: 'defer', rule, reply, at } : { outcome: 'defer', rule, reply };
}

export function pass<R extends string>(rule: R, at?: SourceLine): Pass<R> {
  return at ? { outcome: 'pass', rule, at } : { outcome: 'pass', rule };
}

/** `reply(550, '5.7.1', 'Relaying denied')`. */
export function reply(code: number, enhanced: `${2 | 4 | 5}.${number}.${number}`, text: string): Reply {
  const [kind, subject, detail] = enhanced.split('.').map(Number);
  return { code, enhanced: [kind as 2 | 4 | 5, subject as number, detail as number], text };
}

/** Octets of a reply line, code and CRLF included (RFC 5321 §4.5.3.1.5). */
export const longestReply = 512;

/** The reply as the client reads it. */
export function formatReply(r: Reply): string {
  return `${r.code} ${r.enhanced.join('.')} ${r.text}`;
}
