/** Lint of the files themselves: who may write them, and which are not there. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../core';
import { pathOf, settingsFile, slots } from '../../runtime/slots';
import type { HarakaFolder } from '../haraka-folder';
import { type LintFinding, lintFinding } from './finding';

const groupWrite = 0o020;
const otherWrite = 0o002;

export function lintFiles(folder: HarakaFolder, settings: Settings): LintFinding[] {
  const files = slots
    .map((slot) => slot.fileIn(settings))
    .filter((file) => file !== '')
    .map((file) => ({ file, path: pathOf(folder.config, file) }));
  const all = [{ file: settingsFile, path: join(folder.config, settingsFile) }, ...files];
  return [...all.flatMap(lintMode), ...lintMode({ file: '.', path: folder.config }), ...files.flatMap(lintPresence)];
}

function lintMode({ file, path }: { file: string; path: string }): LintFinding[] {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  const writers = [...(mode & groupWrite ? ['its group'] : []), ...(mode & otherWrite ? ['everybody'] : [])];
  if (writers.length === 0) return [];
  return [
    lintFinding('file-writable', { file, line: 1 }, file === '.' ? path : file, { detail: writers.join(' and ') }),
  ];
}

function lintPresence({ file, path }: { file: string; path: string }): LintFinding[] {
  return statSync(path, { throwIfNoEntry: false }) ? [] : [lintFinding('list-absent', { file, line: 1 }, file)];
}
