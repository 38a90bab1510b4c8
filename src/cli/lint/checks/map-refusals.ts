/** Lint of `relay.map` against the lists that are asked before it: the map cannot refuse what those lists permit. */

import type { MapRow } from '../../../policy/entries/map-line';
import type { LintFinding } from '../finding';
import { type LocatedEntry, report } from './entries';
import { type LocatedRow, type Side, sidesOf } from './relay-map';
import { WholeCover } from './whole-cover';

/** The lists that are asked before the map, each with its entries. A setting may have two: a key and the file behind it. */
export interface AskedBefore {
  readonly clientNetworks: readonly (readonly LocatedEntry[])[];
  readonly destinations: readonly (readonly LocatedEntry[])[];
}

export function lintMapRefusals(rows: readonly LocatedRow[], lists: AskedBefore): LintFinding[] {
  const refusals = rows.filter(({ row }) => row.value.action === 'reply' || row.value.action === 'discard');
  if (refusals.length === 0) return [];
  const permits: Readonly<Record<Side, readonly WholeCover[]>> = {
    connect: lists.clientNetworks.map((located) => new WholeCover(located)),
    to: lists.destinations.map((located) => new WholeCover(located)),
  };
  return refusals.flatMap((p) => {
    const places = sidesOf(p.row).map((side) => permittedBy(permits[side], p.row.key));
    const [first] = places;
    return first && places.every((place) => place !== undefined) ? [report('map-refusal-idle', p, first)] : [];
  });
}

/** The line of the first list that permits the whole key, where every list permits it. */
function permittedBy(lists: readonly WholeCover[], key: MapRow['key']): string | undefined {
  // No list permits a user at any domain as a whole.
  if (key.kind === 'user') return undefined;
  const places = lists.map((list) => list.find({ entry: key })?.at);
  const [first] = places;
  return first && places.every((place) => place !== undefined) ? `${first.file}:${first.line}` : undefined;
}
