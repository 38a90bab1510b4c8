/** What all fuzzing has in common: rounds that a seed makes repeatable, and a finding that ends it. */
import type { WorldOptions } from '../world';

export interface Fuzzer {
  readonly name: string;
  /** What stands ready for all rounds. */
  start(options: WorldOptions): Promise<Fuzzing>;
}

export interface Fuzzing {
  /** What was found and what it takes to see it again, or nothing. */
  round(seed: number): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface FuzzRun extends WorldOptions {
  readonly seed: number;
  /** Milliseconds; without it, until something is found. */
  readonly box?: number | undefined;
  say(text: string): void;
}

/** Resolves with whether nothing was found. */
export async function fuzz(fuzzer: Fuzzer, run: FuzzRun): Promise<boolean> {
  const fuzzing = await fuzzer.start(run);
  const end = performance.now() + (run.box ?? Number.POSITIVE_INFINITY);
  let rounds = 0;
  try {
    while (performance.now() < end) {
      const seed = run.seed + rounds++;
      const found = await fuzzing.round(seed);
      if (found === undefined) continue;
      run.say(`${fuzzer.name}: found in round ${rounds}: ${found}`);
      run.say(`again: npm run test:faults -- --fuzz --only ${fuzzer.name} --seed ${seed}`);
      return false;
    }
    run.say(`fuzzing ${fuzzer.name}: ${rounds} rounds from seed ${run.seed}, nothing found`);
    return true;
  } finally {
    await fuzzing.stop();
  }
}
