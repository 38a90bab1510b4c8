/** XML output: escaping, and the JUnit document that CI servers read. */
import { printableLines } from '../policy/findings/characters';

export interface JunitProblem {
  readonly kind: 'failure' | 'error';
  readonly type: string;
  readonly message: string;
  readonly text?: string;
}

export interface JunitCase {
  readonly classname: string;
  readonly name: string;
  /** None where the case passed. */
  readonly problems: readonly JunitProblem[];
  readonly output?: string | undefined;
}

export interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
  readonly output?: string | undefined;
}

/** A case with a failure counts as failed, a case with an error and no failure as an error. */
export function junit({ name, cases, output }: JunitSuite): string {
  const has = ({ problems }: JunitCase, kind: JunitProblem['kind']) =>
    problems.some((problem) => problem.kind === kind);
  const failed = cases.filter((one) => has(one, 'failure'));
  const errors = cases.filter((one) => has(one, 'error') && !failed.includes(one));
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="${xml(name)}" tests="${cases.length}" failures="${failed.length}" errors="${errors.length}">`,
    ...cases.flatMap(caseLines),
    ...outputLines('    ', output),
    '  </testsuite>',
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function caseLines({ classname, name, problems, output }: JunitCase): string[] {
  return [
    `    <testcase classname="${xml(classname)}" name="${xml(name)}">`,
    ...problems.map(
      ({ kind, type, message, text = '' }) =>
        `      <${kind} type="${xml(type)}" message="${xml(message)}">${xml(text)}</${kind}>`,
    ),
    ...outputLines('      ', output),
    '    </testcase>',
  ];
}

function outputLines(indent: string, output: string | undefined): string[] {
  return output === undefined ? [] : [`${indent}<system-out>${xml(output)}</system-out>`];
}

/** Text as it may stand in an XML document, in an attribute too: as `printable` has it, lines kept. */
function xml(text: string): string {
  return (
    printableLines(text)
      // XML forbids these even as an escape.
      .replace(/[\ufffe\uffff]/g, '\ufffd')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
  );
}
