/**
 * Resolves the entries of all sources into the content of the lists. It applies the rules that span several lines:
 * Postfix's first match, mailboxes in place of their domains, routes, contradictions between sources, and entries that
 * another entry makes superfluous. Where sources disagree the stricter one wins.
 */

import { EntryIndex, keyOf } from '../../../policy/entries/containment';
import type { Remark } from '../remark';
import {
  type ListName,
  type LocalName,
  listNames,
  type MapLine,
  type SiteEntry,
  type SitePolicy,
  type SiteSetting,
} from '../site-policy';
import { resolveClientTables } from './client-tables';
import { type AddRemark, firstMatches, locationOf } from './first-match';
import { withUsersFirst } from './users-first';

export interface ResolvedPolicy {
  readonly lists: Readonly<Record<ListName, readonly SiteEntry[]>>;
  readonly map: readonly MapLine[];
  readonly localNames: readonly LocalName[];
  readonly settings: readonly SiteSetting[];
  readonly remarks: readonly Remark[];
}

export function resolvePolicy(site: SitePolicy): ResolvedPolicy {
  const remarks: Remark[] = [...site.remarks];
  const addRemark: AddRemark = (code, entry, detail) => {
    const at = entry.origins[0];
    if (at) remarks.push({ code, at, text: entry.text, ...(detail === undefined ? {} : { detail }) });
  };
  const localNames = mergeNames(site.localNames);
  const asked = withoutRefusedMembers(site.entries, addRemark);
  const reached = resolveClientTables(firstMatches(asked, site.barriers, addRemark), addRemark);
  const admitted = site.features.has('relay-recipients-only') ? onlyRecipients(reached, addRemark) : reached;
  const lists = Object.fromEntries(
    listNames.map((list) => {
      const own = admitted.filter((entry) => entry.list === list);
      const merged = mergeSame(list, own, addRemark);
      if (list !== 'relay.to') return [list, dropSuperfluous(merged, addRemark)];
      return [
        list,
        withRoutes(dropSuperfluous(withoutLocalDomains(merged, localNames, addRemark), addRemark), site, remarks),
      ];
    }),
  ) as Record<ListName, SiteEntry[]>;
  const { relayTo, map } = withUsersFirst({ relayTo: lists['relay.to'], map: mergeMap(site.map, remarks) }, remarks);
  return {
    lists: { ...lists, 'relay.to': relayTo },
    map,
    localNames,
    settings: mergeSettings(site.settings),
    remarks: inOrder(remarks),
  };
}

/** sendmail looks a recipient's domain up in the access map first: a refusal there goes before any member of class R. */
function withoutRefusedMembers(entries: readonly SiteEntry[], addRemark: AddRemark): SiteEntry[] {
  const isMember = (entry: SiteEntry) => entry.list === 'relay.to' && entry.parameter === 'class-r';
  const map = new EntryIndex(entries.filter((entry) => entry.list === 'relay.to' && !isMember(entry)));
  return entries.filter((entry) => {
    const found = isMember(entry) ? map.covering(entry) : undefined;
    if (!found?.refuses) return true;
    addRemark('contradiction', entry, locationOf(found));
    return false;
  });
}

/** With relay_recipient_maps a relayed domain admits the mailboxes listed for it, and nobody else. */
function onlyRecipients(entries: readonly SiteEntry[], addRemark: AddRemark): SiteEntry[] {
  const relayDomains = new EntryIndex(entries.filter((entry) => entry.parameter === 'relay_domains'));
  const used = new Set<SiteEntry>();
  const kept = entries.filter((entry) => {
    if (entry.parameter === 'relay_domains') return false;
    if (entry.parameter !== 'relay_recipient_maps') return true;
    const enclosing = relayDomains.covering(entry);
    if (!enclosing || enclosing.entry.excluded) {
      addRemark('postfix-recipient', entry);
      return false;
    }
    used.add(enclosing);
    return true;
  });
  for (const entry of entries) {
    if (entry.parameter === 'relay_domains' && !entry.entry.excluded && !used.has(entry))
      addRemark('postfix-no-recipients', entry);
  }
  return kept;
}

