/** How much longer than bare Node the command line takes. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { checkout, makeHarakaDirectory } from '../examples/haraka-directory';
import type { Result } from './measure';

const runs = 8;

export function startup(): Result[] {
  const directory = makeHarakaDirectory({ listen: '127.0.0.1:25', plugins: ['smtpcheck'] });
  const main = path.join(process.env.BENCH_PACKAGE ?? checkout, 'dist', 'src', 'cli', 'main.js');
  try {
    const times = { bare: Number.POSITIVE_INFINITY, lint: Number.POSITIVE_INFINITY };
    for (let i = 0; i < runs; i++) {
      times.bare = Math.min(times.bare, timeOf(['-e', '0'], directory.path));
      times.lint = Math.min(times.lint, timeOf([main, 'lint'], directory.path));
    }
    return [
      {
        measure: '`smtpcheck lint` beyond bare node',
        value: times.lint - times.bare,
        unit: 'ms',
        target: { atMost: 150 },
      },
      { measure: 'bare node', value: times.bare, unit: 'ms' },
    ];
  } finally {
    directory.remove();
  }
}

function timeOf(args: readonly string[], cwd: string): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}
