/**
 * `npm run test:faults`: every fault, then fuzzing for a while. `-- --short` for CI, `-- --fuzz` for fuzzing until something
 * is found, `--only <part of a name>`, once or more, for some of either. Exits with 1 where something was found, with 2 where it broke.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { HarakaVersion } from '../../testkit/live/haraka';
import { runFaults } from './fault-run';
import { dialogueFuzzer } from './fuzz/dialogue';
import { type Fuzzer, fuzz } from './fuzz/fuzzer';
import { parserFuzzer } from './fuzz/parsers';
import { watcherFuzzer } from './fuzz/watcher';
import type { WorldOptions } from './world';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    fuzz: { type: 'boolean', default: false },
    seed: { type: 'string' },
    only: { type: 'string', multiple: true },
    package: { type: 'string' },
    haraka: { type: 'string', default: '3.3' },
    log: { type: 'string' },
  },
});

const { short, only, log, package: packageDirectory } = values;
const version: HarakaVersion = values.haraka === '3.1' ? '3.1' : '3.3';
const server: WorldOptions = { packageDirectory, version, log };
const say = (text: string) => process.stdout.write(`${text}\n`);

const fixedSeed = 20261124;
/** Milliseconds for each kind of fuzzing. */
const box = short ? 8_000 : 60_000;
/** Open-ended, the kinds take turns. */
const turn = 120_000;

const fuzzers: readonly Fuzzer[] = [parserFuzzer, watcherFuzzer, dialogueFuzzer].filter(
  ({ name }) => only === undefined || only.some((part) => name.includes(part)),
);

async function faultsAndFuzzing(): Promise<boolean> {
  const well = [await runFaults({ short, only, say, ...server })];
  const seed = values.seed === undefined ? fixedSeed : Number(values.seed);
  for (const fuzzer of fuzzers) well.push(await fuzz(fuzzer, { seed, box, say, ...server }));
  return well.every(Boolean);
}

async function untilSomethingIsFound(): Promise<boolean> {
  let seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  for (;;) {
    for (const fuzzer of fuzzers) {
      say(`fuzzing ${fuzzer.name} from seed ${seed}`);
      if (!(await fuzz(fuzzer, { seed, box: turn, say, ...server }))) return false;
    }
    seed += 1_000_000;
  }
}

(values.fuzz ? untilSomethingIsFound() : faultsAndFuzzing()).then(
  (well) => process.exit(well ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(2);
  },
);
