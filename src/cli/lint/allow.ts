/**
 * `# smtpcheck: allow CODE` in the comment of an entry: the operator means it, and lint does not report that code for that
 * line. What keeps a list from loading cannot be allowed.
 */
import { forEachLine, type Line } from '../../policy/entries/lines';
import { parseMapLine } from '../../policy/entries/map-line';
import { findingCodes } from '../../policy/findings/finding';
import { nearest } from '../../policy/settings/suggest';
import type { ListText } from './checks/entries';
import { hostDependentCodes, type LintFinding, lintCodes, lintFinding } from './finding';

interface Allowance {
  readonly at: { readonly file: string; readonly line: number; readonly column: number };
  readonly text: string;
  readonly code: string;
}

export interface Allowed {
  /** Without those that are allowed, and with those about an `allow` that allows nothing. */
  readonly findings: readonly LintFinding[];
  /** How many were allowed. */
  readonly allowed: number;
}

export interface AllowText extends ListText {
  readonly isMap: boolean;
}

export function applyAllowances(findings: readonly LintFinding[], texts: readonly AllowText[]): Allowed {
  const allowances = texts.flatMap(allowancesIn);
  if (allowances.length === 0) return { findings, allowed: 0 };
  const keyOf = ({ file, line }: LintFinding['at'], code: string) => `${code} ${line} ${file}`;
  const allowedKeys = new Set(
    allowances.filter(({ code }) => canBeAllowed(code)).map(({ at, code }) => keyOf(at, code)),
  );
  const used = new Set<string>();
  const left = findings.filter((finding) => {
    const key = keyOf(finding.at, finding.code);
    if (!allowedKeys.has(key)) return true;
    used.add(key);
    return false;
  });
  const unused = allowances.flatMap(({ at, code, text }) => {
    if (used.has(keyOf(at, code)) || hostDependentCodes.has(code)) return [];
    return [lintFinding('allow-unused', at, text, { detail: reasonOf(code) })];
  });
  return { findings: [...left, ...unused], allowed: findings.length - left.length };
}

function canBeAllowed(code: string): boolean {
  return (lintCodes as readonly string[]).includes(code);
}

function reasonOf(code: string): string {
  if (code === '') return 'names no code';
  if (canBeAllowed(code)) return 'allows what is not found here';
  if ((findingCodes as readonly string[]).includes(code))
    return `names ${code}, which keeps the list from loading and cannot be allowed`;
  const meant = nearest(code, lintCodes);
  return `names ${code}, which no finding has as its code${meant ? ` (there is ${meant})` : ''}`;
}

const instruction = /\bsmtpcheck:[ \t]*(allow\b(?:[ \t]+([a-z0-9-]+(?:[ \t]*,[ \t]*[a-z0-9-]+)*))?)/gi;

function allowancesIn({ file, text, isMap }: AllowText): Allowance[] {
  const allowances: Allowance[] = [];
  if (!text.includes('smtpcheck:')) return allowances;
  text.split('\n').forEach((written, index) => {
    if (!written.includes('smtpcheck:')) return;
    const comment = commentOf(written, isMap);
    for (const match of comment.matchAll(instruction)) {
      const column = written.length - comment.length + match.index + 1;
      const at = { file, line: index + 1, column };
      const codes = match[2]?.split(',').map((code) => code.trim().toLowerCase()) ?? [''];
      for (const code of codes) allowances.push({ at, code, text: match[1] as string });
    }
  });
  return allowances;
}

/** The comment at the end of the line, without the line's end. All of a line that has no entry is comment. */
function commentOf(written: string, isMap: boolean): string {
  let comment = written;
  forEachLine(written, (line: Line) => {
    // Parsed, a reply of the map has its whole text.
    if (isMap) parseMapLine(line);
    comment = line.comment;
  });
  return comment;
}
