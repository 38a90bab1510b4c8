/** In a fresh process: loads one list as the start of the server does, and prints what it took and what it holds. */
import { readFileStateSync } from '../src/lists/files/file-reader';
import type { ListId } from '../src/lists/list-settings';
import { parseBytes } from '../src/lists/parsing/parse-bytes';
import { linesIntoSet } from './lines-into-set';
import { residentSet } from './measure';

export interface OneList {
  /** Milliseconds by the clock, and of the processor. */
  readonly wall: number;
  readonly cpu: number;
  /** Bytes resident once all garbage is gone. */
  readonly resident: number;
  /** Milliseconds of the processor for reading the same file into a Set of lines: the least that any reader does. */
  readonly intoSet: number;
}

async function main(): Promise<void> {
  const [name, path, how] = process.argv.slice(2) as [ListId, string, 'list' | 'set'];
  const intoSet = how === 'set' ? timed(() => linesIntoSet(path)).cpu : 0;
  const { result, wall, cpu } = how === 'set' ? { result: undefined, wall: 0, cpu: 0 } : timed(() => load(name, path));
  const resident = await residentSet();
  if (result && !result.data) throw new Error('the list has faults');
  process.stdout.write(JSON.stringify({ wall, cpu, resident, intoSet } satisfies OneList));
}

function load(name: ListId, path: string) {
  const file = readFileStateSync(path);
  if (file.state !== 'read') throw new Error(`${path} is ${file.state}`);
  return parseBytes(file.bytes, { name, file: name });
}

function timed<T>(run: () => T): { result: T; wall: number; cpu: number } {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = run();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { result, wall, cpu: (user + system) / 1000 };
}

void main();
