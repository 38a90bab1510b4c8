/** The tables of two policies side by side, with payloads that can be compared. */
import { describeAttributes } from '../attributes/attributes';
import { ExtrasTable } from '../attributes/extras';
import type { EntryTablesData } from '../entries/entry-tables';
import type { ListData } from '../entries/list';
import { mapValueOf } from '../entries/map-value';
import { formatRoute } from '../entries/route';
import { PrefixTableBuilder } from '../tables/prefix-table';
import type { Sides } from './change';
import type { ComparedTable } from './classified-networks';
import type { NameTablePair } from './name-changes';
import type { PolicyContent } from './policy-lists';

/** The same number for the same meaning, on both sides. */
class Meanings {
  private readonly numbers = new Map<string, number>();

  of(count: number, textOf: (number: number) => string): (payload: number) => number {
    const table = Uint32Array.from({ length: count + 1 }, (_, i) => (i === 0 ? 0 : this.numberOf(textOf(i))));
    return (payload) => table[payload] ?? 0;
  }

  /** What means no more than a plain entry has the number of one. */
  private numberOf(text: string): number {
    if (text === '') return 0;
    const number = this.numbers.get(text) ?? this.numbers.size + 1;
    this.numbers.set(text, number);
    return number;
  }
}

type ListOf = (content: PolicyContent) => ListData;

/** What the payloads of a list mean: a next hop and `verify`, or what narrows the trust. What has ended is in no list here. */
export function extrasOf(sides: Sides, of: ListOf): NameTablePair['meanings'] {
  const meanings = new Meanings();
  return both(sides, (side) => {
    const { extras } = of(side);
    const table = new ExtrasTable(extras);
    return meanings.of(extras.count, (number) => {
      const route = table.routeAt(number);
      const words = [route && formatRoute(route), table.verifiesAt(number) && 'verify'];
      return [...words, describeAttributes(table.boundsAt(number))].filter((word) => word).join(' ');
    });
  });
}

/** What the payloads of `relay.map` mean. */
export function valuesOf(sides: Sides): NameTablePair['meanings'] {
  const values = new Meanings();
  return both(sides, ({ lists: { relay_map } }) =>
    values.of(relay_map.values.numbers.length / 4, (number) => JSON.stringify(mapValueOf(relay_map.values, number))),
  );
}

export function both<T>(sides: Sides, of: (side: PolicyContent) => T): readonly [T, T] {
  return [of(sides[0]), of(sides[1])];
}

type TablesOf = (content: PolicyContent) => EntryTablesData;

export function networkTables(sides: Sides, listsOf: readonly ListOf[], map: TablesOf): Record<4 | 6, ComparedTable[]> {
  const values = valuesOf(sides);
  const lists = listsOf.map((of) => ({ of, meanings: extrasOf(sides, of) }));
  const ofFamily = (family: 'networks4' | 'networks6') =>
    ([0, 1] as const).flatMap((side) => [
      ...lists.map(({ of, meanings }): ComparedTable => ({ data: of(sides[side])[family], meaningOf: meanings[side] })),
      { data: map(sides[side])[family], meaningOf: values[side] },
    ]);
  return { 4: ofFamily('networks4'), 6: ofFamily('networks6') };
}

/** The networks of `mx:` entries. */
export function exchangeTables(sides: Sides): Record<4 | 6, ComparedTable[]> {
  const meanings = extrasOf(sides, relayTo);
  const ofFamily = (family: 4 | 6) =>
    ([0, 1] as const).map((side): ComparedTable => {
      const { exchanges } = relayTo(sides[side]);
      const data = exchanges?.[`networks${family}`] ?? new PrefixTableBuilder(family).build().data;
      return { data, meaningOf: meanings[side] };
    });
  return { 4: ofFamily(4), 6: ofFamily(6) };
}

export const hosts: ListOf = ({ lists }) => lists.hosts;
export const localIp: ListOf = ({ lists }) => lists.local_ip;
export const localDomain: ListOf = ({ lists }) => lists.local_domain;
export const relayTo: ListOf = ({ lists }) => lists.relay_to;
export const mapConnect: TablesOf = ({ lists }) => lists.relay_map.connect;
export const mapTo: TablesOf = ({ lists }) => lists.relay_map.to;

export function domainPairs(sides: Sides, lists: readonly ListOf[], map: TablesOf): NameTablePair[] {
  const values = valuesOf(sides);
  const all = [...lists.map((of) => ({ of, meanings: extrasOf(sides, of) })), { of: map, meanings: values }];
  return all.flatMap(({ of, meanings }) =>
    (['suffixes', 'exacts'] as const).map((table) => ({
      tables: both(sides, (side) => of(side)[table]),
      meanings,
      isExact: table === 'exacts',
    })),
  );
}
