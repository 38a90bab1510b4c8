/** Questions about the characters of a text that somebody else wrote. */

export function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
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

/** The same for a text of several lines. For lines that we made: a line end in somebody else's text must not stay one. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const letter = code === 0x09 ? 't' : code === 0x0a ? 'n' : code === 0x0d ? 'r' : undefined;
  return letter ? `\\${letter}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