/** Hangs next hops on the domains of `relay.to`; a hop for one name alone becomes an entry of its own. */
function withRoutes(entries: readonly SiteEntry[], site: SitePolicy, remarks: Remark[]): SiteEntry[] {
  if (site.routes.length === 0) return [...entries];
  const index = new EntryIndex(entries.filter((entry) => entry.entry.kind === 'domain'));
  const routes = new Map(site.routes.map((fact) => [`${fact.subdomains ? '.' : '='}${fact.domain}`, fact]));
  const routed = new Map<SiteEntry, SiteEntry>();
  const added: SiteEntry[] = [];
  for (const fact of site.routes) {
    const exact = { kind: 'domain', name: fact.domain, exact: true, excluded: false } as const;
    const own = index.same({ entry: exact });
    const enclosing = own ?? index.around({ entry: exact });
    const below = routes.get(`.${fact.domain}`);
    const whole = index.same({ entry: { ...exact, exact: false } });
    if (!enclosing || enclosing.entry.excluded || enclosing.route) {
      if (!enclosing?.route) remarks.push({ code: 'postfix-route', at: fact.origin, text: fact.text });
    } else if (fact.subdomains) {
      // An entry cannot give the subdomains a next hop that the domain itself does not have.
      if (routes.get(`=${fact.domain}`)?.route === fact.route && whole) continue;
      remarks.push({ code: 'postfix-route', at: fact.origin, text: fact.text });
    } else if (own) {
      routed.set(own, { ...own, route: fact.route });
    } else if (whole && below?.route === fact.route) {
      routed.set(whole, { ...whole, route: fact.route });
    } else {
      added.push({
        list: 'relay.to',
        text: `=${fact.domain}`,
        entry: exact,
        origins: [...enclosing.origins, fact.origin],
        comments: [],
        route: fact.route,
      });
    }
  }
  return [...entries.map((entry) => routed.get(entry) ?? entry), ...added];
}

/** One entry for each thing matched. Where one source lists and another excludes, the refusal stands. */
function mergeSame(list: ListName, entries: readonly SiteEntry[], addRemark: AddRemark): SiteEntry[] {
  const refusing = (entry: SiteEntry) => entry.entry.excluded !== (list === 'host.deny');
  const byKey = new Map<string, SiteEntry>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const before = byKey.get(key);
    if (!before) {
      byKey.set(key, entry);
    } else if (before.entry.excluded === entry.entry.excluded) {
      byKey.set(key, joined(before, entry));
    } else if (isWeak(before) || isWeak(entry)) {
      byKey.set(key, isWeak(before) ? entry : before);
    } else {
      const [winner, loser] = refusing(before) ? [before, entry] : [entry, before];
      addRemark('contradiction', loser, locationOf(winner));
      byKey.set(key, winner);
    }
  }
  // A weak exclusion is dropped where another line lists the whole domain.
  return [...byKey.values()].filter((entry) => {
    if (!isWeak(entry) || entry.entry.kind !== 'domain') return true;
    const base = byKey.get(entry.entry.name);
    return !base || base.weak === true;
  });
}

function isWeak(entry: SiteEntry): boolean {
  return entry.entry.excluded && entry.weak === true;
}

function joined(first: SiteEntry, second: SiteEntry): SiteEntry {
  const seen = new Set(first.origins.map((origin) => `${origin.file}:${origin.line}`));
  const more = second.origins.filter((origin) => !seen.has(`${origin.file}:${origin.line}`));
  const { implied, weak, ...rest } = first;
  return {
    ...rest,
    origins: [...first.origins, ...more],
    comments: [...first.comments, ...second.comments.filter((comment) => !first.comments.includes(comment))],
    ...(implied && second.implied ? { implied } : {}),
    ...(weak && second.weak ? { weak } : {}),
    ...(first.route === undefined && second.route !== undefined ? { route: second.route } : {}),
  };
}

