/** Lint of `relay.map` against the lists that are asked before it: the map cannot refuse what those lists permit. */
import type { MapRow } from '../../core';
import { firstOf, type LocatedEntry, report } from './entries';
import type { LintFinding } from './finding';
import { keyOf, widerKeys } from './keys';
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
  readonly byKey: ReadonlyMap<string, LocatedEntry>;
  /** Keys of the networks and domains that contain an exclusion: they are permitted only in part. */
  readonly inPart: ReadonlySet<string>;
}

function permitsOf(placed: readonly LocatedEntry[]): Permits {
  const excluded = placed.filter(({ entry }) => entry.excluded);
  return {
    byKey: new Map(placed.map((p) => [keyOf(p.entry), p])),
    inPart: new Set(excluded.flatMap(({ entry }) => [...widerKeys(entry)])),
  };
}

/** The line of the first list that permits the whole key, where every list permits it. */
function permittedBy(lists: readonly Permits[], key: MapRow['key']): string | undefined {
  // No list permits a user at any domain as a whole.
  if (key.kind === 'user') return undefined;
  const places = lists.map(({ byKey, inPart }) => {
    const nearest = firstOf([keyOf(key), ...widerKeys(key)], byKey);
    return nearest && !nearest.entry.excluded && !inPart.has(keyOf(key)) ? nearest.at : undefined;
  });
  const [first] = places;
  return first && places.every((place) => place !== undefined) ? `${first.file}:${first.line}` : undefined;
}
