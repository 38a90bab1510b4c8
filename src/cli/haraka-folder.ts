/** Finds the Haraka folder of a command, and reads Haraka's own files in it. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { decodeText } from '../lists/files/file-reader';
import { type Ini, parseIni } from '../policy/settings/ini';
import { type PluginName, pluginNames } from '../policy/settings/settings';
import { CannotRun, type Io } from './io';

/** What the package of Haraka itself is called in npm: the first since 3.3, the second in older installations. */
export const harakaPackageNames = ['haraka', 'Haraka'] as const;

/** A Haraka folder by its `config`. */
export interface HarakaFolder {
  readonly path: string;
  readonly config: string;
}

/** `-c DIR` first, then `HARAKA`, then the current folder or the nearest around it. DIR may be the folder or its `config`. */
export function findHarakaFolder(named: string | undefined, io: Io): HarakaFolder {
  if (named !== undefined) return required(resolve(io.cwd, named), named);
  if (io.env.HARAKA) return required(resolve(io.cwd, io.env.HARAKA), `HARAKA=${io.env.HARAKA}`);
  for (let path = io.cwd; ; path = dirname(path)) {
    const folder = harakaFolderAt(path);
    if (folder) return folder;
    if (path === dirname(path)) break;
  }
  throw new CannotRun(
    `${io.cwd} is in no Haraka folder (none has config/plugins); run this inside one, or name it with -c DIR`,
  );
}

function required(path: string, displayPath: string): HarakaFolder {
  const folder = harakaFolderAt(path);
  if (folder) return folder;
  throw new CannotRun(`${displayPath}: no Haraka folder there (neither config/plugins nor config/smtpcheck.ini)`);
}

function harakaFolderAt(path: string): HarakaFolder | undefined {
  const holds = (folder: string) => existsSync(join(folder, 'plugins')) || existsSync(join(folder, 'smtpcheck.ini'));
  if (basename(path) === 'config' && holds(path)) return { path: dirname(path), config: path };
  if (holds(join(path, 'config'))) return { path, config: join(path, 'config') };
  return undefined;
}

/** The text of a config file, or `undefined` where there is none that can be read. */
export function readConfigText(folder: HarakaFolder, file: string): string | undefined {
  try {
    return decodeText(readFileSync(join(folder.config, file)));
  } catch {
    return undefined;
  }
}

/** A line of one of Haraka's own flat lists. */
export interface HarakaLine {
  readonly text: string;
  /** Both count from 1. */
  readonly number: number;
  readonly column: number;
}

/** The lines of `plugins`, `host_list` and the like as Haraka reads them: a comment is a line of its own. */
export function readConfigLines(folder: HarakaFolder, file: string): HarakaLine[] {
  return (readConfigText(folder, file) ?? '')
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ text: line.trim(), number: index + 1, column: line.search(/\S/) + 1 }))
    .filter(({ text }) => text !== '' && !/^[;#]/.test(text));
}

/** Whether Haraka's own lists name any local domain. */
export function namesLocalDomains(folder: HarakaFolder): boolean {
  return ['host_list', 'host_list_regex'].some((file) => readConfigLines(folder, file).length > 0);
}

/** The only line of a file such as `me`. */
export function readConfigValue(folder: HarakaFolder, file: string): string | undefined {
  return readConfigLines(folder, file)[0]?.text;
}

/** An ini file of Haraka's own, for which a lone carriage return ends a line too. */
export function readConfigIni(folder: HarakaFolder, file: string): Ini | undefined {
  const text = readConfigText(folder, file);
  return text === undefined ? undefined : parseIni(text.replace(/\r\n?/g, '\n'));
}

/** A plugin of `config/plugins`. */
export interface PluginLine {
  /** As Haraka names it: without `haraka-plugin-`. */
  readonly name: string;
  readonly line: number;
}

export function pluginLines(folder: HarakaFolder): PluginLine[] {
  return readConfigLines(folder, 'plugins').map(({ text, number }) => ({
    name: text.replace(/^haraka-plugin-/, ''),
    line: number,
  }));
}

/** Which of the suite's plugins a line of `config/plugins` loads; none for a foreign line. */
export function suitePluginsOf(name: string): readonly PluginName[] {
  return name === 'smtpcheck' ? pluginNames : pluginNames.filter((plugin) => name === `smtpcheck/plugins/${plugin}`);
}

/** The lines that load a plugin of the suite which an earlier line has loaded: Haraka does not start with them. */
export function loadedTwice(lines: readonly PluginLine[]): { readonly line: PluginLine; readonly twice: string }[] {
  const loaded = new Set<string>();
  return lines.flatMap((line) => {
    const plugins = suitePluginsOf(line.name);
    const twice = plugins.filter((plugin) => loaded.has(plugin));
    for (const plugin of plugins) loaded.add(plugin);
    return twice.length > 0 ? [{ line, twice: twice.join(', ') }] : [];
  });
}
