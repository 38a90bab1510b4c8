/** Many findings of one code in one file: the first of them are shown, and the lines of all others. */
import { lineRanges } from '../line-ranges';
import type { LintFinding } from './finding';

/** So many of one code are shown one by one. */
const mostUnfolded = 5;
/** Of more than that, so many are. */
const shownOfMany = 3;

export interface Folding {
  isFolded(finding: LintFinding): boolean;
  /** What is folded, by the last finding of the same file and code that is shown. */
  readonly foldedBehind: ReadonlyMap<LintFinding, readonly LintFinding[]>;
}

export function fold(findings: readonly LintFinding[]): Folding {
  const groups = new Map<string, LintFinding[]>();
  for (const finding of findings) {
    const key = `${finding.code} ${finding.at.file}`;
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  const foldedBehind = new Map<LintFinding, readonly LintFinding[]>();
  const folded = new Set<LintFinding>();
  for (const group of groups.values()) {
    if (group.length <= mostUnfolded) continue;
    const rest = group.slice(shownOfMany);
    foldedBehind.set(group[shownOfMany - 1] as LintFinding, rest);
    for (const finding of rest) folded.add(finding);
  }
  return { isFolded: (finding) => folded.has(finding), foldedBehind };
}

/** A report has room for no more. */
const mostRanges = 8;

/** `4-90, 95, 97-99 and others`: ascending line numbers as ranges. */
export function describeLines(lines: readonly number[]): string {
  const ranges = lineRanges(lines);
  const shown = ranges.slice(0, mostRanges).join(', ');
  return `${shown}${ranges.length > mostRanges ? ` and others up to ${lines.at(-1)}` : ''}`;
}
