/**
 * `npm run test:mutation`: Stryker over src/policy, then docs/dev/mutation.md. What stands behind `--` goes to Stryker; with it (only
 * some files, another report) the page stays as it is. Exits with 1 where the score is too low or a survivor is not
 * explained, with 2 where it broke.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { unsettled, writePage } from './page';
import { readReport, scoreOf } from './report';

function main(args: readonly string[]): number {
  const report = path.join(checkout, '.stryker', 'report.json');
  fs.rmSync(report, { force: true });
  const stryker = path.join(checkout, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', 'test/mutation/stryker.config.mjs', ...args], {
    cwd: checkout,
    stdio: 'inherit',
  });
  if (!fs.existsSync(report)) return 2;
  const scores = readReport(report);
  const { unexplained, outlived } = unsettled(scores);
  console.log(`score ${scoreOf(scores).toFixed(2)} %`);
  for (const survivor of unexplained) console.log(`not explained: ${survivor}`);
  if (args.length === 0) {
    for (const survivor of outlived) console.log(`explained, and noticed now: ${survivor}`);
    writePage(scores);
  }
  // Stryker itself fails below the score that its configuration sets.
  const settled = unexplained.length === 0 && (args.length > 0 || outlived.length === 0);
  return status === 0 && settled ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
