/** Questions about the characters of a text that somebody else wrote. */

export function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

/**
 * The text made safe for a terminal and a log line: what acts on one (controls, line separators, changes of direction)
 * becomes U+FFFD.
 */
export function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
