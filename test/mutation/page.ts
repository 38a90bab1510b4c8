/** The measured part of docs/dev/mutation.md: the scores, and the survivors under the reason why they may live. */
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { explanations } from './explanations';
import { type FileScore, scoreOf } from './report';

const pageFile = path.join(checkout, 'docs', 'dev', 'mutation.md');
const begin = '<!-- Measured: `npm run test:mutation` writes from here -->\n';
const end = '<!-- to here. -->\n';

/** `file: line`, once for each survivor without explanation and for each explanation without survivor. */
export function unsettled(scores: readonly FileScore[]): { unexplained: string[]; outlived: string[] } {
  const outlived = explanations.flatMap(({ survivors }) => named(Object.entries(survivors)));
  const unexplained = named(scores.map(({ file, survivors }) => [file, survivors])).filter((survivor) => {
    const at = outlived.indexOf(survivor);
    if (at >= 0) outlived.splice(at, 1);
    return at < 0;
  });
  const maySurvive = named(scores.map(({ file, timedOut }) => [file, timedOut]));
  return { unexplained, outlived: outlived.filter((survivor) => !maySurvive.includes(survivor)) };
}

function named(survivors: readonly (readonly [file: string, lines: readonly string[]])[]): string[] {
  return survivors.flatMap(([file, lines]) => lines.map((line) => `${file}: ${line}`));
}

export function writePage(scores: readonly FileScore[]): void {
  const page = fs.readFileSync(pageFile, 'utf8');
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`${pageFile} has no measured part`);
  fs.writeFileSync(pageFile, `${page.slice(0, from)}${measuredPart(scores)}${page.slice(to)}`);
}

function measuredPart(scores: readonly FileScore[]): string {
  const row = (name: string, of: readonly FileScore[]) => {
    const noticed = of.reduce((sum, one) => sum + one.noticed, 0);
    const survived = of.reduce((sum, one) => sum + one.survivors.length, 0);
    return `| ${name} | ${noticed + survived} | ${survived} | ${scoreOf(of).toFixed(1)} % |`;
  };
  return [
    '',
    '| module | mutants | survivors | score |',
    '| --- | --: | --: | --: |',
    row('all of src/policy', scores),
    ...scores.filter(({ noticed, survivors }) => noticed + survivors.length > 0).map((one) => row(one.file, [one])),
    '',
    ...explanations.map(({ title, why, survivors }) =>
      [`### ${title}`, '', why, '', ...Object.entries(survivors).flatMap(listOf), ''].join('\n'),
    ),
  ].join('\n');
}

function listOf([file, lines]: readonly [string, readonly string[]]): string[] {
  return [`In \`${file}\`:`, '', '```ts', ...lines, '```', ''];
}
