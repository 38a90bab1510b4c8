/**
 * A decision of the suite in a line of Haraka's log (`src/host/record.ts` writes it), in each of Haraka's formats and behind the
 * prefix of syslog, journald or a container. A line is read as a whole or not at all: what a client says stands in quotes
 * there, and cannot be taken for another key, and the line of another plugin is never taken for ours.
 */
import { type LoggedNames, parseNames } from '../../policy/client-names';
import type { SourceLine } from '../../policy/findings/finding';
import { type Outcome, outcomes } from '../../status/rules';

export interface LoggedDecision {
  /** Milliseconds since 1970, where the line says when it was. */
  readonly time: number | undefined;
  readonly outcome: Outcome;
  readonly rule: string;
  /** `file:line` of the entry that decided; empty where none did. */
  readonly at: string;
  readonly ip: string;
  readonly ptr: string;
  readonly helo: string;
  readonly from: string;
  readonly rcpt: string;
  /** As the client read it; empty for a permit. */
  readonly reply: string;
  /** Absent where they were not looked up. */
  readonly names: LoggedNames | undefined;
  readonly isDropped: boolean;
  /** The next hop was asked about the recipient, and did not say that there is none. */
  readonly isVerified: boolean;
  readonly note: string;
  readonly observed: boolean;
}

/** The entry of `at`, where there is one. */
export function sourceLineOf(at: string): SourceLine | undefined {
  const [, file, line] = /^(.*):([0-9]+)$/.exec(at) ?? [];
  return file === undefined ? undefined : { file, line: Number(line) };
}

/** `unreadable`: a decision, or the remains of one, that cannot be relied on. */
export type ReadLine = LoggedDecision | 'other' | 'unreadable';

const isoTime = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?`;
const syslogTime = String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?`;
/** Behind the time: host and program (RFC 3164, journalctl), the header of RFC 5424, or the stream of a container. */
const program = String.raw`[\w.:-]+ [\w./@-]+(?:\[\d+\])?: |[\w.:-]+ [\w./@-]+ \S+ \S+ - |std(?:out|err) F `;
const prefix = new RegExp(
  `^(?:<\\d{1,3}>(?:1 )?)?(?:(${isoTime}|${syslogTime}) (?:${program})?)?(?:(${isoTime}) )?(?:\\u001b\\[\\d+m)?`,
);
/** The end of the colour that Haraka gives a line on a terminal. */
const colourEnd = /\u001b\[\d+m$/;

const ourOrigin = /^smtpcheck(?:\/plugins\/[a-z]+)?$/;
const beginsAsDecision = /^smtpcheck (?:permit|refuse|defer)\b ?/;
/** What a decision looks like in the middle of whatever line. */
const remains = /smtpcheck (?:permit|refuse|defer)"?,? ?"?action[=":]/;
const plainBegin = /^\[[A-Z]+\] \[[^\]]*\] \[([^\]]*)\] /;
const logfmtBegin = /^level=[A-Z]+ uuid=\S+ origin=(\S+) message=(?:"((?:[^"\\]|\\.)*)"|[^ ="\\]*) ?/;

/** In quotes Haraka escapes two characters; what it leaves without quotes has no blank and none of them. */
const value = String.raw`("(?:[^"\\]|\\.)*"|[^ ="\\]+)`;
/** In the order of `src/host/record.ts`. A line with `reason` was not cut off before any that every line has. */
const everyField = new RegExp(
  `action=${value} rule=${value} at=${value} generation=[0-9]+ ip=${value} ptr=${value} helo=${value} from=${value} rcpt=${value} reason=${value}`,
  'y',
);
const oneMore = new RegExp(` ([a-z_]+)=${value}`, 'y');

/** `now`: times of syslog have no year, and lie before it. */
export function readDecisionLine(line: string, now: number): ReadLine {
  // Nearly every other line ends here.
  if (!line.includes('smtpcheck ')) return 'other';
  // Haraka's own JSON begins so.
  const inner = line.startsWith('{') && !line.startsWith('{"level":') ? wrappedLine(line) : undefined;
  if (inner) {
    const found = readDecisionLine(inner.text, now);
    return typeof found === 'object' ? { ...found, time: found.time ?? inner.time } : found;
  }
  const [before = '', outer, own] = prefix.exec(line) ?? [];
  const text = line.slice(before.length);
  const fields = fieldsOf(before.endsWith('m') ? text.replace(colourEnd, '') : text);
  if (fields === 'other') return 'other';
  const decision = fields && decisionOf(fields, timeOf(own ?? outer, now));
  return decision ?? (fields || remains.test(line) ? 'unreadable' : 'other');
}

