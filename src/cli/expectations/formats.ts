/** How results are written: for people, for programs, for CI. */
import { printable } from '../../policy/findings/characters';
import { githubLine } from '../github';
import { jsonText, painter } from '../io';
import { tap, tapText } from '../tap';
import { junit } from '../xml';
import type { Outcome } from './check';

export const formats = ['text', 'json', 'tap', 'junit', 'github'] as const;
export type Format = (typeof formats)[number];

/** The results of one file. */
export interface Tested {
  /** As the operator reads it; a path from the current folder. */
  readonly file: string;
  readonly outcomes: readonly Outcome[];
}

export function format(tested: readonly Tested[], as: Format, colour: boolean): string {
  const all = tested.flatMap(({ file, outcomes }) => outcomes.map((outcome) => ({ file, ...outcome })));
  switch (as) {
    case 'text':
      return all
        .filter(isFailed)
        .map((one) => textLine(one, colour))
        .join('');
    case 'json':
      return jsonText({ version: 1, expectations: all.map(toJson) });
    case 'tap':
      return tap(
        all.map((one) => ({
          passed: !isFailed(one),
          name: printable(`${placeOf(one)} ${nameOf(one)}`),
          details: isFailed(one)
            ? { expected: tapText(expectedOf(one)), actual: tapText(one.failures.join('; ')) }
            : {},
        })),
      );
    case 'junit':
      return junit({
        name: 'smtpcheck test',
        cases: all.map((one) => ({
          classname: one.file,
          name: `${one.expectation.line}: ${nameOf(one)}`,
          problems: isFailed(one) ? [{ kind: 'failure' as const, type: 'unexpected', message: messageOf(one) }] : [],
        })),
      });
    case 'github':
      return all
        .filter(isFailed)
        .map((one) => {
          const { line, column } = one.expectation;
          const message = `${nameOf(one)}: ${messageOf(one)}`;
          return `${githubLine({ level: 'error', title: 'smtpcheck test', message, file: one.file, line, column })}\n`;
        })
        .join('');
  }
}

type Result = Outcome & { readonly file: string };

export function isFailed({ failures }: Outcome): boolean {
  return failures.length > 0;
}

function nameOf({ expectation }: Result): string {
  return `${expectation.name} ${expectation.expected.text}`;
}

function placeOf({ file, expectation: { line, column } }: Result): string {
  return `${file}:${line}:${column}`;
}

function expectedOf({ expectation }: Result): string {
  return expectation.expected.text;
}

function messageOf(one: Result): string {
  return `expected ${expectedOf(one)}, ${one.failures.join('; ')}`;
}

function textLine(one: Result, colour: boolean): string {
  const paint = painter(colour);
  const [first = '', ...more] = one.failures.map(printable);
  const head = `${paint('bold', printable(placeOf(one)))}: ${printable(one.expectation.name)}`;
  const lines = [
    `${head}: expected ${paint('green', printable(expectedOf(one)))}, ${paint('red', first)}`,
    ...more.map((part) => `  ${part}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The stable shape of `--json`, described in docs/reference/cli-test.md. */
function toJson(one: Result) {
  const { file, expectation, failures } = one;
  const { line, column, name, expected } = expectation;
  return { file, line, column, name, expected: expected.text, passed: !isFailed(one), failures };
}
