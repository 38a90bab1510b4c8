/**
 * Lists in the formats of other programs, recognized where a list does not load: one finding names the format and the
 * command that converts the file, in the place of a finding for each of its lines.
 */
import type { Finding } from '../findings/finding';
import { detailOfFormat, type ListFormatKey, listFormats } from '../findings/list-formats';
import { parseNetwork } from './containment';
import { parseDomainName } from './domain-name';

export interface ForeignList {
  readonly detail: string;
  /** The first line that shows the format. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface ListPurpose {
  /** The list says what is refused, so what refuses in another format may be converted to it. */
  readonly denies: boolean;
  /** A second column may be a next hop, which must not get lost. */
  readonly routes: boolean;
}

/** Enough lines to know a format by. */
const mostLines = 2000;

interface LineFormat {
  readonly key: ListFormatKey;
  readonly pattern: RegExp;
  /** With fewer lines a finding for each says more. */
  readonly least: number;
}

const address = String.raw`\d{1,3}(?:\.\d{1,3}){3}`;

const lineFormats: readonly LineFormat[] = [
  { key: 'ipset', pattern: /^(?:add|create)[ \t]+\S+[ \t]+\S/, least: 1 },
  {
    key: 'iptables',
    pattern: /^(?:(?:ip6?tables[ \t]+)?-[AIPN][ \t]|\*(?:filter|raw|mangle)$|:[A-Z]+[ \t]|COMMIT$)/,
    least: 1,
  },
  {
    key: 'htaccess',
    pattern:
      /^(?:(?:deny|allow)[ \t]+from[ \t]|require[ \t]+(?:not|all|ip)[ \t]|order[ \t]+(?:allow|deny)\b|<\/?[a-z])/i,
    least: 1,
  },
  {
    key: 'rpz',
    pattern: /^(?:\S+[ \t]+(?:[0-9]+[smhdw]?[ \t]+)?(?:IN[ \t]+)?(?:CNAME|SOA|NS)[ \t]|\$(?:TTL|ORIGIN)[ \t])/i,
    least: 2,
  },
  { key: 'hosts-file', pattern: /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+\S*[a-z]/i, least: 2 },
  {
    key: 'ranges',
    pattern: new RegExp(String.raw`^${address}(?:[ \t]*-[ \t]*|[ \t]+(?!255\.))${address}(?![\d.])`),
    least: 4,
  },
  {
    key: 'access-table',
    pattern: /^\S+[ \t]+(?:ERROR:|(?:REJECT|DROP|DENY|DISCARD|OK|RELAY|PERMIT|DUNNO|SKIP|[45][0-9]{2})(?:[ \t]|$))/i,
    least: 2,
  },
];

interface NumberedLine {
  readonly number: number;
  readonly column: number;
  readonly text: string;
}

