/**
 * Tables of clients that are asked one after the other. Each decides for itself which of its lines counts, and a client
 * that any of them refuses is refused, whatever the others say; only an OK spares it those behind its own table.
 */
import { EntryIndex } from './entry-index';
import { place, type Tell } from './first-match';
import type { SiteEntry } from './site-policy';

interface Table {
  readonly index: EntryIndex<SiteEntry>;
  /** A keyed table looks for the name first: where that says "go on", its line for the address is not read. */
  readonly passesOverAddresses: boolean;
}

/** Makes a refusal of each exclusion from `host.deny` that takes a client out of what another table refuses. */
export function withoutPardons(entries: readonly SiteEntry[], tell: Tell): SiteEntry[] {
  const lists = listsOf(entries);
  if (lists.flat().length < 2) return [...entries];
  return entries.map((entry) => {
    if (!entry.turn) return entry;
    const verdicts = lists.map((tables) => decide(tables, entry));
    const refusal = verdicts.find((found) => found && !found.entry.excluded);
    if (!entry.entry.excluded) {
      const pardon = verdicts.find((found) => found?.passes);
      if (!refusal && pardon) tell('contradiction', pardon, place(entry));
      return entry;
    }
    if (!refusal) return entry;
    if (entry.passes) tell('postfix-refused-elsewhere', entry, place(refusal));
    else if (entry.passes === undefined && refusal.turn?.list !== entry.turn.list) {
      tell('contradiction', entry, place(refusal));
    }
    const { passes, ...rest } = entry;
    const text = entry.text.replace(/^!/, '');
    return { ...rest, text, entry: { ...entry.entry, excluded: false }, origins: refusal.origins, implied: true };
  });
}

/** The line that ends the list for all that the entry matches: a refusal, or an OK. */
function decide(tables: readonly Table[], entry: SiteEntry): SiteEntry | undefined {
  for (const { index, passesOverAddresses } of tables) {
    const found = index.covering(entry);
    if (!found) continue;
    if (!found.entry.excluded) return found;
    if (found.passes && !(passesOverAddresses && found.entry.kind === 'network')) return found;
  }
  return undefined;
}

/** The tables of each list in the order in which they are asked. */
function listsOf(entries: readonly SiteEntry[]): Table[][] {
  const lists = new Map<string, Map<number, SiteEntry[]>>();
  for (const entry of entries) {
    if (!entry.turn) continue;
    const list = lists.get(entry.turn.list) ?? new Map<number, SiteEntry[]>();
    lists.set(entry.turn.list, list);
    const table = list.get(entry.turn.place);
    if (table) table.push(entry);
    else list.set(entry.turn.place, [entry]);
  }
  return [...lists.values()].map((list) => [...list].sort(([a], [b]) => a - b).map(([, own]) => tableOf(own)));
}

function tableOf(entries: readonly SiteEntry[]): Table {
  return {
    // Of the same reach in one table the refusal stands.
    index: new EntryIndex([...entries].sort((a, b) => Number(a.entry.excluded) - Number(b.entry.excluded))),
    passesOverAddresses: entries.some(({ entry, passes }) => entry.kind === 'domain' && passes === false),
  };
}
