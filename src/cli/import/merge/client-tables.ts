/**
 * Postfix client tables are asked one after the other. Each table selects its own deciding line, and a client that any
 * table refuses is refused, whatever the others say; only an OK exempts the client from the later tables.
 */
import { EntryIndex } from '../../../policy/entries/containment';
import type { SiteEntry } from '../site-policy';
import { type AddRemark, locationOf } from './first-match';

interface Table {
  readonly index: EntryIndex<SiteEntry>;
  /** A keyed table looks up the name first: where the name's line says DUNNO, the address's line is not read. */
  readonly nameDecides: boolean;
}

/** Turns each exclusion from `host.deny` into a refusal where another table refuses that client. */
export function resolveClientTables(entries: readonly SiteEntry[], addRemark: AddRemark): SiteEntry[] {
  const lists = listsOf(entries);
  if (lists.flat().length < 2) return [...entries];
  return entries.map((entry) => {
    if (!entry.tablePosition) return entry;
    const verdicts = lists.map((tables) => decide(tables, entry));
    const refusal = verdicts.find((found) => found && !found.entry.excluded);
    if (!entry.entry.excluded) {
      const pardon = verdicts.find((found) => found?.exemptsLaterTables);
      if (!refusal && pardon) addRemark('contradiction', pardon, locationOf(entry));
      return entry;
    }
    if (!refusal) return entry;
    if (entry.exemptsLaterTables) addRemark('postfix-refused-elsewhere', entry, locationOf(refusal));
    else if (entry.exemptsLaterTables === undefined && refusal.tablePosition?.list !== entry.tablePosition.list) {
      addRemark('contradiction', entry, locationOf(refusal));
    }
    const { exemptsLaterTables, ...rest } = entry;
    const text = entry.text.replace(/^!/, '');
    return { ...rest, text, entry: { ...entry.entry, excluded: false }, origins: refusal.origins, implied: true };
  });
}

/** The line that ends the list for all that the entry matches: a refusal, or an OK. */
function decide(tables: readonly Table[], entry: SiteEntry): SiteEntry | undefined {
  for (const { index, nameDecides } of tables) {
    const found = index.covering(entry);
    if (!found) continue;
    if (!found.entry.excluded) return found;
    if (found.exemptsLaterTables && !(nameDecides && found.entry.kind === 'network')) return found;
  }
  return undefined;
}

/** The tables of each list in the order in which they are asked. */
function listsOf(entries: readonly SiteEntry[]): Table[][] {
  const lists = new Map<string, Map<number, SiteEntry[]>>();
  for (const entry of entries) {
    if (!entry.tablePosition) continue;
    const list = lists.get(entry.tablePosition.list) ?? new Map<number, SiteEntry[]>();
    lists.set(entry.tablePosition.list, list);
    const table = list.get(entry.tablePosition.place);
    if (table) table.push(entry);
    else list.set(entry.tablePosition.place, [entry]);
  }
  return [...lists.values()].map((list) => [...list].sort(([a], [b]) => a - b).map(([, own]) => tableOf(own)));
}

function tableOf(entries: readonly SiteEntry[]): Table {
  return {
    // Of two entries with the same reach in one table the refusal wins.
    index: new EntryIndex([...entries].sort((a, b) => Number(a.entry.excluded) - Number(b.entry.excluded))),
    nameDecides: entries.some(
      ({ entry, exemptsLaterTables }) => entry.kind === 'domain' && exemptsLaterTables === false,
    ),
  };
}
