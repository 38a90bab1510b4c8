/** Reads list text line by line: what is an entry, what is a comment, where each stands. */
import { badCharacterOf, placeOfHidingCharacter } from '../findings/characters';
import { codesOf } from '../tables/codes';
import { longestEntry, type Problem, tooLong } from './entry';

/** A line with an entry on it. The next line is the same object: what is to be kept of it is copied. */
export class Line {
  /** Counts from 1. */
  number = 1;
  /** Where the entry part is in `whole`: no comment, no blanks around it; never empty. */
  from = 0;
  to: number;
  private start = 0;
  private commentAt: number;
  private hashAt: number;
  private end: number;

  /** `codes` are those of `whole`, of which the line is a part. */
  constructor(
    readonly whole: string,
    readonly codes: Uint8Array,
  ) {
    this.to = whole.length;
    this.commentAt = this.to;
    this.hashAt = this.to;
    this.end = this.to;
  }

  /** A line that is a text of its own. */
  static of(text: string): Line {
    return new Line(text, codesOf(text));
  }

  get text(): string {
    return this.whole.slice(this.from, this.to);
  }

  /** Where the entry part starts in the line, from 1. */
  get column(): number {
    return this.from - this.start + 1;
  }

  /** The comment of the line with its `#` or `;`, or nothing. */
  get comment(): string {
    return this.whole.slice(this.commentAt, this.end);
  }

  /** Whether the comment starts right behind the entry, with no blank between. */
  get glued(): boolean {
    return this.to === this.commentAt && this.commentAt < this.end;
  }

  /** Whether a `;` starts the comment. */
  get hasSemicolonComment(): boolean {
    return this.commentAt < this.hashAt;
  }

  /**
   * To the text from `start` to `end`, of which the comment starts at `commentAt`, and at `hashAt` where only a `#` can start
   * one; whether there is an entry in it.
   */
  moveTo(start: number, commentAt: number, hashAt: number, end: number): boolean {
    const { codes } = this;
    let first = start;
    while (first < commentAt && isBlank(codes[first] as number)) first++;
    this.from = first;
    this.start = start;
    this.hashAt = hashAt;
    this.end = end;
    return this.endEntryBefore(commentAt);
  }

  /** Makes what a `;` has cut off a part of the entry again, up to a `#`. */
  takeSemicolon(): void {
    this.endEntryBefore(this.hashAt);
  }

  private endEntryBefore(commentAt: number): boolean {
    const { codes, from } = this;
    let last = commentAt;
    while (last > from && isBlank(codes[last - 1] as number)) last--;
    this.to = last;
    this.commentAt = commentAt;
    return from < last;
  }
}

/**
 * Calls back for each line that holds more than blanks and a comment. `#` starts a comment wherever it stands; `;` at the
 * start of the line and after a blank, so that feeds such as Spamhaus DROP are read as they are published. BOM, CRLF and a missing last newline are fine. A line with a character that can hide text has no comment: all of it is the
 * entry, which no parser lets pass. `octets`: the text in UTF-8, where that is there already.
 */
export function forEachLine(text: string, visit: (line: Line) => void, octets?: Uint8Array): void {
  const line = new Line(text, codesOf(text, octets));
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let nextHash = -1;
  let nextSemicolon = -1;
  let nextHiding = -1;
  for (line.number = 1; start < text.length; line.number++) {
    const end = placeOf('\n', text, start);
    // Not from every line: without one in it the whole rest of the text is read.
    if (nextHash < start) nextHash = placeOf('#', text, start);
    if (nextSemicolon < start) nextSemicolon = placeOfCommentSemicolon(text, line.codes, start);
    if (nextHiding < start) nextHiding = placeOfHidingCharacter(text, start);
    const contentEnd = endsInReturn(line.codes, start, end) ? end - 1 : end;
    const hashAt = Math.min(nextHash, contentEnd);
    const commentAt = nextHiding < end ? contentEnd : Math.min(nextSemicolon, hashAt);
    if (line.moveTo(start, commentAt, hashAt, contentEnd)) visit(line);
    start = end + 1;
  }
}

/** What is wrong with a line of any list, before it is known what is on it. */
export function faultOfLine(line: Line): Problem | undefined {
  const bad = badCharacterOf(line.text);
  if (bad) return { problem: 'bad-characters', detail: bad };
  return line.to - line.from > longestEntry ? tooLong : undefined;
}

function placeOf(character: string, text: string, from: number): number {
  const place = text.indexOf(character, from);
  return place < 0 ? text.length : place;
}

/** Where the first `;` stands that starts a comment, in this line (which starts at `start`) or a later one. */
function placeOfCommentSemicolon(text: string, codes: Uint8Array, start: number): number {
  let place = placeOf(';', text, start);
  while (place > start && place < text.length && !isBlankOrLineFeed(codes[place - 1] as number)) {
    place = placeOf(';', text, place + 1);
  }
  return place;
}

function isBlankOrLineFeed(code: number): boolean {
  return isBlank(code) || code === 0x0a;
}

function endsInReturn(codes: Uint8Array, start: number, end: number): boolean {
  return end > start && end < codes.length && codes[end - 1] === 0x0d;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
