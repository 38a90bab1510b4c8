/** How findings are written: for people, for programs, for CI. */
import { printable } from '../../policy/findings/characters';
import { githubLine } from '../github';
import { jsonText, painter } from '../io';
import { junit } from '../xml';
import { describeLint, type LintFinding, severityOf } from './finding';
import { describeLines, fold } from './fold';

export const formats = ['text', 'json', 'github', 'junit'] as const;
export type Format = (typeof formats)[number];

export interface LintReport {
  /** The config folder that file names start from. */
  readonly folder: string;
  readonly findings: readonly LintFinding[];
  /** How many findings the comments of entries allow; they are not among `findings`. */
  readonly allowed: number;
  /** Files that were checked, relative to the config folder; includes every file that a finding names. */
  readonly files: readonly string[];
}

export interface FormatOptions {
  /** Colours; the text format only. */
  readonly colour: boolean;
  /** Every finding has its line; else the text format shows the first of many with one code in one file. */
  readonly all: boolean;
  /** The path of a file in the repository, which GitHub needs. */
  pathOf(file: string): string;
}

export function format(report: LintReport, as: Format, { colour, all, pathOf }: FormatOptions): string {
  switch (as) {
    case 'text':
      return textLines(report.findings, colour, all)
        .map((line) => `${line}\n`)
        .join('');
    case 'json':
      return jsonText(toJson(report));
    case 'github':
      return report.findings.map((finding) => `${annotation(finding, pathOf(finding.at.file))}\n`).join('');
    case 'junit':
      return junitReport(report);
  }
}

function textLines(findings: readonly LintFinding[], colour: boolean, all: boolean): string[] {
  if (all) return findings.map((finding) => textLine(finding, colour));
  const { foldedBehind, isFolded } = fold(findings);
  return findings.flatMap((finding) => {
    if (isFolded(finding)) return [];
    const folded = foldedBehind.get(finding);
    return folded ? [textLine(finding, colour), foldedLine(folded, colour)] : [textLine(finding, colour)];
  });
}

function foldedLine(folded: readonly LintFinding[], colour: boolean): string {
  const { at, code } = folded[0] as LintFinding;
  const paint = painter(colour);
  const place = paint('bold', printable(at.file));
  return `${place}: ... and ${folded.length} more on lines ${describeLines(folded.map((finding) => finding.at.line))} [${code}]`;
}

function textLine(finding: LintFinding, colour: boolean): string {
  const { at, code } = finding;
  const severity = severityOf(finding);
  const paint = painter(colour);
  const place = paint('bold', printable(`${at.file}:${at.line}:${at.column ?? 1}`));
  return `${place}: ${paint(severity === 'error' ? 'red' : 'yellow', severity)}: ${describeLint(finding)} [${code}]`;
}

/** The stable shape of `--json`, described in docs/reference/cli.md. */
function toJson({ folder, files, findings, allowed }: LintReport) {
  return {
    version: 1,
    folder,
    files,
    allowed,
    findings: findings.map((finding) => ({
      file: finding.at.file,
      line: finding.at.line,
      column: finding.at.column ?? 1,
      severity: severityOf(finding),
      code: finding.code,
      text: finding.text,
      message: describeLint(finding),
      ...(finding.suggestion !== undefined && { suggestion: finding.suggestion }),
    })),
  };
}

function annotation(finding: LintFinding, path: string): string {
  const { at, code } = finding;
  return githubLine({
    level: severityOf(finding),
    title: code,
    message: describeLint(finding),
    file: path,
    line: at.line,
    column: at.column ?? 1,
  });
}

/** One test case for each file. */
function junitReport({ findings, files }: LintReport): string {
  const cases = files.map((file) => ({
    classname: 'smtpcheck.lint',
    name: file,
    problems: findings
      .filter(({ at }) => at.file === file)
      .map((finding) => ({
        kind: 'failure' as const,
        type: finding.code,
        message: describeLint(finding),
        text: textLine(finding, false),
      })),
  }));
  return junit({ name: 'smtpcheck lint', cases });
}
