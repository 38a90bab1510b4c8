/**
 * Names of which a class is known, as sets: `name` is that name alone, `*.name` the name and all below it, without what is
 * excepted. Only names with an entry of their own can differ from the names around them.
 */

export interface NameClasses {
  /** Of the name itself. */
  readonly own: number;
  /** Of every name below it that is not closer to another one here. */
  readonly below: number;
}

/** The classes of each name. Only one that `isExact` can be decided otherwise than the names below it. */
export function classifyNames(
  names: Iterable<string>,
  classOf: (name: string) => number,
  isExact: (name: string) => boolean,
): Map<string, NameClasses> {
  const classes = new Map<string, NameClasses>();
  for (const name of names) {
    const own = classOf(name);
    classes.set(name, { own, below: isExact(name) ? classOf(`${unlistedLabel}.${name}`) : own });
  }
  return classes;
}

export interface NameSet {
  readonly itsClass: number;
  /** `*` is every name. */
  readonly subject: string;
  /** In the same forms; nothing else may be added once the set is described. */
  readonly except: string[];
}

interface Node extends NameClasses {
  /** Which set holds the name, and which the names below it. */
  readonly ownSet: NameSet | undefined;
  readonly belowSet: NameSet | undefined;
}

/** Stands for any name below another one that is in no list: no list can hold it. */
export const unlistedLabel = '~';

/** Stands for any local part that is in no list, and is decided by its domain: RFC 5321 knows no such local part. */
export const anyLocalPart = ' ';

export class NameSets {
  readonly sets: NameSet[] = [];
  private readonly nodes = new Map<string, Node>();
  private readonly root: Node;

  /** `elsewhere` is the class of whatever is neither among the names nor below one of them. */
  constructor(names: ReadonlyMap<string, NameClasses>, elsewhere = 0) {
    const all = elsewhere === 0 ? undefined : this.begin('*', elsewhere);
    this.root = { own: elsewhere, below: elsewhere, ownSet: all, belowSet: all };
    // A name comes behind those that it lies below.
    const inOrder = [...names].sort(([a], [b]) => labelCount(a) - labelCount(b) || (a < b ? -1 : 1));
    for (const [name, classes] of inOrder) this.nodes.set(name, this.place(name, classes));
  }

  private place(name: string, { own, below }: NameClasses): Node {
    const around = this.around(name);
    let { belowSet } = around;
    if (below !== around.below) {
      belowSet?.except.push(`*.${name}`);
      belowSet = below === 0 ? undefined : this.begin(`*.${name}`, below);
    }
    if (own === below) return { own, below, ownSet: belowSet, belowSet };
    belowSet?.except.push(name);
    return { own, below, ownSet: own === 0 ? undefined : this.begin(name, own), belowSet };
  }

  private begin(subject: string, itsClass: number): NameSet {
    const set = { itsClass, subject, except: [] };
    this.sets.push(set);
    return set;
  }

  private around(name: string): Node {
    for (let rest = name; rest.includes('.'); ) {
      rest = rest.slice(rest.indexOf('.') + 1);
      const node = this.nodes.get(rest);
      if (node) return node;
    }
    return this.root;
  }

  /** The class of a name, and the set that holds it. */
  of(name: string): { readonly itsClass: number; readonly set: NameSet | undefined } {
    const node = this.nodes.get(name);
    if (node) return { itsClass: node.own, set: node.ownSet };
    const { below, belowSet } = this.around(name);
    return { itsClass: below, set: belowSet };
  }
}

/** A name of the set that no exception takes out of it: one that no list holds, or the only one. */
export function representativeOf(subject: string): string {
  return subject.startsWith('*') ? `${unlistedLabel}${subject.slice(1)}` : subject;
}

function labelCount(name: string): number {
  let count = 1;
  for (let at = name.indexOf('.'); at >= 0; at = name.indexOf('.', at + 1)) count++;
  return count;
}

/** Whether a set in these words holds the name. */
export function holdsName(subject: string, name: string): boolean {
  if (subject === '*') return true;
  if (!subject.startsWith('*.')) return subject === name;
  return name === subject.slice(2) || name.endsWith(subject.slice(1));
}
