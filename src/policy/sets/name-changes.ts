/** Which names may be decided otherwise: those with a changed entry, and those with any entry below one. */
import { NameTable, NameTableBuilder, type NameTableData } from '../tables/name-table';

/** One table of both policies, and what its payloads mean, as numbers that can be compared. */
export interface NameTablePair {
  readonly tables: readonly [before: NameTableData, after: NameTableData];
  /** The names of the table are those names alone. */
  readonly isExact: boolean;
  readonly meanings: readonly [before: (payload: number) => number, after: (payload: number) => number];
}

export interface ChangedNames {
  isChanged(name: string): boolean;
  /** Whether the name, or one that it lies below, has a changed entry. */
  isAffected(name: string): boolean;
  holds(name: string): boolean;
  /** Whether a table of exact names holds it. */
  holdsExact(name: string): boolean;
  /** Every name with an entry, once. */
  all(): Iterable<string>;
  /** Those of them that are affected. */
  affected(): Iterable<string>;
}

/** `others` are names that are in no table, `changedOthers` those of them that only one policy has. */
export function changedNames(
  pairs: readonly NameTablePair[],
  changedOthers: readonly string[] = [],
  others: readonly string[] = [],
): ChangedNames {
  const changed = new Set(changedOthers);
  for (const pair of pairs) collectChanged(pair, changed);
  const builder = new NameTableBuilder();
  for (const name of changed) builder.add(name, 1, false);
  const table = new NameTable(builder.build().data);
  const isAffected = (name: string) => table.findSuffix(name) !== undefined;
  const tablesOf = (some: readonly NameTablePair[]) =>
    some.flatMap(({ tables }) => tables.map((data) => new NameTable(data)));
  const [all, exacts] = [tablesOf(pairs), tablesOf(pairs.filter(({ isExact }) => isExact))];
  return {
    isChanged: (name) => changed.has(name),
    isAffected,
    holds: (name) => all.some((one) => one.findExact(name)),
    holdsExact: (name) => exacts.some((one) => one.findExact(name)),
    all: () => new Set([...namesIn(pairs), ...others]),
    *affected() {
      if (changed.size === 0) return;
      const seen = new Set<string>();
      for (const one of all) {
        for (const row of one.rows()) if (table.coversSame(one, row)) seen.add(one.keyAt(row));
      }
      for (const name of others) if (isAffected(name)) seen.add(name);
      yield* seen;
    },
  };
}

/** Names come as often as there are tables with them. */
export function* namesIn(pairs: readonly NameTablePair[]): Generator<string> {
  for (const { tables } of pairs) {
    for (const data of tables) yield* new NameTable(data).keys();
  }
}

function collectChanged({ tables, meanings }: NameTablePair, changed: Set<string>): void {
  for (const [one, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const [own, others] = [new NameTable(tables[one]), new NameTable(tables[other])];
    for (const row of own.rows()) {
      const there = others.rowOfSame(own, row);
      const isSame =
        there >= 0 &&
        others.isExcludedAt(there) === own.isExcludedAt(row) &&
        meanings[one](own.payloadAt(row)) === meanings[other](others.payloadAt(there));
      if (!isSame) changed.add(own.keyAt(row));
    }
  }
}
