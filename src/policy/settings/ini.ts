/** Ini text in Haraka's dialect, with the line of everything: sections, `key=value`, comments from `;` or `#` at the line's start. */

import { longestEntry, type Problem } from '../entries/entry';
import { badCharacterOf, placeOfHidingCharacter } from '../findings/characters';

export interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** The line without blanks around it. */
  readonly written: string;
}

export interface Ini {
  readonly entries: readonly IniEntry[];
  readonly sections: readonly { readonly name: string; readonly line: number; readonly written: string }[];
  /** Lines that are neither, or that nobody can be sure to read as they are. */
  readonly bad: readonly IniProblem[];
}

export interface IniProblem extends Problem {
  readonly line: number;
  readonly written: string;
}

/** Keys before the first section belong to `[main]`. Never throws. */
export function parseIni(text: string): Ini {
  const entries: IniEntry[] = [];
  const sections: { name: string; line: number; written: string }[] = [];
  const bad: IniProblem[] = [];
  let section = 'main';
  const lines = text.replace(/^\ufeff/, '').split('\n');
  lines.forEach((rawLine, index) => {
    const raw = index < lines.length - 1 ? rawLine.replace(/\r$/, '') : rawLine;
    const written = raw.trim();
    const line = index + 1;
    // In a comment too: another program may see a section or a setting there.
    const hiding = placeOfHidingCharacter(raw, 0);
    if (hiding < raw.length) {
      bad.push({ line, written, problem: 'bad-characters', detail: badCharacterOf(raw.slice(hiding)) as string });
      return;
    }
    if (written === '' || written.startsWith(';') || written.startsWith('#')) return;
    if (written.length > longestEntry) {
      bad.push({ line, written, problem: 'ini-syntax', detail: `at most ${longestEntry} characters` });
      return;
    }
    const header = /^\[([^\]]*)\]$/.exec(written);
    if (header) {
      section = (header[1] as string).trim();
      sections.push({ name: section, line, written });
      return;
    }
    const pair = /^([A-Za-z0-9_.-]+)\s*=\s*(.*)$/.exec(written);
    if (!pair) bad.push({ line, written, problem: 'ini-syntax' });
    else {
      const column = raw.length - raw.trimStart().length + 1;
      entries.push({ section, key: pair[1] as string, value: pair[2] as string, line, column, written });
    }
  });
  return { entries, sections, bad };
}

/** As Haraka's own reader takes a boolean. */
export function isTrue(value: string): boolean {
  return /^(?:true|yes|ok|enabled|on|1)$/i.test(value);
}
