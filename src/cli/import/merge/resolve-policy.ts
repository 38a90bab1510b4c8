/**
 * Resolves the rules of all sources into the content of the lists, `relay.map`, `host_list` and the settings. Where sources
 * disagree the stricter one wins.
 */

import type { Remark } from '../remark';
import {
  type ExchangeLine,
  type ListEntry,
  type ListName,
  type LocalName,
  listNames,
  type MapLine,
  type PluginSuggestion,
  type SitePolicy,
  type SiteSetting,
  signedText,
} from '../site-policy';
import { type AddRemark, locationOf } from './chain';
import { compileLists, refusedLocalNames } from './compile';
import { withLocalDeliveries } from './local-deliveries';
import { withUsersFirst } from './users-first';

export interface ResolvedPolicy {
  readonly lists: Readonly<Record<ListName, readonly ListEntry[]>>;
  readonly map: readonly MapLine[];
  readonly exchanges: readonly ExchangeLine[];
  readonly localNames: readonly LocalName[];
  readonly settings: readonly SiteSetting[];
  readonly suggestions: readonly PluginSuggestion[];
  readonly remarks: readonly Remark[];
}

export function resolvePolicy(given: SitePolicy): ResolvedPolicy {
  const remarks: Remark[] = [...given.remarks];
  const addRemark: AddRemark = (code, rule, detail) => {
    const text = 'verdict' in rule ? signedText(rule) : rule.text;
    remarks.push({ code, at: rule.origin, text, ...(detail === undefined ? {} : { detail }) });
  };
  const site = withLocalDeliveries(withoutRefusedNames(given, remarks), addRemark);
  const localNames = mergeNames(site.localNames);
  const entries = (['trust', 'destinations', 'refusals'] as const).flatMap((question) =>
    compileLists(question, site, addRemark),
  );
  const lists = Object.fromEntries(
    listNames.map((name) => [name, entries.filter(({ list }) => list === name)]),
  ) as Record<ListName, ListEntry[]>;
  const { relayTo, map } = withUsersFirst({ relayTo: lists['relay.to'], map: mergeMap(site.map, remarks) }, remarks);
  return {
    lists: { ...lists, 'relay.to': relayTo },
    map,
    exchanges: site.exchanges,
    localNames,
    settings: mergeSettings(site.settings),
    suggestions: site.suggestions,
    remarks: inOrder(remarks),
  };
}

/** Without the local names for which the old server refused all mail: Haraka takes what host_list names. */
function withoutRefusedNames(site: SitePolicy, remarks: Remark[]): SitePolicy {
  const refused = refusedLocalNames(site);
  const localNames = site.localNames.filter(({ name, origins }) => {
    const rule = refused.get(name);
    if (!rule) return true;
    for (const at of origins) remarks.push({ code: 'local-refused', at, text: name, detail: locationOf(rule) });
    return false;
  });
  return { ...site, localNames };
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
