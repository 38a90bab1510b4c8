/**
 * Tables of clients that are asked one after the other. Each decides for itself which of its lines counts, and a client
 * that any of them refuses is refused, whatever the others say; only an OK spares it those behind its own table.
 */
import { EntryIndex } from './entry-index';
import { place, type Tell } from './first-match';
import type { SiteEntry, Turn } from './site-policy';

interface Table {
  readonly turn: Turn;
  readonly entries: SiteEntry[];
}

/** Drops the exclusions of `host.deny` that would take a client out of what another table refuses. */
export function withoutPardons(entries: readonly SiteEntry[], tell: Tell): SiteEntry[] {
  const tables = tablesOf(entries).map(({ turn, entries: own }) => ({
    turn,
    // Of the same reach in one table the refusal stands.
    index: new EntryIndex([...own].sort((a, b) => Number(a.entry.excluded) - Number(b.entry.excluded))),
  }));
  if (tables.length < 2) return [...entries];
  return entries.filter((entry) => {
    const own = entry.turn;
    if (!own) return true;
    for (const { turn, index } of tables) {
      if (turn.list === own.list && turn.place === own.place) continue;
      const other = index.covering(entry);
      if (!other) continue;
      if (!entry.entry.excluded) {
        if (other.passes && turn.list === own.list && turn.place < own.place)
          tell('contradiction', other, place(entry));
        continue;
      }
      if (other.entry.excluded || (entry.passes && turn.list === own.list && turn.place > own.place)) continue;
      if (entry.passes) tell('postfix-refused-elsewhere', entry, place(other));
      else if (entry.passes === undefined) tell('contradiction', entry, place(other));
      return false;
    }
    return true;
  });
}

function tablesOf(entries: readonly SiteEntry[]): Table[] {
  const tables = new Map<string, Table>();
  for (const entry of entries) {
    if (!entry.turn) continue;
    const id = `${entry.turn.list} ${entry.turn.place}`;
    const table = tables.get(id) ?? { turn: entry.turn, entries: [] };
    tables.set(id, table);
    table.entries.push(entry);
  }
  return [...tables.values()];
}
