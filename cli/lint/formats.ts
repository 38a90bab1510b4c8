/** How findings are written: for people, for programs, for CI. */
import { describeLint, type LintFinding, severityOf } from './finding';

export const formats = ['text', 'json', 'github', 'junit'] as const;
export type Format = (typeof formats)[number];

export interface Report {
  readonly findings: readonly LintFinding[];
  /** Files that were looked at, in the folder's terms. */
  readonly files: readonly string[];
}

/** `colour` applies to text alone. */
export function format(report: Report, as: Format, colour: boolean): string {
  switch (as) {
    case 'text':
      return report.findings.map((finding) => `${textLine(finding, colour)}\n`).join('');
    case 'json':
      return `${JSON.stringify({ version: 1, findings: report.findings.map(jsonFinding) }, null, 2)}\n`;
    case 'github':
      return report.findings.map((finding) => `${githubLine(finding)}\n`).join('');
    case 'junit':
      return junit(report);
  }
}

function place({ at }: LintFinding): string {
  return `${at.file}:${at.line}:${at.column ?? 1}`;
}

function textLine(finding: LintFinding, colour: boolean): string {
  const severity = severityOf(finding);
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  return `${paint(1, place(finding))}: ${paint(severity === 'error' ? 31 : 33, severity)}: ${describeLint(finding)} [${finding.code}]`;
}

/** The stable shape of `--json`, described in docs/cli.md. */
function jsonFinding(finding: LintFinding) {
  const { at, code, written, use } = finding;
  return {
    file: at.file,
    line: at.line,
    column: at.column ?? 1,
    severity: severityOf(finding),
    code,
    written,
    message: describeLint(finding),
    ...(use !== undefined && { use }),
  };
}

/** A workflow command of GitHub Actions: data and properties have their own escapes. */
function githubLine(finding: LintFinding): string {
  const data = (text: string) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  const property = (text: string) => data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
  const { at, code } = finding;
  return `::${severityOf(finding)} file=${property(at.file)},line=${at.line},col=${at.column ?? 1},title=${property(code)}::${data(describeLint(finding))}`;
}

function junit({ findings, files }: Report): string {
  const xml = (text: string) =>
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no form for them
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '\ufffd')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;');
  const all = [...new Set([...files, ...findings.map(({ at }) => at.file)])];
  const cases = all.map((file) => {
    const failures = findings
      .filter(({ at }) => at.file === file)
      .map(
        (finding) =>
          `      <failure type="${xml(finding.code)}" message="${xml(describeLint(finding))}">${xml(textLine(finding, false))}</failure>\n`,
      );
    return `    <testcase classname="smtpcheck.lint" name="${xml(file)}">\n${failures.join('')}    </testcase>\n`;
  });
  const failed = all.filter((file) => findings.some(({ at }) => at.file === file)).length;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n' +
    `  <testsuite name="smtpcheck lint" tests="${all.length}" failures="${failed}">\n${cases.join('')}  </testsuite>\n</testsuites>\n`
  );
}
