import { styleText } from 'node:util';
import { printable, printableLines } from '../policy/findings/characters';

/** The parts of the process that a command may use, so that a test can run a command without a process. */
export interface Io {
  /** Results go here, and nothing else. */
  readonly stdout: Output;
  /** Progress and remarks. */
  readonly stderr: Output;
  /** Absent where nobody can write to it. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  readonly cwd: string;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** `false` once whoever reads has gone. */
  readonly writable?: boolean | undefined;
}

type Style = Parameters<typeof styleText>[0];

/** Writes one line, whatever is in the text. */
export function writeLine(output: Output, text: string): void {
  output.write(`${printable(text)}\n`);
}

/** A JSON document: characters that a terminal would obey are escaped in it. */
export function jsonText(value: unknown): string {
  return `${printableLines(JSON.stringify(value, undefined, 2))}\n`;
}

/** 0: clean. 1: findings or refusals. 2: could not run, or could not tell. */
export type ExitCode = 0 | 1 | 2;

/** "Could not run": the message goes to stderr, line by line, and the exit code is 2. */
export class CannotRun extends Error {
  readonly lines: readonly string[];

  constructor(...lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Colours only on a terminal, and never where NO_COLOR is set (https://no-color.org). */
export function wantsColour(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** Styles text where colours are wanted. */
export function painter(colour: boolean): (style: Style, text: string) => string {
  // Newer Nodes would look at the real stdout, which is not what is written to in every case.
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}
