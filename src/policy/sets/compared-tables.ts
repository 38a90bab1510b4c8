/** The tables of two policies side by side, with payloads that can be compared. */
import type { EntryTablesData } from '../entries/entry-tables';
import { mapValueOf } from '../entries/map-value';
import { formatRoute, routeOf } from '../entries/route';
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

  private numberOf(text: string): number {
    const number = this.numbers.get(text) ?? this.numbers.size + 1;
    this.numbers.set(text, number);
    return number;
  }
}

/** What the payloads of `relay.to` mean. */
export function routesOf(sides: Sides): NameTablePair['meanings'] {
  const routes = new Meanings();
  return both(sides, ({ lists: { relay_to } }) =>
    routes.of(relay_to.routes.ports.length, (number) => {
      const route = routeOf(relay_to.routes, number);
      return route ? formatRoute(route) : '';
    }),
  );
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

export function networkTables(
  sides: Sides,
  tablesOf: readonly TablesOf[],
  map: TablesOf,
): Record<4 | 6, ComparedTable[]> {
  const values = valuesOf(sides);
  const ofFamily = (family: 'networks4' | 'networks6') =>
    ([0, 1] as const).flatMap((side) => [
      ...tablesOf.map((of): ComparedTable => ({ data: of(sides[side])[family] })),
      { data: map(sides[side])[family], meaningOf: values[side] },
    ]);
  return { 4: ofFamily('networks4'), 6: ofFamily('networks6') };
}

export const hosts: TablesOf = ({ lists }) => lists.hosts;
export const localIp: TablesOf = ({ lists }) => lists.local_ip;
export const localDomain: TablesOf = ({ lists }) => lists.local_domain;
export const relayTo: TablesOf = ({ lists }) => lists.relay_to;
export const mapConnect: TablesOf = ({ lists }) => lists.relay_map.connect;
export const mapTo: TablesOf = ({ lists }) => lists.relay_map.to;

export function domainPairs(sides: Sides, lists: readonly TablesOf[], map: TablesOf): NameTablePair[] {
  const routes = routesOf(sides);
  const values = valuesOf(sides);
  return [...lists, map].flatMap((of) =>
    (['suffixes', 'exacts'] as const).map((table) => ({
      tables: both(sides, (side) => of(side)[table]),
      meanings: of === map ? values : routes,
      isExact: table === 'exacts',
    })),
  );
}
