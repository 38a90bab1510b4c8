/** The entries of the lists in force by their lines, as they were written: for those who ask what has decided. */
import { describeAttributes } from '../policy/attributes/attributes';
import { isProblem } from '../policy/entries/entry';
import { forEachLine, type Line } from '../policy/entries/lines';
import { parseListLine } from '../policy/entries/list';
import { parseMapLine } from '../policy/entries/map-line';
import { shortened } from '../policy/findings/characters';
import type { SourceLine } from '../policy/findings/finding';
import type { ListId } from './list-settings';
import type { Version } from './list-state';
import type { ListContent } from './parsing/parse-bytes';

export interface WrittenEntry {
  /** The line without blanks around it, its comment with it. Absent where the list is too large for its text to be kept. */
  readonly text?: string | undefined;
  /** The comment behind the entry, without its sign. */
  readonly comment?: string | undefined;
  /** Its attributes in words, with the exact instant of its end; and `verify`. */
  readonly attributes?: string | undefined;
  /** When it ends, in milliseconds since 1970. */
  readonly until?: number | undefined;
}

/** Of a line that is longer, the rest is left out: it is shown, and not read again. */
const longestText = 400;

/** An entry of one version of a list. */
export interface ListedEntry extends WrittenEntry {
  readonly list: string;
  readonly file: string;
  readonly line: number;
  /** The version that the line is of. */
  readonly hash: string;
}

/** A version of a list. */
export interface WrittenList extends Pick<ListedEntry, 'list' | 'file' | 'hash'> {
  /** The lines whose entry can decide. Absent where the list is too large for its text to be kept. */
  readonly lines: readonly Pick<ListedEntry, 'line' | 'text'>[] | undefined;
}

export class WrittenEntries {
  private readonly lists = new Map<string, { readonly list: ListId; readonly hash: string; readonly lines: Lines }>();

  constructor(versions: Readonly<Record<ListId, Version<ListContent>>>) {
    for (const [list, { file, hash, value }] of Object.entries(versions) as [ListId, Version<ListContent>][]) {
      // Decisions name the file alone; of a file that two settings name, it is the first.
      if (file !== '' && !this.lists.has(file)) this.lists.set(file, { list, hash, lines: linesOf(list, value) });
    }
  }

  at({ file, line }: SourceLine): ListedEntry | undefined {
    const found = this.lists.get(file);
    return found && { list: found.list, file, line, hash: found.hash, ...found.lines.at(line) };
  }

  /** A list by its setting, unless another setting names the same file. */
  of(list: ListId): WrittenList | undefined {
    for (const [file, { list: known, hash, lines }] of this.lists) {
      if (known === list) return { list, file, hash, lines: lines.deciding() };
    }
    return undefined;
  }
}

/** The lines of one content; the text is divided when the first of them is asked for. */
class Lines {
  private lines: readonly string[] | undefined;
  private entries: readonly Pick<ListedEntry, 'line' | 'text'>[] | undefined;
  private readonly written = new Map<number, WrittenEntry>();

  constructor(
    private readonly list: ListId,
    private readonly content: ListContent,
  ) {}

  at(line: number): WrittenEntry | undefined {
    const known = this.written.get(line);
    if (known) return known;
    const text = this.textOf(line);
    if (text === undefined) return undefined;
    const written = { text: text.slice(0, longestText), ...partsOf(this.list, text) };
    this.written.set(line, written);
    return written;
  }

  /** OK and SKIP of `relay.map` end the search, and something else decides. */
  deciding(): readonly Pick<ListedEntry, 'line' | 'text'>[] | undefined {
    const { text } = this.content;
    if (this.entries || text === undefined) return this.entries;
    const entries: Pick<ListedEntry, 'line' | 'text'>[] = [];
    forEachLine(text, (line) => {
      if (this.list === 'relay_map' && /^\S+[ \t]+(?:OK|SKIP)(?:[ \t]|$)/i.test(line.text)) return;
      entries.push({ line: line.number, text: this.textOf(line.number)?.slice(0, longestText) });
    });
    this.entries = entries;
    return entries;
  }

  private textOf(line: number): string | undefined {
    this.lines ??= this.content.text?.replace(/^\ufeff/, '').split('\n');
    return this.lines?.[line - 1]?.trim();
  }
}

const known = new WeakMap<ListContent, Lines>();

/** Kept as long as the content is, through any number of policies. */
function linesOf(list: ListId, content: ListContent): Lines {
  const lines = known.get(content) ?? new Lines(list, content);
  known.set(content, lines);
  return lines;
}

function partsOf(list: ListId, text: string): Pick<WrittenEntry, 'comment' | 'attributes' | 'until'> {
  let parts = {};
  forEachLine(text, (line) => {
    const { words, until } = attributesOf(list, line);
    const comment = line.comment.slice(1).trim();
    parts = {
      ...(comment !== '' && { comment: shortened(comment) }),
      ...(words !== '' && { attributes: words }),
      ...(until !== undefined && { until }),
    };
  });
  return parts;
}

function attributesOf(list: ListId, line: Line): { readonly words: string; readonly until?: number | undefined } {
  if (list === 'host_list' || list === 'host_list_regex') return { words: '' };
  const read = list === 'relay_map' ? parseMapLine(line) : parseListLine(list, line);
  if (isProblem(read)) return { words: '' };
  const { attributes = {} } = read;
  const words = ['verify' in read && read.verify ? 'verify' : '', describeAttributes(attributes)];
  return { words: words.filter((word) => word !== '').join(' '), until: attributes.until };
}
