/** Ini text in Haraka's dialect, with the line of everything: sections, `key=value`, comments from `;` or `#` at the line's start. */

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
  /** Lines that are neither. */
  readonly bad: readonly { readonly line: number; readonly written: string }[];
}

/** Keys before the first section belong to `[main]`. Never throws. */
export function parseIni(text: string): Ini {
  const entries: IniEntry[] = [];
  const sections: { name: string; line: number; written: string }[] = [];
  const bad: { line: number; written: string }[] = [];
  let section = 'main';
  const lines = text.replace(/^\ufeff/, '').split('\n');
  lines.forEach((raw, index) => {
    const written = raw.trim();
    const line = index + 1;
    if (written === '' || written.startsWith(';') || written.startsWith('#')) return;
    const header = /^\[\s*([^\]]*?)\s*\]$/.exec(written);
    if (header) {
      section = header[1] as string;
      sections.push({ name: section, line, written });
      return;
    }
    const pair = /^([A-Za-z0-9_.-]+)\s*=\s*(.*)$/.exec(written);
    if (!pair) bad.push({ line, written });
    else {
      const column = raw.length - raw.trimStart().length + 1;
      entries.push({ section, key: pair[1] as string, value: pair[2] as string, line, column, written });
    }
  });
  return { entries, sections, bad };
}