/** The format of a text that is no list, by the findings of its lines; `undefined` where it looks like a list with faults. */
export function recognizeForeignList(
  text: string,
  findings: readonly Pick<Finding, 'at'>[],
  purpose: ListPurpose | undefined,
): ForeignList | undefined {
  const lines = linesOf(text);
  const [first] = lines;
  if (!first) return undefined;
  const whole = wholeFormatOf(text);
  if (whole) return { ...placeOf(first), detail: detailOfFormat(whole) };
  // A map has keys and values, and is no list of any program.
  if (!purpose) return undefined;
  const block = lines.findIndex(({ text: line }) =>
    /^(?:table[ \t]+(?:inet6?|ip6?|arp|netdev)[ \t]|set[ \t]+\S+[ \t]*\{|elements[ \t]*=[ \t]*\{)/.test(line),
  );
  if (block >= 0 && lines.some(({ text: line }) => /\belements[ \t]*=[ \t]*\{/.test(line)))
    return { ...placeOf(lines[block] as NumberedLine), detail: detailOfFormat('nftables') };

  const faulty = new Set(findings.map(({ at }) => at.line));
  const noList = lines.filter(({ number }) => faulty.has(number));
  const isMost = (count: number) => count * 2 > lines.length;
  if (!isMost(noList.length)) return undefined;
  for (const { key, pattern, least } of lineFormats) {
    const matching = noList.filter(({ text: line }) => pattern.test(line));
    if (matching.length < least || !isMost(matching.length)) continue;
    return { ...placeOf(matching[0] as NumberedLine), detail: detailOf(key, matching, purpose.denies) };
  }
  return recognizeTable(noList, isMost, purpose.routes ? [',', ';', '|'] : [',', '\t', ';', '|']);
}

function placeOf({ number, column, text }: NumberedLine): Omit<ForeignList, 'detail'> {
  return { line: number, column, text };
}

function detailOf(key: ListFormatKey, lines: readonly NumberedLine[], denies: boolean): string {
  // Whom a table permits depends on the order of its lines and on where it is asked.
  if (
    key === 'access-table' &&
    !lines.every(({ text }) => /^\S+[ \t]+(?:REJECT|DROP|DENY|DISCARD|ERROR:|[45])/i.test(text))
  )
    return detailOfFormat('access-table-mixed');
  return detailOfFormat(key, 'denies' in listFormats[key] && !denies ? 'trusts' : '');
}

/** A format that its first characters show. */
function wholeFormatOf(text: string): ListFormatKey | undefined {
  if (text.charCodeAt(0) === 0x1f) return 'gzip';
  const start = text
    .slice(0, 4096)
    .replace(/^\ufeff/, '')
    .trimStart();
  if (/^<(?:!doctype|!--|\?xml|html|head|body)/i.test(start)) return 'html';
  // Two braces are a template that nothing has filled in.
  if (!/^(?:\{(?![{%#])|\[\s*["{[])/.test(start)) return undefined;
  return /"[0-9]+(?:\.[0-9]+){3}(?:\/[0-9]+)?"|"[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(?:\/[0-9]+)?"/i.test(text)
    ? 'json'
    : 'json-names';
}

/** Several columns, one of which has the entries. */
function recognizeTable(
  lines: readonly NumberedLine[],
  isMost: (count: number) => boolean,
  separators: readonly string[],
): ForeignList | undefined {
  for (const separator of separators) {
    const rows = lines.filter(({ text }) => text.includes(separator));
    if (rows.length < 2 || !isMost(rows.length)) continue;
    const cells = rows.map(({ text }) => text.split(separator, 20).map((cell) => cell.replace(/^[" ]+|[" ]+$/g, '')));
    for (const [key, isEntry] of [
      ['csv', isAddress],
      ['csv-names', isName],
    ] as const) {
      for (let column = 0; column < 20; column++) {
        if (!isMost(cells.filter((row) => isEntry(row[column] ?? '')).length)) continue;
        return { ...placeOf(rows[0] as NumberedLine), detail: detailOfFormat(key, `${separator}${column + 1}`) };
      }
    }
  }
  return undefined;
}

function isAddress(text: string): boolean {
  return /^[0-9a-f.:/]+$/i.test(text) && parseNetwork(text) !== undefined;
}

function isName(text: string): boolean {
  return text.includes('.') && !/\s/.test(text) && parseDomainName(text) !== undefined;
}

/** The first lines that are neither empty nor a comment, of ours or of most programs. */
function linesOf(text: string): readonly NumberedLine[] {
  const lines: NumberedLine[] = [];
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let number = 1; start < text.length && lines.length < mostLines; number++) {
    const end = text.indexOf('\n', start) < 0 ? text.length : text.indexOf('\n', start);
    // What is longer is no line of any of the formats, and a regular expression would take long over it.
    const whole = text.slice(start, Math.min(end, start + 4096));
    const line = withoutComment(whole).trim();
    if (line !== '' && !line.startsWith('//')) lines.push({ number, column: whole.search(/\S/) + 1, text: line });
    start = end + 1;
  }
  return lines;
}

function withoutComment(line: string): string {
  return line.slice(0, /#|(?:^|[ \t]);/.exec(line)?.index);
}
