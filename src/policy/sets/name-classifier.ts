/** The classes of names: of each itself, and of the names below it. */
import { NameTable } from '../tables/name-table';
import type { NameTablePair } from './name-changes';
import { type NameClasses, unlistedLabel } from './name-sets';

export class NameClassifier {
  private readonly exacts: readonly NameTable[];

  constructor(
    pairs: readonly NameTablePair[],
    private readonly classOf: (name: string) => number,
    /** Further names that are decided each by itself. */
    private readonly exactNames: ReadonlySet<string> = new Set(),
  ) {
    this.exacts = pairs.filter(({ isExact }) => isExact).flatMap(({ tables }) => tables.map((t) => new NameTable(t)));
  }

  of(names: Iterable<string>): Map<string, NameClasses> {
    const classes = new Map<string, NameClasses>();
    for (const name of names) classes.set(name, this.at(name));
    return classes;
  }

  /** Only an exact name can be decided otherwise than the names below it. */
  private at(name: string): NameClasses {
    const own = this.classOf(name);
    const isExact = this.exactNames.has(name) || this.exacts.some((table) => table.findExact(name));
    return { own, below: isExact ? this.classOf(`${unlistedLabel}.${name}`) : own };
  }
}

/** A name of the set that no exception takes out of it: one that no list holds, or the only one. */
export function representativeOf(subject: string): string {
  return subject.startsWith('*') ? `${unlistedLabel}${subject.slice(1)}` : subject;
}
