/** What the import tests share: readings as short text, and the command. */
import { resolve } from 'node:path';
import { resolvePolicy } from '../../../src/cli/import/merge/resolve-policy';
import { readers } from '../../../src/cli/import/readers';
import {
  chainOf,
  type Feature,
  joinReadings,
  type Position,
  type ReaderContext,
  type Reading,
} from '../../../src/cli/import/site-policy';
import type { SourceType } from '../../../src/cli/import/source-type';
import type { SourceLine } from '../../../src/policy/findings/finding';
import { makeFolder } from '../../../testkit/folder';
import { smtpcheck as command, type Ran } from '../command';

export const fixtureRoot = resolve('test/fixtures/import');

export type Context = Partial<Omit<ReaderContext, 'file' | 'features' | 'position'>> & {
  readonly features?: readonly Feature[];
  readonly position?: Partial<Position>;
};

export function readerContext({ features = [], position, ...rest }: Context = {}): ReaderContext {
  const usual: Position = { chain: chainOf('source'), order: [0], negated: false, parentMatches: true };
  return {
    ...{ file: 'source', keepLoopback: false, ...rest, features: new Set(features) },
    position: position && { ...usual, ...position },
  };
}

/** What one source alone becomes: list entries, map lines, names, settings, references; remarks as `line code`. */
export interface Outcome {
  readonly localip?: readonly string[];
  readonly localdomain?: readonly string[];
  readonly 'relay.to'?: readonly string[];
  readonly 'host.deny'?: readonly string[];
  readonly map?: readonly string[];
  readonly exchanges?: readonly string[];
  readonly local?: readonly string[];
  readonly settings?: readonly string[];
  readonly references?: readonly string[];
  readonly remarks?: readonly string[];
}

export type Source = readonly [type: SourceType, text: string];

/** Reads one source and settles it; empty parts are left out. */
export function outcomeOf(type: SourceType, text: string, context: Context = {}): Outcome {
  return outcomeOfReadings([readers[type](text, readerContext(context))], context, ({ line }) => `${line}`);
}

/** The same of several, each in a file that is called as its type; remarks as `file:line code`. */
export function outcomeOfAll(sources: readonly Source[], context: Context = {}): Outcome {
  const readings = sources.map(([type, text]) => readers[type](text, { ...readerContext(context), file: type }));
  return outcomeOfReadings(readings, context, ({ file, line }) => `${file}:${line}`);
}

function outcomeOfReadings(
  readings: readonly Reading[],
  context: Context,
  placeOf: (at: SourceLine) => string,
): Outcome {
  const joined = joinReadings(readings);
  const policy = resolvePolicy({ ...joined, features: new Set([...joined.features, ...(context.features ?? [])]) });
  const parts: Record<string, readonly string[]> = {
    ...Object.fromEntries(
      Object.entries(policy.lists).map(([list, entries]) => [
        list,
        entries.map(({ text: entry, route }) => (route === undefined ? entry : `${entry} ${route}`)),
      ]),
    ),
    map: policy.map.map(({ key, value }) => `${key} ${value}`),
    exchanges: policy.exchanges.map(({ text }) => text),
    local: policy.localNames.map(({ name }) => name),
    settings: policy.settings.map(({ key, value }) => `${key}=${value}`),
    references: readings.flatMap(({ references }) =>
      references.map(({ type, path, optional }) => `${type} ${path}${optional ? ' ?' : ''}`),
    ),
    remarks: policy.remarks.map(({ at, code }) => `${placeOf(at)} ${code}`),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part.length > 0));
}

export const smtpcheck = (args: readonly string[], cwd: string): Promise<Ran> => command(args, { cwd });

/** A folder that is gone when the process ends. */
export const inTemporaryFolder = <T>(use: (folder: string) => T): T => use(makeFolder().path);
