/** Networks that are everything together, though none of them is: `0.0.0.0/1` and `128.0.0.0/1`. */
import { numberOf } from '../../../policy/entries/address-range';
import type { NetworkEntry } from '../../../policy/entries/entry';
import { widthOf } from '../../../policy/entries/ip-address';
import type { LintFinding } from '../finding';
import { describeLines } from '../fold';
import { type LocatedEntry, report } from './entries';
import type { LocatedRow } from './relay-map';

/** Networks with the places they stand in; exclusions do not matter. */
export interface LocatedNetwork {
  readonly network: Pick<NetworkEntry, 'address' | 'length'>;
  readonly p: Pick<LocatedEntry, 'at' | 'text'>;
}

export function networksOf(located: readonly LocatedEntry[]): readonly LocatedNetwork[] {
  return located.flatMap((p) => (p.entry.kind === 'network' && !p.entry.excluded ? [{ network: p.entry, p }] : []));
}

/** The networks whose clients a map trusts. */
export function relayingNetworksOf(rows: readonly LocatedRow[]): readonly LocatedNetwork[] {
  return rows.flatMap((p) => {
    const { key, value, side } = p.row;
    return key.kind === 'network' && value.action === 'relay' && side !== 'to' ? [{ network: key, p }] : [];
  });
}

/** A finding for each family of addresses that the networks cover as a whole, at the widest of them. */
export function lintEverything(networks: readonly LocatedNetwork[]): LintFinding[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = networks.filter(({ network }) => network.address.family === family);
    // Nearly every list is far from it, and need not be sorted to know.
    if (own.reduce((sum, { network }) => sum + 2 ** -network.length, 0) < 0.999) return [];
    if (!coverAll(own.map(({ network }) => network))) return [];
    const [first, ...others] = own.toSorted((a, b) => a.network.length - b.network.length);
    if (!first) return [];
    const lines = describeLines(others.map(({ p }) => p.at.line).sort((a, b) => a - b));
    return [report('networks-everything', first.p, `${others.length > 1 ? 'lines' : 'line'} ${lines}`)];
  });
}

function coverAll(networks: readonly Pick<NetworkEntry, 'address' | 'length'>[]): boolean {
  const [any] = networks;
  if (!any) return false;
  const width = BigInt(widthOf(any.address.family));
  const ranges = networks
    .map(({ address, length }) => {
      const first = numberOf(address);
      return { first, next: first + (1n << (width - BigInt(length))) };
    })
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  let covered = 0n;
  for (const { first, next } of ranges) {
    if (first > covered) return false;
    if (next > covered) covered = next;
  }
  return covered === 1n << width;
}
