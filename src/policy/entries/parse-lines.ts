/**
 * A file of one entry a line, parsed as a whole: into the tables made of all its lines, or into every fault, each with its
 * line. A list is loaded whole or not at all.
 */

import { type Finding, fault, hasFault } from '../findings/finding';
import type { SameKey } from '../tables/sorted-rows';
import { letGoOfNames } from './domain-name';
import { isProblem, type Problem } from './entry';
import { type ForeignList, type ListPurpose, recognizeForeignList } from './foreign-list';
import { forEachLine, type Line } from './lines';

export interface Parsed<D> {
  /** Absent where a finding is a fault. */
  readonly data?: D;
  readonly findings: readonly Finding[];
}

/** Collects entries into tables; `same` are the lines that name the same thing. */
export interface Builder<E, D> {
  add(entry: E, line: number): void;
  /** Adds what the line holds where that is plain enough to need no object; `false` leaves it to the parser. */
  addPlain?(line: Line): boolean;
  build(): { readonly data: D; readonly same: readonly SameKey[] };
}

export interface ParseOptions {
  /** The text in UTF-8, where that is there already. */
  readonly octets?: Uint8Array | undefined;
  /** What a list of other programs would be converted to; without it only what no program writes line by line is recognized. */
  readonly purpose?: ListPurpose;
}

/** Never throws. `file` is the name that findings give. */
export function parseLines<E extends object, D>(
  file: string,
  text: string,
  parse: (line: Line) => E | Problem,
  builder: Builder<E, D>,
  { octets, purpose }: ParseOptions = {},
): Parsed<D> {
  const findings: Finding[] = [];
  const visit = (line: Line) => {
    if (builder.addPlain?.(line)) return;
    const entry = parse(line);
    if (isProblem(entry)) findings.push(findingOf(file, line, entry));
    else builder.add(entry, line.number);
  };
  forEachLine(text, visit, octets);
  letGoOfNames();
  const { data, same } = builder.build();
  const all = findings.concat(contradictions(file, text, same));
  all.sort((a, b) => a.at.line - b.at.line);
  if (!hasFault(all)) return { data, findings: all };
  const foreign = recognizeForeignList(text, all, purpose);
  return { findings: foreign ? [foreignFinding(file, foreign)] : all };
}

/** A finding for each pair of lines that say the opposite of each other. */
function contradictions(file: string, text: string, same: readonly SameKey[]): Finding[] {
  const firstOf = new Map(same.filter((pair) => pair.contradict).map((pair) => [pair.second, pair.first]));
  const findings: Finding[] = [];
  if (firstOf.size === 0) return findings;
  forEachLine(text, (line) => {
    const first = firstOf.get(line.number);
    if (first !== undefined) findings.push(findingOf(file, line, { problem: 'contradiction', detail: String(first) }));
  });
  return findings;
}

function foreignFinding(file: string, { line, column, text, detail }: ForeignList): Finding {
  return fault('list-format', { file, line, column }, text, { detail });
}

function findingOf(file: string, line: Line, { problem, ...more }: Problem): Finding {
  return fault(problem, { file, line: line.number, column: line.column }, line.text, more);
}
