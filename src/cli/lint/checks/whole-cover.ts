/** Which entry decides about all that another entry matches, for good and for every sender, where one entry alone does. */
import { EntryIndex, keyOf, type Reach, widerKeys } from '../../../policy/entries/containment';
import type { Entry } from '../../../policy/entries/entry';
import type { LocatedEntry } from './entries';

export class WholeCover {
  private readonly index: EntryIndex<LocatedEntry>;
  /** Keys of the networks and domains that contain an exclusion, or an entry with attributes: they are included only in part. */
  private readonly inPart: ReadonlySet<string>;

  constructor(located: readonly LocatedEntry[]) {
    this.index = new EntryIndex(located);
    const narrowing = located.filter(({ entry }) => !isWhole(entry));
    this.inPart = new Set(narrowing.flatMap((p) => [...widerKeys(p)]));
  }

  /** The entry by which the list includes all that is matched; `undefined` where it includes a part or nothing. */
  find(reach: Reach): LocatedEntry | undefined {
    const nearest = this.index.covering(reach);
    return nearest && isWhole(nearest.entry) && !this.inPart.has(keyOf(reach)) ? nearest : undefined;
  }
}

function isWhole({ excluded, attributes }: Entry): boolean {
  return !excluded && attributes === undefined;
}
