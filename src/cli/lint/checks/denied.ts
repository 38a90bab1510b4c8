/** Lint of `host.deny` beside what trusts clients: it wins over every trust, and over mail from this host itself. */
import { formatAddress, widthOf } from '../../../policy/entries/ip-address';
import type { LintFinding } from '../finding';
import { type LocatedEntry, report } from './entries';
import type { LocatedRow } from './relay-map';
import type { ThisHost } from './this-host';
import type { WholeCover } from './whole-cover';

/**
 * Entries that trust clients of whom none can come in. That a part of a trusted network is denied is nothing unusual. `denied`
 * are the lists that a setting names: a key, and the file behind it.
 */
export function lintDeniedTrust(
  denied: readonly WholeCover[],
  trusted: readonly LocatedEntry[],
  rows: readonly LocatedRow[],
): LintFinding[] {
  if (denied.length === 0) return [];
  const clients = [
    ...trusted.filter(({ entry }) => !entry.excluded).map((p) => ({ p, entry: p.entry })),
    ...rows.flatMap((p) =>
      p.row.side === 'connect' && p.row.value.action === 'relay' && p.row.key.kind !== 'user'
        ? [{ p, entry: p.row.key }]
        : [],
    ),
  ];
  return clients.flatMap(({ p, entry }) => {
    const places = denied.map((list) => list.find({ entry }));
    const [first] = places;
    if (!first || places.some((place) => place === undefined)) return [];
    return [report('trusted-client-denied', p, `${first.at.file}:${first.at.line}`)];
  });
}

/** Entries of `host.deny` by which this host cannot send mail to itself. */
export function lintDeniedHost(denied: readonly WholeCover[], host: ThisHost): LintFinding[] {
  return denied.flatMap((list) => {
    const found = new Map<LocatedEntry, string>();
    const note = (p: LocatedEntry | undefined, what: string) => {
      if (p && !found.has(p)) found.set(p, what);
    };
    for (const address of host.addresses) {
      const entry = { kind: 'network', address, length: widthOf(address.family), excluded: false } as const;
      note(list.find({ entry }), formatAddress(address));
    }
    for (const name of host.names)
      note(list.find({ entry: { kind: 'domain', name, exact: true, excluded: false } }), name);
    return [...found].map(([p, what]) => report('deny-covers-this-host', p, what));
  });
}
