/** In a fresh process: replays a log under the policy of a folder, and prints what it took. */
import { main } from '../src/cli/main';

export interface OneReplay {
  /** Milliseconds by the clock, and of the processor. */
  readonly wall: number;
  readonly cpu: number;
  /** The most bytes that were resident. */
  readonly peak: number;
  readonly decisions: number;
}

async function replay(): Promise<void> {
  const [folder = '', log = ''] = process.argv.slice(2);
  let report = '';
  const stdout = { write: (text: string) => (report += text) };
  const start = performance.now();
  const code = await main(['replay', log, '-c', folder, '--json'], {
    stdout,
    stderr: process.stderr,
    env: {},
    cwd: '/',
  });
  const wall = performance.now() - start;
  if (code === 2) throw new Error('the log could not be replayed');
  const { decisions } = JSON.parse(report) as { readonly decisions: number };
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpu = (userCPUTime + systemCPUTime) / 1000;
  process.stdout.write(JSON.stringify({ wall, cpu, peak: maxRSS * 1024, decisions } satisfies OneReplay));
}

void replay();