/** A domain that is delivered here needs no entry in `relay.to`; the names below it keep theirs. */
function withoutLocalDomains(
  entries: readonly SiteEntry[],
  localNames: readonly LocalName[],
  addRemark: AddRemark,
): SiteEntry[] {
  const local = new Set(localNames.map(({ name }) => name));
  return entries.flatMap((entry) => {
    const { kind, excluded } = entry.entry;
    if (kind !== 'domain' || excluded || !local.has(entry.entry.name)) return [entry];
    addRemark('also-local', entry);
    if (entry.entry.exact) return [];
    const name = entry.entry.name;
    const except: SiteEntry = {
      ...entry,
      text: `!=${name}`,
      entry: { kind: 'domain', name, exact: true, excluded: true },
      comments: [],
    };
    return [entry, except];
  });
}

/** Drops entries that the one around them already decides alike, and exclusions inside nothing. */
function dropSuperfluous(entries: readonly SiteEntry[], addRemark: AddRemark): SiteEntry[] {
  const index = new EntryIndex(entries);
  return entries.filter((entry) => {
    const around = index.around(entry);
    if (!around) {
      if (entry.entry.excluded && !entry.implied) addRemark('excludes-nothing', entry);
      return !entry.entry.excluded;
    }
    if (around.entry.excluded !== entry.entry.excluded) {
      if (entry.narrowingRemark) addRemark(entry.narrowingRemark, entry, locationOf(around));
      return true;
    }
    if (entry.entry.kind !== 'mailbox' && around.route !== entry.route) return true;
    if (!entry.implied) addRemark('already-covered', entry, locationOf(around));
    return false;
  });
}

function mergeNames(names: readonly LocalName[]): LocalName[] {
  const byName = new Map<string, LocalName>();
  for (const name of names) {
    const before = byName.get(name.name);
    byName.set(name.name, before ? { ...before, origins: [...before.origins, ...name.origins] } : name);
  }
  return [...byName.values()];
}

/** One line for each key; of two values the one that does not relay stands. */
function mergeMap(map: readonly MapLine[], remarks: Remark[]): MapLine[] {
  const byKey = new Map<string, MapLine>();
  for (const line of map) {
    const key = line.key.toLowerCase();
    const before = byKey.get(key);
    if (!before) {
      byKey.set(key, line);
      continue;
    }
    if (before.value === line.value) continue;
    const [winner, loser] = before.value === 'RELAY' ? [line, before] : [before, line];
    const detail = `${winner.key} ${winner.value} (${winner.origin.file}:${winner.origin.line})`;
    remarks.push({ code: 'contradiction', at: loser.origin, text: `${loser.key} ${loser.value}`, detail });
    byKey.set(key, winner);
  }
  return [...byKey.values()];
}

/** One value for each setting; flags of several sources add up. */
function mergeSettings(settings: readonly SiteSetting[]): SiteSetting[] {
  const byKey = new Map<SiteSetting['key'], SiteSetting>();
  for (const setting of settings) {
    const before = byKey.get(setting.key);
    if (before?.key === 'flags' && setting.key === 'flags') {
      byKey.set('flags', { ...before, value: [...new Set([...before.value, ...setting.value])] });
    } else if (!before) {
      byKey.set(setting.key, setting);
    }
  }
  return [...byKey.values()];
}

/** By file as the sources were read, and by line within each; the same thing is said once. */
function inOrder(remarks: readonly Remark[]): Remark[] {
  const files = [...new Set(remarks.map((remark) => remark.at.file))];
  const seen = new Set<string>();
  return remarks
    .filter((remark) => {
      const key = JSON.stringify([remark.at, remark.code, remark.text, remark.detail]);
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line);
}
