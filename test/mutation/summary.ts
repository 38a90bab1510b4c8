/** What a mutation run found, as Markdown: the scores, the survivors below their explanations, and what fails the run. */
import { type Explanation, explanations } from './explanations';
import { type FileScore, scoreOf } from './report';

/** The source line that a mutant makes, and its file. */
export interface MutantLine {
  readonly file: string;
  readonly line: string;
}

export interface Verdict {
  readonly explained: readonly { readonly explanation: Explanation; readonly survivors: readonly MutantLine[] }[];
  /** Survivors that no explanation names. */
  readonly unexplained: readonly MutantLine[];
  /** Explained mutants that a test notices now. */
  readonly noticed: readonly MutantLine[];
  /** Mutants on which Stryker failed. */
  readonly untried: readonly MutantLine[];
  /** Explanations of a line that no mutant of the file makes: the file has changed, or the line has moved to another file. */
  readonly outdated: readonly MutantLine[];
}

/** Of the explanations, those of the files in `scores` alone count. */
export function judge(scores: readonly FileScore[]): Verdict {
  const rest = scores.flatMap(({ file, survivors }) => at(file, survivors));
  const untried = scores.flatMap((score) => at(score.file, score.untried));
  const without: MutantLine[] = [];
  const explained = explanations.map((explanation) => {
    const survivors: MutantLine[] = [];
    for (const expected of linesOf(explanation)) {
      const index = rest.findIndex(({ file, line }) => file === expected.file && line === expected.line);
      if (index >= 0) survivors.push(...rest.splice(index, 1));
      else without.push(expected);
    }
    return { explanation, survivors };
  });
  const noticed: MutantLine[] = [];
  const outdated: MutantLine[] = [];
  for (const expected of without) {
    const score = scores.find(({ file }) => file === expected.file);
    if (!score?.mutants.includes(expected.line)) {
      if (score) outdated.push(expected);
    } else if (![...score.timedOut, ...score.untried].includes(expected.line)) noticed.push(expected);
  }
  return { explained, unexplained: rest, noticed, outdated, untried };
}

export function explainedFiles(): readonly string[] {
  return [...new Set(explanations.flatMap(({ survivors }) => Object.keys(survivors)))];
}

function linesOf({ survivors }: Explanation): MutantLine[] {
  return Object.entries(survivors).flatMap(([file, lines]) => at(file, lines));
}

function at(file: string, lines: readonly string[]): MutantLine[] {
  return lines.map((line) => ({ file, line }));
}

/** What fails the run comes last, where a terminal shows it. */
export function summaryOf(scores: readonly FileScore[], verdict: Verdict): string {
  const { explained, unexplained, noticed, outdated, untried } = verdict;
  return [
    '# Mutation testing of src/policy',
    tableOf(scores),
    ...explained.flatMap(({ explanation: { title, why }, survivors }) => sectionOf(title, why, survivors)),
    ...sectionOf('Explained, and noticed now', 'Remove the explanation.', noticed),
    ...sectionOf('Explained, and no change of the file', 'Remove the explanation, or move it to the file.', outdated),
    ...sectionOf('Not tried', 'Stryker failed on these: .stryker/report.json has its errors.', untried),
    ...sectionOf('Not explained', 'Write a test that notices it, or an explanation.', unexplained),
  ].join('\n\n');
}

function tableOf(scores: readonly FileScore[]): string {
  const row = (name: string, of: readonly FileScore[]) => {
    const noticed = of.reduce((sum, one) => sum + one.noticed, 0);
    const survived = of.reduce((sum, one) => sum + one.survivors.length, 0);
    return `| ${name} | ${noticed + survived} | ${survived} | ${scoreOf(of).toFixed(1)} % |`;
  };
  return [
    '| file | mutants | survivors | score |',
    '| --- | --: | --: | --: |',
    row('all', scores),
    ...scores.filter(({ noticed, survivors }) => noticed + survivors.length > 0).map((one) => row(one.file, [one])),
  ].join('\n');
}

function sectionOf(title: string, why: string, found: readonly MutantLine[]): string[] {
  if (found.length === 0) return [];
  const files = [...new Set(found.map(({ file }) => file))];
  const blocks = files.map((of) => {
    const lines = found.filter(({ file }) => file === of).map(({ line }) => line);
    return `In \`${of}\`:\n\n\`\`\`ts\n${lines.join('\n')}\n\`\`\``;
  });
  return [`## ${title}`, why, ...blocks];
}
