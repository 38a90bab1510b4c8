/** What rendered files have in common. */
import { printable } from '../../../policy/findings/characters';
import type { SourceLine } from '../../../policy/findings/finding';

/** A file of Haraka's config folder. */
export interface RenderedFile {
  readonly name: string;
  readonly text: string;
  /** How many entries or settings it holds; a file of none only says what it is for. */
  readonly count: number;
}

export function formatOrigin({ file: name, line }: SourceLine): string {
  return printable(`${name}:${line}`);
}

/** Comments keep their text, tabs included; what else a terminal would obey is escaped. */
export function clean(text: string): string {
  return text.split('\t').map(printable).join('\t');
}
