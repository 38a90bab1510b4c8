/** Measuring on a machine that others use too: rounds in turn, the least of each, and CPU time beside wall time. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { getHeapSpaceStatistics } from 'node:v8';

export type Target = { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number };

/** One line of the table and of `results.json`. */
export interface Result {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  /** None where the figure only stands beside another. */
  readonly target?: Target;
  /** Why a value beyond the target says nothing against us. */
  readonly noVerdict?: string;
  readonly remark?: string;
}

export function reaches({ value, target }: Pick<Result, 'value' | 'target'>): boolean {
  if (!target) return true;
  if ('exactly' in target) return value === target.exactly;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}

export interface Timed {
  readonly name: string;
  /** One decision, by its number. What it returns is summed up, so that no compiler leaves it out. */
  run(i: number): number;
}

let sum = 0;

/** Nanoseconds a call, for each by name: the least of several rounds, in which all take turns. */
export function fastest(cases: readonly Timed[], options: { calls: number; rounds: number }): Map<string, number> {
  const best = new Map(cases.map(({ name }) => [name, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < options.rounds; round++) {
    for (const { name, run } of cases) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < options.calls; i++) sum += run(i);
      const each = Number(process.hrtime.bigint() - start) / options.calls;
      best.set(name, Math.min(best.get(name) as number, each));
    }
  }
  if (Number.isNaN(sum)) throw new Error('a case returned no number');
  return best;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Standard error of the median of values that scatter as luck does: 1.25 times that of their mean. */
function errorOfMedian(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return 1.25 * Math.sqrt(squares / (values.length - 1) / values.length);
}

/** Whether luck could still turn what the middle of these says of the limit: it lies within two standard errors. */
export function isOpen(values: readonly number[], limit: number): boolean {
  return Math.abs(median(values) - limit) < 2 * errorOfMedian(values);
}

/** What a script of this folder prints, as JSON, from a fresh process with `gc`. */
export async function inFreshProcess<T>(script: string, ...args: string[]): Promise<T> {
  const file = path.join(__dirname, `${script}.js`);
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', file, ...args]);
  return JSON.parse(stdout) as T;
}

/** Milliseconds that the main thread of a process has been on a processor, by its folder in /proc. Linux only; else 0. */
export function onCpu(folder: string): number {
  if (process.platform !== 'linux') return 0;
  return Number(fs.readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

const collections = { least: 4, most: 50 };
/** V8 makes room for 8 MB of young objects, and gives it back when few have been made for some seconds. */
const youngAtRest = 1 << 20;

/**
 * Bytes resident once all garbage is gone. Array buffers are given back in the background, and the room for young objects comes
 * and goes, so the collector is asked until it has gone.
 */
export async function residentSet(): Promise<number> {
  for (let i = 0; i < collections.least || (i < collections.most && youngSpace() > youngAtRest); i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage.rss();
}

function youngSpace(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return space?.physical_space_size ?? 0;
}
