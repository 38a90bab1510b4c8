/**
 * What surrounds the policy, as settings of Haraka's own plugins. The files stand in a folder of their own beside the
 * lists, where nothing reads them: an operator copies what is wanted.
 */
import type { PluginSuggestion } from '../site-policy';
import { clean, formatOrigin, type RenderedFile } from './render-lines';

export const suggestionFolder = 'import-suggestions';

interface Line {
  readonly section: string;
  readonly text: string;
  readonly origins: readonly string[];
}

export function renderSuggestions(suggestions: readonly PluginSuggestion[]): RenderedFile[] {
  const files = [...new Set(suggestions.flatMap(({ setting }) => (setting ? [setting.file] : [])))].sort();
  const plugins = renderPlugins(suggestions.filter(({ plugin }) => plugin !== ''));
  return [...(plugins ? [plugins] : []), ...files.map((file) => renderIni(file, suggestions))];
}

function renderPlugins(suggestions: readonly PluginSuggestion[]): RenderedFile | undefined {
  const names = [...new Set(suggestions.map(({ plugin }) => plugin))].sort();
  if (names.length === 0) return undefined;
  const body = names.flatMap((name) => [
    ...unique(suggestions.filter(({ plugin }) => plugin === name).map((one) => `# ${originOf(one)}`)),
    name,
  ]);
  const head = [
    '# Plugins that do what the old server did around its relay policy; nothing here is enabled.',
    '# Write those that you want into config/plugins, above smtpcheck.',
  ];
  return fileOf('plugins', [...head, '', ...body], names.length);
}

function renderIni(file: string, suggestions: readonly PluginSuggestion[]): RenderedFile {
  const lines: Line[] = [];
  for (const suggestion of suggestions) {
    const { setting } = suggestion;
    if (setting?.file !== file) continue;
    const text = `${setting.key}=${setting.value}`;
    const place = lines.findIndex((line) => line.section === setting.section && line.text === text);
    const before = lines[place];
    const origins = [...(before?.origins ?? []), originOf(suggestion)];
    if (before) lines[place] = { ...before, origins };
    else lines.push({ section: setting.section, text, origins });
  }
  const body = [...new Set(lines.map(({ section }) => section))].flatMap((section) => [
    '',
    `[${section}]`,
    ...lines
      .filter((line) => line.section === section)
      .flatMap(({ text, origins }) => [...unique(origins).map((origin) => `; ${origin}`), text]),
  ]);
  const head = [`; A suggestion for config/${file}, made from what the old server did; nothing reads it here.`];
  return fileOf(file, [...head, ...body], lines.length);
}

function originOf({ origin, text }: PluginSuggestion): string {
  const line = text.replace(/\s+/g, ' ');
  return clean(`${formatOrigin(origin)}: ${line.length > 100 ? `${line.slice(0, 97)}...` : line}`);
}

function fileOf(name: string, lines: readonly string[], count: number): RenderedFile {
  return { name: `${suggestionFolder}/${name}`, text: `${lines.join('\n')}\n`, count };
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
