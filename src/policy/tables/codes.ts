/**
 * Texts as the codes of their characters. Large lists are read from these: what `charCodeAt` finds out about a text at
 * every character takes longer than all that is done with it.
 */
import { memoryFor } from './large-memory';

/** Stands, as every number from 0x80 on does, for a character that is not ASCII. */
const other = 0xff;

/**
 * One byte a character, so that each stands where it stands in the text. `octets` is the text in UTF-8, where that is there
 * already: what has as many octets as characters has no others than ASCII, or ones that were no UTF-8 and stay beyond it.
 */
export function codesOf(text: string, octets?: Uint8Array): Uint8Array {
  if (octets?.length === text.length) return octets;
  const codes = Buffer.from(memoryFor(text.length), 0, text.length);
  // Beyond ASCII a character has more than one octet in UTF-8.
  if (Buffer.byteLength(text) === text.length) codes.write(text);
  else writeCodes(text, codes);
  return codes;
}

const short = new Uint8Array(256);

/** The same for a single word, into an array that the next call uses again. */
export function codesOfWord(text: string): Uint8Array {
  if (text.length > short.length) return codesOf(text);
  writeCodes(text, short);
  return short;
}

function writeCodes(text: string, into: Uint8Array): void {
  for (let i = 0; i < text.length; i++) into[i] = Math.min(text.charCodeAt(i), other);
}