type Fields = Readonly<Record<string, unknown>>;

/** `undefined` where the text is no line of Haraka's, or a decision that is not whole. */
function fieldsOf(text: string): Fields | 'other' | undefined {
  if (text.startsWith('{')) return fieldsOfJson(text);
  const plain = plainBegin.exec(text);
  if (plain) {
    const message = text.slice(plain[0].length);
    const begin = beginsAsDecision.exec(message)?.[0] ?? '';
    return isOurs(plain[1], message) ? fieldsOfText(message, begin.length) : 'other';
  }
  const logfmt = logfmtBegin.exec(text);
  if (!logfmt) return undefined;
  return isOurs(logfmt[1], logfmt[2]) ? fieldsOfText(text, logfmt[0].length) : 'other';
}

/** Whether the line is a decision, or was one before it was cut off. That of another plugin is none, whatever stands in it. */
function isOurs(origin: unknown, message: unknown): boolean {
  return isText(origin) && ourOrigin.test(origin) && isText(message) && beginsAsDecision.test(message);
}

function fieldsOfText(text: string, from: number): Fields | undefined {
  everyField.lastIndex = from;
  const found = everyField.exec(text);
  if (!found) return {};
  const [action, rule, at, ip, ptr, helo, sender, rcpt, reason] = found.slice(1).map(unquoted);
  const fields = { action, rule, at, ip, ptr, helo, from: sender, rcpt, reason };
  let end = everyField.lastIndex;
  if (end === text.length) return fields;
  const more: Record<string, string> = {};
  while (end < text.length) {
    oneMore.lastIndex = end;
    const [, key, written = ''] = oneMore.exec(text) ?? [];
    if (key === undefined || key in fields || key in more) return {};
    more[key] = unquoted(written);
    end = oneMore.lastIndex;
  }
  return { ...more, ...fields };
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  const inner = text.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\(.)/g, '$1') : inner;
}

function fieldsOfJson(text: string): Fields | 'other' | undefined {
  try {
    const fields = JSON.parse(text) as Fields;
    if (!isText(fields.origin)) return undefined;
    return isOurs(fields.origin, fields.message) ? fields : 'other';
  } catch {
    return undefined;
  }
}

/** The line inside an entry of `journalctl -o json`, or of Docker's log. */
function wrappedLine(text: string): { readonly text: string; readonly time: number | undefined } | undefined {
  try {
    const { MESSAGE, log, __REALTIME_TIMESTAMP: microseconds, time } = JSON.parse(text) as Fields;
    const line = MESSAGE ?? log;
    const when = isText(microseconds) ? Number(microseconds) / 1000 : isText(time) ? Date.parse(time) : Number.NaN;
    return isText(line) ? { text: line.trimEnd(), time: Number.isNaN(when) ? undefined : when } : undefined;
  } catch {
    return undefined;
  }
}

/** `undefined` where a field is missing. */
function decisionOf(fields: Fields, time: number | undefined): LoggedDecision | undefined {
  const { action, rule, at, ip, ptr, helo, from, rcpt, reason, names, note, disposition, verified, observed } = fields;
  const outcome = outcomes.find((known) => known === action);
  if (!outcome || !isText(rule) || !isText(at) || !isText(ip) || !isText(ptr) || !isText(helo)) return undefined;
  if (!isText(from) || !isText(rcpt) || !isText(reason)) return undefined;
  return {
    time,
    outcome,
    rule,
    at,
    ip,
    ptr,
    helo,
    from,
    rcpt,
    reply: reason,
    names: isText(names) ? parseNames(names) : undefined,
    isDropped: disposition === 'discard',
    isVerified: isText(verified),
    note: isText(note) ? note : '',
    observed: String(observed) === 'true',
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const aDay = 86_400_000;

function timeOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d/.test(text)) {
    const time = Date.parse(text.replace(' ', 'T').replace(',', '.'));
    return Number.isNaN(time) ? undefined : time;
  }
  const [, hours = 0, minutes = 0, seconds = 0] = (/(\d\d):(\d\d):(\d\d)/.exec(text) ?? []).map(Number);
  const inYear = (year: number) =>
    new Date(year, months.indexOf(text.slice(0, 3)), Number(text.slice(4, 6)), hours, minutes, seconds).getTime();
  const year = new Date(now).getFullYear();
  const time = inYear(year);
  // A log of December that is read in January; a clock may be ahead by some hours.
  return time > now + aDay ? inYear(year - 1) : time;
}
