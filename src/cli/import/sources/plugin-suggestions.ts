/** Settings of Haraka's own plugins that do what the old server did around its relay policy. */
import type { PluginSuggestion } from '../site-policy';

export type Suggestion = Omit<PluginSuggestion, 'origin' | 'text'>;

export function ini(plugin: string, file: string, section: string, key: string, value: string): Suggestion {
  return { plugin, setting: { file, section, key, value } };
}

export const helo = (check: string): readonly Suggestion[] => [
  ini('helo.checks', 'helo.checks.ini', 'check', check, 'true'),
  ini('helo.checks', 'helo.checks.ini', 'reject', check, 'true'),
];

/** `zen.example.org=127.0.0.[2..11]` as a zone of dns-list. */
export function zone(argument: string, type?: 'allow'): readonly Suggestion[] {
  const name = (argument.split(/[=*]/)[0] ?? '').toLowerCase();
  if (!/^[a-z0-9.-]+$/.test(name)) return [];
  return [
    ini('dns-list', 'dns-list.ini', 'main', 'zones[]', name),
    ini('dns-list', 'dns-list.ini', name, type ? 'type' : 'reject', type ?? 'true'),
  ];
}

/** Names of a list of zones at DNS that is asked for domains. */
export function domainZone(argument: string, part: 'helo' | 'envfrom' | 'rdns'): readonly Suggestion[] {
  const name = (argument.split('=')[0] ?? '').toLowerCase();
  return /^[a-z0-9.-]+$/.test(name) ? [ini('uribl', 'uribl.ini', name, part, '1')] : [];
}

/** The greatest size of a message in bytes, which Haraka itself knows. */
export function messageSize(value: string): readonly Suggestion[] {
  return /^[1-9][0-9]*$/.test(value) ? [ini('', 'connection.ini', 'max', 'bytes', value)] : [];
}

/** The plugins that do the work of the filters that a value names. */
export function filtersIn(value: string): readonly Suggestion[] {
  return filters.filter(([pattern]) => pattern.test(value)).map(([, plugin]) => ({ plugin }));
}

/** Filters by what their sockets are called, or the ports that they are known for. */
const filters: readonly (readonly [RegExp, string])[] = [
  [/rspamd|:11332\b/i, 'rspamd'],
  [/spamass/i, 'spamassassin'],
  [/clam/i, 'clamd'],
  [/dkim|:8891\b/i, 'dkim'],
];
