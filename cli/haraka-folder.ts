/** Finds the Haraka folder that a command speaks of, and reads what surrounds the suite's own files in it. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { forEachLine, type Ini, type Line, parseIni } from '../core';
import { decodeText } from '../runtime/file-reader';
import { CannotRun, type Io } from './io';

/** A Haraka folder by its `config`. */
export interface HarakaFolder {
  readonly path: string;
  readonly config: string;
}

/** `-c DIR` first, then `HARAKA`, then the current folder. DIR may be the Haraka folder or its `config`. */
export function findHarakaFolder(named: string | undefined, io: Io): HarakaFolder {
  if (named !== undefined) return required(resolve(io.cwd, named), `-c ${named}`);
  if (io.env.HARAKA) return required(resolve(io.cwd, io.env.HARAKA), `HARAKA=${io.env.HARAKA}`);
  const here = harakaFolderAt(io.cwd);
  if (here) return here;
  throw new CannotRun(
    `${io.cwd} is no Haraka folder (it has no config/plugins); run this inside one, or name it with -c DIR`,
  );
}

function required(path: string, said: string): HarakaFolder {
  const folder = harakaFolderAt(path);
  if (folder) return folder;
  throw new CannotRun(`${said}: no Haraka folder there (neither config/plugins nor config/smtpcheck.ini)`);
}

function harakaFolderAt(path: string): HarakaFolder | undefined {
  const holds = (folder: string) => existsSync(join(folder, 'plugins')) || existsSync(join(folder, 'smtpcheck.ini'));
  if (holds(join(path, 'config'))) return { path, config: join(path, 'config') };
  if (basename(path) === 'config' && holds(path)) return { path: dirname(path), config: path };
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

/** The lines of a flat Haraka list (`plugins`, `host_list`). */
export function readConfigLines(folder: HarakaFolder, file: string): Line[] {
  const lines: Line[] = [];
  forEachLine(readConfigText(folder, file) ?? '', (line) => lines.push(line));
  return lines;
}

export function readConfigIni(folder: HarakaFolder, file: string): Ini | undefined {
  const text = readConfigText(folder, file);
  return text === undefined ? undefined : parseIni(text);
}

/** The plugins of `config/plugins` in their order, as Haraka names them: without `haraka-plugin-`. */
export function pluginLines(folder: HarakaFolder): { readonly name: string; readonly line: number }[] {
  return readConfigLines(folder, 'plugins').map(({ text, number }) => ({
    name: text.replace(/^haraka-plugin-/, ''),
    line: number,
  }));
}

/** Which of the suite's plugins a line of `config/plugins` loads; none for a foreign line. */
export function suitePluginsOf(name: string): readonly string[] {
  if (name === 'smtpcheck') return ['deny', 'helo', 'privacy', 'relay'];
  const one = /^smtpcheck\/plugins\/(deny|helo|privacy|relay)$/.exec(name);
  return one ? [one[1] as string] : [];
}
