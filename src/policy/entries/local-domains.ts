/** The domains that this server delivers itself: Haraka's `host_list` and `host_list_regex`, as `rcpt_to.in_host_list` reads them. */
import { type Finding, fault } from '../findings/finding';
import type { Parsed } from './parse-lines';

/** The lines of one of the two files as plain data: names in lower case, or regular expressions. */
export interface LocalDomainsData {
  readonly file: string;
  readonly lines: readonly string[];
}

export class LocalDomains {
  private readonly names: ReadonlySet<string>;
  private readonly pattern: RegExp | undefined;

  constructor(names: LocalDomainsData, patterns: LocalDomainsData) {
    this.names = new Set(names.lines);
    this.pattern = patterns.lines.length > 0 ? wholeName(patterns.lines) : undefined;
  }

  /** `domain` in lower-case A-labels, or an address literal. A name is listed as a whole: names below it are not. */
  has(domain: string): boolean {
    return this.names.has(domain) || (this.pattern?.test(domain) ?? false);
  }
}

/** Never throws and finds nothing: Haraka takes any line for a name. */
export function parseHostList(file: string, text: string): Parsed<LocalDomainsData> {
  return { data: { file, lines: linesOf(text).map(({ line }) => line.toLowerCase()) }, findings: [] };
}

/** Never throws. Haraka joins the lines to one expression, which must match the whole name. */
export function parseHostListRegex(file: string, text: string): Parsed<LocalDomainsData> {
  const lines = linesOf(text);
  const patterns = lines.map(({ line }) => line);
  // Each line alone first: `a)|(?:b` would be sound among others, and get past the anchors.
  const faulty = lines.filter(({ line }) => reasonAgainst(line) !== undefined);
  if (faulty.length === 0 && reasonAgainst(patterns.join('|')) !== undefined) {
    // Lines that are sound alone need not be so together: two groups of one name, or `\k` beside a named group.
    const first = lines.find((_, i) => reasonAgainst(patterns.slice(0, i + 1).join('|')) !== undefined);
    if (first) faulty.push(first);
  }
  const findings = faulty.map(({ line, number }): Finding => {
    const detail = reasonAgainst(line) ?? reasonAgainst(patterns.join('|')) ?? '';
    return fault('pattern-syntax', { file, line: number }, line, { detail });
  });
  return findings.length > 0 ? { findings } : { data: { file, lines: patterns }, findings };
}

/** Why the expression cannot be compiled, in the words of the JavaScript engine. */
function reasonAgainst(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'i');
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^.*: /s, '').toLowerCase();
  }
}

function wholeName(patterns: readonly string[]): RegExp {
  return new RegExp(`^(?:${patterns.join('|')})$`, 'i');
}

/** The lines of a flat file that hold an entry. Haraka reads one with any line end, and with comments on separate lines only. */
function linesOf(text: string): { readonly line: string; readonly number: number }[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !/^[;#]/.test(line));
}
