/** Questions about the characters of a text that somebody else wrote. */

export function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

// Not the line feed, which ends a line for all, nor the carriage return of a CRLF.
const hidingCharacter = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069](?<!\r(?=\n))/g;

/**
 * Where the first character from `from` on stands that can hide text from whoever reads a file, or the length of the text:
 * what ends a line for some editors and not for us (a lone carriage return, VT, FF, NEL, LS, PS), and what acts on a
 * terminal (other controls than tab, changes of direction).
 */
export function placeOfHidingCharacter(text: string, from: number): number {
  hidingCharacter.lastIndex = from;
  return hidingCharacter.exec(text)?.index ?? text.length;
}

// No entry can hold these: what hides text, blanks other than space and tab (a full-width space looks like one), what is
// left of bytes that are not UTF-8.
const badCharacter =
  /[\x00-\x08\x0a-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u2066-\u2069\u3000\ufeff\ufffd]/;

/** The first character that no entry can hold, as `U+000D`. */
export function badCharacterOf(text: string): string | undefined {
  const character = badCharacter.exec(text)?.[0];
  return character && `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The text, or the beginning of one that is too long for a report. */
export function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117).replace(/[\ud800-\udbff]$/, '')}...` : text;
}

/**
 * What a terminal, a log or the reader's eye obeys instead of showing it: C0 controls, DEL, C1 controls, the line and
 * paragraph separators, and what changes the direction of the text.
 */
const obeyed = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The text for output, on one line: nothing in it is obeyed by a terminal, a log or the reader's eye. Such a character
 * stands there as JSON escapes it (`\n`, `\u001b`), so JSON stays JSON and means the same; all else stays as it is.
 */
export function printable(text: string): string {
  return text.replace(obeyed, escaped);
}

/** The same for a message to people, in which a tab stays: it moves the cursor, and what follows can still be seen. */
export function printableMessage(text: string): string {
  return text.split('\t').map(printable).join('\t');
}

/** The same for a text of several lines. For lines that we made: a line end in somebody else's text must not stay one. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const letter = code === 0x09 ? 't' : code === 0x0a ? 'n' : code === 0x0d ? 'r' : undefined;
  return letter ? `\\${letter}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
