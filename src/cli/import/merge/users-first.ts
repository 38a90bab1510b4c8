/**
 * Refusals of a user at any domain (`spamtrap@`). They stand in relay.map, which is asked after relay.to, and the domain
 * would be permitted before. So the domains go into the map as well, where a user goes before a domain.
 */

import { EntryIndex } from '../../../policy/entries/containment';
import { isProblem } from '../../../policy/entries/entry';
import { parseListLine } from '../../../policy/entries/list';
import { parseMapLine } from '../../../policy/entries/map-line';
import { asLine } from '../collector';
import type { Remark } from '../remark';
import { type ListEntry, lists, type MapLine } from '../site-policy';

export interface Destinations {
  readonly relayTo: readonly ListEntry[];
  readonly map: readonly MapLine[];
}

/** Moves what the map can express; elsewhere the user is excluded from the domain by its full address. */
export function withUsersFirst({ relayTo, map }: Destinations, remarks: Remark[]): Destinations {
  const users = map.filter(refusesUser);
  if (users.length === 0) return { relayTo, map };
  const taken = new Set(map.map(({ key }) => bare(key)));
  const kept: ListEntry[][] = [];
  const moved: MapLine[] = [];
  // Domains with subdomains: no entry can exclude a user from all of them.
  const open: ListEntry[] = [];
  const index = new EntryIndex(relayTo);
  for (const family of familiesOf(relayTo, index)) {
    const lines = family.map(asMapLine);
    const [root] = family;
    // A mailbox goes before a user in the map too.
    if (!root || root.entry.kind === 'mailbox') kept.push(family);
    else if (lines.every((line) => line !== undefined)) {
      for (const line of lines) if (!taken.has(bare(line.key))) moved.push(line);
    } else {
      kept.push(
        family,
        family.flatMap((entry) => exclusionsFrom(entry, users, index)),
      );
      for (const one of family)
        if (!one.entry.excluded && one.entry.kind === 'domain' && !one.entry.exact) open.push(one);
    }
  }
  for (const { key, value, origin: at } of users) {
    const text = `${key} ${value}`;
    if (moved.length > 0) remarks.push({ code: 'user-before-domain', at, text });
    if (open.length > 0)
      remarks.push({ code: 'user-behind-domain', at, text, detail: open.map(locationOf).join(', ') });
  }
  return { relayTo: kept.flat(), map: [...map, ...moved] };
}

function refusesUser({ key, value }: MapLine): boolean {
  return key.endsWith('@') && !/^connect:/i.test(key) && !/^(?:relay|ok|skip)$/i.test(value);
}

/** The key without its tag: a key with `To:` would hide the same key without a tag. */
function bare(key: string): string {
  return key.replace(/^to:/i, '').toLowerCase();
}

/** Each widest entry, with all entries that it contains. */
function familiesOf(entries: readonly ListEntry[], index: EntryIndex<ListEntry>): ListEntry[][] {
  const families = new Map<ListEntry, ListEntry[]>();
  for (const entry of entries) {
    let root = entry;
    for (let around = index.around(root); around; around = index.around(root)) root = around;
    const family = families.get(root) ?? [root];
    families.set(root, family);
    if (entry !== root) family.push(entry);
  }
  return [...families.values()];
}

function asMapLine({ entry, text, route, origins, comments, trailingComment }: ListEntry): MapLine | undefined {
  const [origin] = origins;
  if (route !== undefined || !origin || (entry.kind === 'domain' && entry.exact)) return undefined;
  const key = `To:${text.replace(/^!/, '')}`;
  const value = entry.excluded ? 'SKIP' : 'RELAY';
  if (isProblem(parseMapLine(asLine(`${key} ${value}`)))) return undefined;
  return { key, value, origin, comments: trailingComment ? [...comments, trailingComment] : comments };
}

/** The refused users of a domain that stays in relay.to, each as a mailbox of it. */
function exclusionsFrom({ entry }: ListEntry, users: readonly MapLine[], index: EntryIndex<ListEntry>): ListEntry[] {
  if (entry.kind !== 'domain' || entry.excluded) return [];
  // One user may be refused with a tag and without.
  const byName = new Map(users.map((line) => [bare(line.key), line.origin]));
  return [...byName].flatMap(([user, origin]) => {
    const text = `!${user}${entry.name}`;
    const mailbox = parseListLine(lists['relay.to'].kind, asLine(text));
    if (isProblem(mailbox) || mailbox.kind === 'exchange' || index.same({ entry: mailbox })) return [];
    // An exclusion of the domain's own name already excludes the mailbox.
    if (index.around({ entry: mailbox })?.entry.excluded) return [];
    return [{ list: 'relay.to', text, entry: mailbox, origins: [origin], comments: [] }];
  });
}

function locationOf({ text, origins }: ListEntry): string {
  const [origin] = origins;
  return origin ? `${text} (${origin.file}:${origin.line})` : text;
}
