/**
 * The numbers of versions. They have one meaning in a cluster: the master counts the versions of its policy, and a worker that has
 * the same in force numbers it as the master does.
 */
import type { ListId } from './list-settings';

export interface Numbering {
  /** Of the policy. */
  readonly generation: number;
  /** By list, and for `settings`: what is in force, and since which generation. */
  readonly lists: Readonly<Record<string, InForce>>;
}

interface InForce {
  readonly hash: string;
  readonly generation: number;
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
}

type Name = ListId | 'settings';

export class Generations {
  /** Of the policy in force; counts from 1. */
  current: number;
  private readonly inForce = new Map<Name, InForce>();

  /** All are in force from now on. `masters`: in a worker, the numbers of what its master has in force. */
  constructor(
    all: Iterable<readonly [name: Name, hash: string]>,
    private masters?: Numbering,
  ) {
    // What the master has not seen yet comes after what it has.
    this.current = masters?.generation ?? 0;
    this.next(all);
  }

  /** These are in force from now on, in a new version of the policy. */
  next(changed: Iterable<readonly [name: Name, hash: string]>): void {
    this.current++;
    for (const [name, hash] of changed) {
      this.inForce.set(name, { hash, generation: this.current, loadedAt: Date.now() });
    }
    this.numberAsMaster();
  }

  /** The numbers of the master count, now and whenever both have the same in force. */
  adopt(masters: Numbering): void {
    this.masters = masters;
    this.numberAsMaster();
  }

  since(name: Name): Pick<InForce, 'generation' | 'loadedAt'> {
    const { generation = 0, loadedAt = 0 } = this.inForce.get(name) ?? {};
    return { generation, loadedAt };
  }

  get numbering(): Numbering {
    return { generation: this.current, lists: Object.fromEntries(this.inForce) };
  }

  private numberAsMaster(): void {
    const { masters } = this;
    if (!masters) return;
    let isSame = true;
    for (const [name, own] of this.inForce) {
      const { hash, generation = 0 } = masters.lists[name] ?? {};
      if (hash === own.hash) this.inForce.set(name, { ...own, generation });
      else isSame = false;
    }
    if (isSame) this.current = masters.generation;
  }
}
