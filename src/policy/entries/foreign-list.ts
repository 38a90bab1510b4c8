/**
 * Lists in the formats of other programs, recognized where a list does not load: one finding names the format and the
 * command that converts the file, in the place of a finding for each of its lines.
 */
import type { Finding } from '../findings/finding';
import { detailOfFormat, type ListFormatKey, listFormats } from '../findings/list-formats';
import { parseDomainName } from './domain-name';
import { parseAddress } from './ip-address';

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
  /** Of a line in which each run of blanks is one space. */
  readonly pattern: RegExp;
  /** With fewer lines a finding for each says more. */
  readonly least: number;
}

const address = String.raw`\d{1,3}(?:\.\d{1,3}){3}`;

const lineFormats: readonly LineFormat[] = [
  { key: 'ipset', pattern: /^(?:add|create) \S+ \S/, least: 1 },
  {
    key: 'iptables',
    pattern: /^(?:(?:ip6?tables )?-[AIPN] |\*(?:filter|raw|mangle)$|:[A-Z]+ )/,
    least: 1,
  },
  {
    key: 'htaccess',
    pattern: /^(?:(?:deny|allow) from |require (?:not|all|ip) |order (?:allow|deny)\b|<\/?[a-z])/i,
    least: 1,
  },
  {
    key: 'rpz',
    pattern: /^(?:\S+ (?:[0-9]+[smhdw]? )?(?:IN )?(?:CNAME|SOA|NS) |\$(?:TTL|ORIGIN) )/i,
    least: 2,
  },
  { key: 'hosts-file', pattern: /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?) \S*[a-z]/i, least: 2 },
  {
    key: 'ranges',
    pattern: new RegExp(String.raw`^${address}(?: ?- ?| (?!255\.))${address}(?![\d.])`),
    least: 4,
  },
  {
    key: 'access-table',
    pattern: /^\S+ (?:ERROR:|(?:REJECT|DROP|DENY|DISCARD|OK|RELAY|PERMIT|DUNNO|SKIP|[45][0-9]{2})(?: |$))/i,
    least: 2,
  },
];

interface NumberedLine {
  readonly number: number;
  readonly column: number;
  readonly text: string;
  /** The text with one space in the place of each run of blanks. */
  readonly words: string;
}

/** The format of a text that is no list, by the findings of its lines; `undefined` where it looks like a list with faults. */
export function recognizeForeignList(
  text: string,
  findings: readonly Pick<Finding, 'at'>[],
  purpose: ListPurpose | undefined,
): ForeignList | undefined {
  const lines = linesOf(text);
  const [first] = lines;
  const whole = wholeFormatOf(text);
  if (first && whole) return { ...placeOf(first), detail: detailOfFormat(whole) };
  // A map has keys and values, and is no list of any program.
  if (!purpose) return undefined;
  const block = lines.find(({ words }) => /^(?:table|set|elements)\b/.test(words));
  if (block && lines.some(({ words }) => /\belements ?= ?\{/.test(words)))
    return { ...placeOf(block), detail: detailOfFormat('nftables') };

  const faulty = new Set(findings.map(({ at }) => at.line));
  const noList = lines.filter(({ number }) => faulty.has(number));
  const isMost = (count: number) => count * 2 > lines.length;
  for (const { key, pattern, least } of lineFormats) {
    const matching = noList.filter(({ words }) => pattern.test(words));
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
  const permits = /^\S+ (?:OK|RELAY|PERMIT|DUNNO|SKIP)\b/i;
  if (key === 'access-table' && lines.some(({ words }) => permits.test(words)))
    return detailOfFormat('access-table-mixed');
  return detailOfFormat(key, 'denies' in listFormats[key] && !denies ? 'trusts' : '');
}

/** A format that its first characters show. */
function wholeFormatOf(text: string): ListFormatKey | undefined {
  if (text.charCodeAt(0) === 0x1f) return 'gzip';
  // A BOM counts as a blank.
  const start = text.slice(0, 4096).trimStart();
  if (/^<(?:!doctype|!--|\?xml|html|head|body)/i.test(start)) return 'html';
  // Two braces are a template that nothing has filled in.
  if (!/^(?:\{(?![{%#])|\[\s*["{[])/.test(start)) return undefined;
  for (const [, word = ''] of text.matchAll(/"([^"]*)"/g)) if (isAddress(word)) return 'json';
  return 'json-names';
}

/** Several columns, one of which has the entries. */
function recognizeTable(
  lines: readonly NumberedLine[],
  isMost: (count: number) => boolean,
  separators: readonly string[],
): ForeignList | undefined {
  for (const separator of separators) {
    const rows = lines.filter(({ text }) => text.includes(separator));
    if (rows.length < 2) continue;
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

/** A whole address, with or without a length: a number alone would be an octet prefix. */
function isAddress(text: string): boolean {
  return parseAddress(text.replace(/\/[0-9]+$/, '')) !== undefined;
}

function isName(text: string): boolean {
  return text.includes('.') && parseDomainName(text) !== undefined;
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
    if (line !== '' && !line.startsWith('//')) {
      const words = line.replace(/[ \t]+/g, ' ');
      lines.push({ number, column: whole.indexOf(line) + 1, text: line, words });
    }
    start = end + 1;
  }
  return lines;
}

function withoutComment(line: string): string {
  return line.slice(0, /#|(?:^|[ \t]);/.exec(line)?.index);
}
