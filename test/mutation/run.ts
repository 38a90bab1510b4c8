/**
 * `npm run test:mutation`: Stryker over src/policy, then a summary of what it found. What stands behind `--` goes to Stryker.
 * Exits with 1 where the score is too low, where a survivor is not explained or where an explanation is outdated, with 2
 * where it broke or could not try a mutant.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { readReport, scoreOf } from './report';
import { explainedFiles, judge, summaryOf } from './summary';

const results = path.join(checkout, '.stryker');

function main(args: readonly string[]): number {
  const gone = explainedFiles().filter((file) => !fs.existsSync(path.join(checkout, file)));
  for (const file of gone) console.error(`explained in test/mutation/explanations.ts, and not there: ${file}`);
  if (gone.length > 0) return 1;

  const report = path.join(results, 'report.json');
  fs.rmSync(report, { force: true });
  const stryker = path.join(checkout, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', 'test/mutation/stryker.config.mjs', ...args], {
    cwd: checkout,
    stdio: 'inherit',
  });
  if (!fs.existsSync(report)) return 2;

  const scores = readReport(report);
  const found = judge(scores);
  // Of a file of which only some lines were changed, the explanations of the others have no mutant.
  const onlyLines = args.some((arg) => /:\d+(?::\d+)?-\d/.test(arg));
  const verdict = onlyLines ? { ...found, outdated: [] } : found;
  const summary = path.join(results, 'summary.md');
  const text = summaryOf(scores, verdict);
  fs.writeFileSync(summary, `${text}\n`);
  const { unexplained, noticed, outdated, untried } = verdict;
  console.log(`${text}

score ${scoreOf(scores).toFixed(2)} %; not explained: ${unexplained.length}; explained and noticed now: ${noticed.length}; explained and no change of the file: ${outdated.length}; not tried: ${untried.length}
Written to ${path.relative(checkout, summary)}`);
  if (untried.length > 0) return 2;
  // Stryker itself fails below the score that its configuration sets.
  return status === 0 && unexplained.length + noticed.length + outdated.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
