/** The domains that this server delivers itself: Haraka's `host_list` and `host_list_regex`, as `rcpt_to.in_host_list` reads them. */
import { type Finding, fault } from './finding';
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
  const findings = lines.flatMap(({ line, number }): Finding[] => {
    try {
      wholeName([line]);
      return [];
    } catch (error) {
      const reason = (error as Error).message.replace(/^.*: /, '').toLowerCase();
      return [fault('pattern-syntax', { file, line: number }, line, { detail: reason })];
    }
  });
  return findings.length > 0 ? { findings } : { data: { file, lines: lines.map(({ line }) => line) }, findings };
}

function wholeName(patterns: readonly string[]): RegExp {
  return new RegExp(`^(?:${patterns.join('|')})$`, 'i');
}

/** As Haraka reads a flat file: any line end, and a comment is a line of its own. */
function linesOf(text: string): { readonly line: string; readonly number: number }[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !/^[;#]/.test(line));
}
