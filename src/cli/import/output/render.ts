/** Renders a resolved policy as text files. Every entry keeps its source's comments and names its line. */

import { formatRoute, parseRoute } from '../../../policy/entries/route';
import type { SourceLine } from '../../../policy/findings/finding';
import type { ResolvedPolicy } from '../merge/resolve-policy';
import {
  type ExchangeLine,
  type ListEntry,
  type ListName,
  type LocalName,
  listNames,
  type MapLine,
  type SiteSetting,
} from '../site-policy';
import { clean, formatOrigin, type RenderedFile } from './render-lines';
import { renderSuggestions } from './render-suggestions';

export type { RenderedFile } from './render-lines';

const purposes: Readonly<Record<ListName, string>> = {
  localip: 'client addresses that may relay to anyone',
  localdomain: 'client domains that may relay to anyone, by forward-confirmed name',
  'relay.to': 'destinations that anyone may send to: what we are backup MX for',
  'host.deny': 'clients that are refused',
};

export function render(policy: ResolvedPolicy): RenderedFile[] {
  return [
    ...listNames.map((name) => renderList(name, policy.lists[name], name === 'relay.to' ? policy.exchanges : [])),
    renderMap(policy.map),
    ...(policy.localNames.length > 0 ? [renderHostList(policy.localNames)] : []),
    ...(policy.settings.length > 0 ? [renderSettings(policy.settings)] : []),
    ...renderSuggestions(policy.suggestions),
  ];
}

function renderList(name: ListName, entries: readonly ListEntry[], exchanges: readonly ExchangeLine[]): RenderedFile {
  const lines = entries.map((entry) => (entry.route ? `${entry.text}  ${routeText(entry.route)}` : entry.text));
  const width = Math.min(
    40,
    lines.reduce((longest, { length }) => Math.max(longest, length), 0),
  );
  const body = entries.flatMap((entry, i) => {
    const locations = entry.origins.map(formatOrigin).join(', ');
    const note = entry.trailingComment ? `${clean(entry.trailingComment)} (${locations})` : locations;
    return [...commentLines(entry.comments, i), `${(lines[i] ?? '').padEnd(width)}  # ${note}`];
  });
  const count = entries.length + exchanges.length;
  const byExchanges = exchanges.flatMap(({ text, origin, comments }, i) => [
    ...commentLines(comments, entries.length + i),
    `${text.padEnd(width)}  # ${formatOrigin(origin)}`,
  ]);
  return { name, text: file([`# ${name}: ${purposes[name]}.`, ...imported(count)], [...body, ...byExchanges]), count };
}

function renderMap(map: readonly MapLine[]): RenderedFile {
  const head = ["# relay.map: relay decisions by client or recipient, in the form of sendmail's access map."];
  const body = map.flatMap(({ key, value, origin, comments }, i) => [
    ...commentLines(comments, i),
    `# ${formatOrigin(origin)}`,
    `${key}  ${value}`,
  ]);
  return { name: 'relay.map', text: file([...head, ...imported(map.length)], body), count: map.length };
}

/** Haraka itself reads host_list, and allows comments at the start of a line only. */
function renderHostList(names: readonly LocalName[]): RenderedFile {
  const body = names.flatMap(({ name, origins, comments }, i) => [
    ...commentLines(comments, i),
    `# ${origins.map(formatOrigin).join(', ')}`,
    name,
  ]);
  const head = ['# host_list: domains whose mail is taken here.', ...imported(names.length)];
  return { name: 'host_list', text: file(head, body), count: names.length };
}

function renderSettings(settings: readonly SiteSetting[]): RenderedFile {
  const lines = settings.map(iniSetting);
  const sections = [...new Set(lines.map(({ section }) => section))];
  const body = sections.flatMap((section) => [
    '',
    `[${section}]`,
    ...lines
      .filter((line) => line.section === section)
      .flatMap(({ key, value, origin }) => [`; ${formatOrigin(origin)}`, `${key}=${value}`]),
  ]);
  const head = [
    '; smtpcheck.ini: settings of the suite; each that is not here has its default.',
    '; Imported by smtpcheck.',
  ];
  return { name: 'smtpcheck.ini', text: `${[...head, ...body].join('\n')}\n`, count: settings.length };
}

export interface IniSetting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly origin: SourceLine;
}

/** A setting as smtpcheck.ini has it. */
export function iniSetting(setting: SiteSetting): IniSetting {
  const { origin } = setting;
  switch (setting.key) {
    case 'flags':
      return { section: 'privacy', key: 'flags', value: setting.value.join(','), origin };
    case 'restriction':
      return { section: 'relay', key: 'restriction', value: 'true', origin };
    case 'client-limit':
      return { section: 'limits', key: 'client', value: setting.value, origin };
    case 'deny-at':
      return { section: 'deny', key: 'at', value: setting.value, origin };
  }
}

function imported(count: number): string[] {
  return count === 0
    ? ['# Nothing was imported into it.']
    : ['# Imported by smtpcheck; each entry names the line it came from.'];
}

function file(head: readonly string[], body: readonly string[]): string {
  return `${[...head, ...(body.length > 0 ? ['', ...body] : [])].join('\n')}\n`;
}

/** The source's comments, separated from the entry before them by an empty line. */
function commentLines(comments: readonly string[], place: number): string[] {
  if (comments.length === 0) return [];
  return [...(place === 0 ? [] : ['']), ...comments.map((comment) => `# ${clean(comment)}`)];
}

function routeText(text: string): string {
  const route = parseRoute(text);
  return route ? formatRoute(route) : text;
}
