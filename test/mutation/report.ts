/** Stryker's report as this project reads it: a score a file, and each mutant that no test noticed as the line it makes. */
import fs from 'node:fs';

interface Place {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly replacement?: string;
  readonly location: { readonly start: Place; readonly end: Place };
  readonly status: string;
  /** Whether it acts while the test files are loaded. */
  readonly static?: boolean;
}

export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

export interface FileScore {
  readonly file: string;
  readonly noticed: number;
  /** The source lines as the mutants have them, noticed or not. */
  readonly mutants: readonly string[];
  /** Those of the mutants that no test noticed. */
  readonly survivors: readonly string[];
  /** Those of mutants on which Stryker itself failed: nobody knows whether a test notices them. */
  readonly untried: readonly string[];
  /** Those of mutants that ran out of time: noticed, but a busy machine may have done it. */
  readonly timedOut: readonly string[];
}

export function readReport(file: string): readonly FileScore[] {
  const { files } = JSON.parse(fs.readFileSync(file, 'utf8')) as Report;
  return Object.entries(files).map(([name, { source, mutants }]) => {
    const linesOf = (isOne: (mutant: Mutant) => boolean) =>
      mutants.filter(isOne).map((mutant) => mutatedLine(source, mutant));
    const failed = ({ status }: Mutant) => status === 'RuntimeError' || status === 'CompileError';
    // A test file that cannot be loaded is an error to Stryker; whoever runs the tests notices it.
    const breaksLoading = (mutant: Mutant) => failed(mutant) && mutant.static === true;
    const timedOut = ({ status }: Mutant) => status === 'Timeout';
    return {
      file: name,
      mutants: linesOf(() => true),
      noticed: linesOf((mutant) => mutant.status === 'Killed' || timedOut(mutant) || breaksLoading(mutant)).length,
      survivors: linesOf(({ status }) => status === 'Survived' || status === 'NoCoverage'),
      untried: linesOf((mutant) => failed(mutant) && !breaksLoading(mutant)),
      timedOut: linesOf(timedOut),
    };
  });
}

function mutatedLine(source: string, { location: { start, end }, replacement = '' }: Mutant): string {
  const lines = source.split('\n');
  const before = (lines[start.line - 1] as string).slice(0, start.column - 1);
  const after = (lines[end.line - 1] as string).slice(end.column - 1);
  return `${before}${replacement}${after}`.replace(/\s+/g, ' ').trim();
}

/** In percent; 100 where there is nothing to notice. */
export function scoreOf(scores: readonly FileScore[]): number {
  const good = scores.reduce((sum, { noticed }) => sum + noticed, 0);
  const all = good + scores.reduce((sum, { survivors }) => sum + survivors.length, 0);
  return all === 0 ? 100 : (100 * good) / all;
}
