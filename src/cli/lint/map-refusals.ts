/** Lint of `relay.map` against the lists that are asked before it: the map cannot refuse what those lists permit. */

import { EntryIndex, keyOf, widerKeys } from '../../policy/entries/containment';
import type { MapRow } from '../../policy/entries/map-line';
import { type LocatedEntry, report } from './entries';
import type { LintFinding } from './finding';
import { type LocatedRow, type Side, sidesOf } from './relay-map';

/** The lists that are asked before the map, each with its entries. A setting may have two: a key and the file behind it. */
export interface AskedBefore {
  readonly clientNetworks: readonly (readonly LocatedEntry[])[];
  readonly destinations: readonly (readonly LocatedEntry[])[];
}

export function lintMapRefusals(rows: readonly LocatedRow[], lists: AskedBefore): LintFinding[] {
  const refusals = rows.filter(({ row }) => row.value.action === 'reply' || row.value.action === 'discard');
  if (refusals.length === 0) return [];
  const permits: Readonly<Record<Side, readonly Permits[]>> = {
    connect: lists.clientNetworks.map(permitsOf),
    to: lists.destinations.map(permitsOf),
  };
  return refusals.flatMap((p) => {
    const places = sidesOf(p.row).map((side) => permittedBy(permits[side], p.row.key));
    const [first] = places;
    return first && places.every((place) => place !== undefined) ? [report('map-refusal-idle', p, first)] : [];
  });
}

interface Permits {
  readonly index: EntryIndex<LocatedEntry>;
  /** Keys of the networks and domains that contain an exclusion: they are permitted only in part. */
  readonly inPart: ReadonlySet<string>;
}

function permitsOf(located: readonly LocatedEntry[]): Permits {
  const excluded = located.filter(({ entry }) => entry.excluded);
  return {
    index: new EntryIndex(located),
    inPart: new Set(excluded.flatMap((p) => [...widerKeys(p)])),
  };
}

/** The line of the first list that permits the whole key, where every list permits it. */
function permittedBy(lists: readonly Permits[], key: MapRow['key']): string | undefined {
  // No list permits a user at any domain as a whole.
  if (key.kind === 'user') return undefined;
  const places = lists.map(({ index, inPart }) => {
    const nearest = index.covering({ entry: key });
    return nearest && !nearest.entry.excluded && !inPart.has(keyOf({ entry: key })) ? nearest.at : undefined;
  });
  const [first] = places;
  return first && places.every((place) => place !== undefined) ? `${first.file}:${first.line}` : undefined;
}
