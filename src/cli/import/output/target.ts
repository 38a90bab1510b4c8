/**
 * Plans and writes the files: compares rendered files with those in the folder. Lists are replaced as a whole, also by an
 * empty list: entries that the sources no longer have must not stay in force. Haraka's own `host_list` and the suite's
 * `smtpcheck.ini` keep what they hold and get what is missing.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { forEachLine } from '../../../policy/entries/lines';
import { parseIni } from '../../../policy/settings/ini';
import { CannotRun } from '../../io';
import type { RenderedFile } from './render';

export type Action = 'create' | 'replace' | 'unchanged';

export interface PlannedFile {
  readonly name: string;
  readonly path: string;
  /** The path as the operator would write it. */
  readonly displayPath: string;
  readonly action: Action;
  readonly before: string;
  readonly after: string;
  readonly count: number;
  /** How many entries or settings are there already; comments alone, as `init` writes them, are none. */
  readonly held: number;
}

/** DIR itself, or its `config/` where it is a Haraka folder. */
export function configFolder(directory: string): string {
  const config = join(directory, 'config');
  return existsSync(config) && statSync(config).isDirectory() ? config : directory;
}

/** Lists that the import has nothing for are created, since the settings name them; one that is empty is left as it is. */
export function plan(folder: string, displayFolder: string, files: readonly RenderedFile[]): PlannedFile[] {
  return files.flatMap((rendered) => {
    const path = join(folder, rendered.name);
    const exists = existsSync(path);
    const before = exists ? contentOf(path, join(displayFolder, rendered.name)) : '';
    const held = countEntries(rendered.name, before);
    if (exists && rendered.count === 0 && held === 0) return [];
    const after = exists ? merge(rendered, before) : rendered.text;
    const action: Action = !exists ? 'create' : before === after ? 'unchanged' : 'replace';
    return [
      {
        name: rendered.name,
        path,
        displayPath: join(displayFolder, rendered.name),
        action,
        before,
        after,
        count: rendered.count,
        held,
      },
    ];
  });
}

function contentOf(path: string, displayPath: string): string {
  try {
    if (!statSync(path).isFile()) throw new Error('it is no regular file');
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CannotRun(`${displayPath} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function countEntries(name: string, text: string): number {
  if (name.endsWith('.ini')) return parseIni(text).entries.length;
  let count = 0;
  forEachLine(text, () => count++);
  return count;
}

function merge(rendered: RenderedFile, before: string): string {
  if (rendered.name === 'host_list') return addNames(before, rendered.text);
  if (rendered.name === 'smtpcheck.ini') return addSettings(before, rendered.text);
  return rendered.text;
}

/** Adds the names that are not there yet, each with the comment lines above it. */
function addNames(before: string, rendered: string): string {
  const known = new Set(before.split(/\r?\n/).map((line) => line.trim().toLowerCase()));
  const added: string[] = [];
  let comments: string[] = [];
  for (const line of rendered.split('\n').slice(2)) {
    if (line.startsWith('#')) comments.push(line);
    else if (line !== '') {
      if (!known.has(line)) added.push(...comments, line);
      comments = [];
    }
  }
  if (added.length === 0) return before;
  return `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${added.join('\n')}\n`;
}

/** Sets each key in its section, at the line that sets it now where there is one. */
function addSettings(before: string, rendered: string): string {
  const lines = before.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  for (const { section, key, value } of parseIni(rendered).entries) {
    const text = lines.join('\n');
    const { entries, sections } = parseIni(text);
    const set = entries.find((entry) => entry.section === section && entry.key === key);
    const header = sections.find(({ name }) => name === section);
    if (set) {
      if (set.value !== value) lines[set.line - 1] = `${key}=${value}`;
    } else if (header) {
      lines.splice(header.line, 0, `${key}=${value}`);
    } else {
      lines.push('', `[${section}]`, `${key}=${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Writes each file beside its place and renames it, so that a running Haraka never reads half of one. */
export function writeFiles(folder: string, files: readonly PlannedFile[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { path, after, action } of files) {
    if (action === 'unchanged') continue;
    const temporary = `${path}.${process.pid}.new`;
    mkdirSync(dirname(path), { recursive: true });
    try {
      // What stands there is removed and not followed: it could be a symbolic link of somebody else's.
      rmSync(temporary, { force: true });
      writeFileSync(temporary, after, { mode: 0o644, flag: 'wx' });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }
}
