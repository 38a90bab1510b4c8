/** Reads list text line by line: what is an entry, what is a comment, where each stands. */

export class Line {
  /** `whole` has the entry part from `from` to `to`: no comment, no blanks around it; never empty. */
  constructor(
    readonly whole: string,
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

  get text(): string {
    return this.whole.slice(this.from, this.to);
  }
}

/**
 * Calls back for each line that holds more than blanks and a comment. `#` starts a comment wherever it stands. BOM,
 * CRLF and a missing last newline are fine.
 */
export function forEachLine(text: string, visit: (line: Line) => void): void {
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let number = 0;
  while (start < text.length) {
    number++;
    // Not indexOf: without a # it would read on to the end of the text, from every line.
    let commentAt = start;
    while (commentAt < text.length && !endsEntry(text.charCodeAt(commentAt))) commentAt++;
    const end = text.charCodeAt(commentAt) === hash ? endOfLine(text, commentAt) : commentAt;
    let first = start;
    let last = commentAt;
    while (first < last && isBlank(text.charCodeAt(first))) first++;
    while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
    if (first < last) {
      const comment = text.slice(commentAt, end);
      visit(new Line(text, first, last, number, first - start + 1, comment, last === commentAt && comment !== ''));
    }
    start = end + 1;
  }
}

const hash = 0x23;
const newline = 0x0a;

function endsEntry(code: number): boolean {
  return code === newline || code === hash;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
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
