/** In a fresh process: loads two lists, compares them or not, and prints what it took. */
import { readFileStateSync } from '../src/lists/files/file-reader';
import { parseBytes } from '../src/lists/parsing/parse-bytes';
import type { ListData, ListKind } from '../src/policy/entries/list';
import { comparePolicies } from '../src/policy/sets/compare-policies';
import { emptyContent, type PolicyContent } from '../src/policy/sets/policy-lists';

export interface OneComparison {
  /** Milliseconds by the clock, and of the processor. */
  readonly wall: number;
  readonly cpu: number;
  /** The most bytes that were resident. */
  readonly peak: number;
  readonly changes: number;
}

function main(): void {
  const [name, old, edited, how] = process.argv.slice(2) as [ListKind, string, string, 'load' | 'compare'];
  const start = performance.now();
  const before = contentWith(name, old);
  const after = contentWith(name, edited);
  let changes = 0;
  if (how === 'compare') for (const _ of comparePolicies(before, after)) changes++;
  const wall = performance.now() - start;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpu = (userCPUTime + systemCPUTime) / 1000;
  process.stdout.write(JSON.stringify({ wall, cpu, peak: maxRSS * 1024, changes } satisfies OneComparison));
}

function contentWith(name: ListKind, path: string): PolicyContent {
  const content = emptyContent();
  const file = readFileStateSync(path);
  if (file.state !== 'read') throw new Error(`${path} is ${file.state}`);
  const { data } = parseBytes(file.bytes, { name, file: name });
  return { ...content, lists: { ...content.lists, [name]: data as ListData } };
}

main();
