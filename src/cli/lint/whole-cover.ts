/** Which entry decides about all that another entry matches, where one entry alone does. */
import { EntryIndex, keyOf, type Reach, widerKeys } from '../../policy/entries/containment';
import type { LocatedEntry } from './entries';

export class WholeCover {
  private readonly index: EntryIndex<LocatedEntry>;
  /** Keys of the networks and domains that contain an exclusion: they are included only in part. */
  private readonly inPart: ReadonlySet<string>;

  constructor(located: readonly LocatedEntry[]) {
    this.index = new EntryIndex(located);
    const excluded = located.filter(({ entry }) => entry.excluded);
    this.inPart = new Set(excluded.flatMap((p) => [...widerKeys(p)]));
  }

  /** The entry by which the list includes all that is matched; `undefined` where it includes a part or nothing. */
  find(reach: Reach): LocatedEntry | undefined {
    const nearest = this.index.covering(reach);
    return nearest && !nearest.entry.excluded && !this.inPart.has(keyOf(reach)) ? nearest : undefined;
  }
}
