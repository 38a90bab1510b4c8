/** Reads list text line by line: what is an entry, what is a comment, where each stands. */
import { codesOf } from './codes';

export class Line {
  /** `whole` has the entry part from `from` to `to`: no comment, no blanks around it; never empty. `codes` are those of `whole`. */
  constructor(
    readonly whole: string,
    readonly codes: Uint8Array,
    readonly from: number,
    readonly to: number,
    /** Counts from 1. */
    readonly number = 1,
    /** Where the entry part starts in the line, from 1. */
    readonly column = 1,
    /** The comment of the line with its `#`, or nothing. */
    readonly comment = '',
    /** Whether the comment starts right behind the entry, with no blank between. */
    readonly glued = false,
  ) {}

  /** A line that is a text of its own. */
  static of(text: string): Line {
    return new Line(text, codesOf(text), 0, text.length);
  }

  get text(): string {
    return this.whole.slice(this.from, this.to);
  }
}

/**
 * Calls back for each line that holds more than blanks and a comment. `#` starts a comment wherever it stands. BOM,
 * CRLF and a missing last newline are fine. `octets`: the text in UTF-8, where that is there already.
 */
export function forEachLine(text: string, visit: (line: Line) => void, octets?: Uint8Array): void {
  const codes = codesOf(text, octets);
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let number = 0;
  let nextHash = -1;
  while (start < text.length) {
    number++;
    const end = placeOf('\n', text, start);
    // Not from every line: without a # in it the whole rest of the text is read.
    if (nextHash < start) nextHash = placeOf('#', text, start);
    const commentAt = Math.min(nextHash, end);
    let first = start;
    let last = commentAt;
    while (first < last && isBlank(codes[first] as number)) first++;
    while (last > first && isBlank(codes[last - 1] as number)) last--;
    if (first < last) {
      const comment = text.slice(commentAt, end);
      const glued = last === commentAt && comment !== '';
      visit(new Line(text, codes, first, last, number, first - start + 1, comment, glued));
    }
    start = end + 1;
  }
}

function placeOf(character: string, text: string, from: number): number {
  const place = text.indexOf(character, from);
  return place < 0 ? text.length : place;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

/**
 * Characters no entry can hold: controls, blanks other than space and tab (a full-width space looks like one), what
 * is left of bytes that are not UTF-8.
 */
export function hasBadCharacter(text: string): boolean {
  return /[\x00-\x08\x0a-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff\ufffd]/.test(text);
}
