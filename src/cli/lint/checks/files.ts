/** Lint of the files themselves: who may write them, and which have another name than the settings say. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ownListSettings, pathOf, settingsFile } from '../../../lists/list-settings';
import type { Settings } from '../../../policy/settings/settings-description';
import { nearest } from '../../../policy/settings/suggest';
import type { HarakaFolder } from '../../haraka-folder';
import { type LintFinding, lintFinding } from '../finding';

const groupWrite = 0o020;
const otherWrite = 0o002;
const sticky = 0o1000;

interface NamedFile {
  readonly file: string;
  readonly path: string;
}

/** `wantsDenyList`: the plugin that asks `host.deny` is loaded, and no setting names the list (where one does, it must exist). */
export function lintFiles(folder: HarakaFolder, settings: Settings, wantsDenyList: boolean): LintFinding[] {
  const lists = ownListSettings
    .map((listSetting) => listSetting.sourceIn(settings).file)
    .filter((file) => file !== '')
    .map((file) => ({ file, path: pathOf(folder.config, file) }));
  const others = [settingsFile, 'plugins', 'host_list', 'host_list_regex'].map((file) => ({
    file,
    path: join(folder.config, file),
  }));
  // Whoever may write a folder can put another file in the place of one that he may not write.
  const folders = new Set([folder.config, ...lists.map(({ path }) => dirname(path))]);
  return [
    ...[...others, ...lists].flatMap(lintMode),
    ...[...folders].flatMap((path) => lintMode({ file: path === folder.config ? '.' : path, path })),
    ...lintNames(folder, lists, wantsDenyList ? settings.deny.hosts.file : ''),
  ];
}

function lintMode({ file, path }: NamedFile): LintFinding[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats || (stats.isDirectory() && stats.mode & sticky)) return [];
  const writers = [
    ...(stats.mode & groupWrite ? ['its group'] : []),
    ...(stats.mode & otherWrite ? ['everybody'] : []),
  ];
  if (writers.length === 0) return [];
  return [lintFinding('file-writable', { file, line: 1 }, path, { detail: writers.join(' and ') })];
}

/**
 * A list file that only a default names may be absent; then a file with nearly the same name is likely misnamed. Without a
 * deny list nobody is refused, and nothing else says so.
 */
function lintNames({ config }: HarakaFolder, lists: readonly NamedFile[], denyList: string): LintFinding[] {
  const known = new Set(lists.map(({ file }) => file));
  const strangers = readdirSync(config).filter((name) => !known.has(name) && !name.endsWith('.ini'));
  return lists.flatMap(({ file, path }) => {
    if (statSync(path, { throwIfNoEntry: false })) return [];
    const like = nearest(file, strangers);
    if (like) return [lintFinding('list-misnamed', { file, line: 1 }, file, { detail: like })];
    return file === denyList ? [lintFinding('deny-list-absent', { file, line: 1 }, file)] : [];
  });
}
