/**
 * The plain forms that nearly every line of a large list has, read without regular expressions and pieces of text:
 * networks as `plain-network.ts` reads them, and domains in lower-case ASCII. Anything else, sound or not, is left to
 * `parseEntry`, which says the same of all that is read here.
 */

import { isPublicSuffix } from '../entries/domain-name';
import type { DomainEntry, NetworkEntry } from '../entries/entry';
import type { Line } from '../entries/lines';
import { codesOfWord } from './codes';
import { PlainNetwork } from './plain-network';

const network = new PlainNetwork();

/** The entry, or `undefined` where the text is in no plain form. */
export function parsePlainEntry(text: string): NetworkEntry | DomainEntry | undefined {
  const codes = codesOfWord(text);
  const end = text.length;
  if (network.read(codes, 0, end)) {
    const { family, w0, w1, w2, w3, length, excluded } = network;
    return { kind: 'network', address: { family, w0, w1, w2, w3 }, length, excluded };
  }
  const excluded = text.startsWith('!');
  const start = excluded ? 1 : 0;
  if (!isPlainName(codes, start, end)) return undefined;
  const name = text.slice(start);
  return isPublicSuffix(name) ? undefined : { kind: 'domain', name, exact: false, excluded };
}

/** Whether the line is a domain entry as it stands. */
export function isPlainDomain({ whole, codes, from, to }: Line): boolean {
  return isPlainName(codes, from, to) && !isPublicSuffix(whole.slice(from, to));
}

const hyphen = 0x2d;
const dot = 0x2e;
const zero = 0x30;

/** What a character can be in a plain name. */
const kinds = { none: 0, inLabel: 1, dot: 2 } as const;
const kindOf = new Uint8Array(256);
for (const character of '0123456789abcdefghijklmnopqrstuvwxyz-_') kindOf[character.charCodeAt(0)] = kinds.inLabel;
kindOf[dot] = kinds.dot;

/** Whether `parseDomainName` would give the text back as it stands. */
function isPlainName(codes: Uint8Array, from: number, to: number): boolean {
  if (to - from > 253) return false;
  let start = from;
  for (let i = from; i < to; i++) {
    const kind = kindOf[codes[i] as number];
    if (kind === kinds.inLabel) continue;
    if (kind === kinds.none || !isLabel(codes, start, i)) return false;
    start = i + 1;
  }
  return isLabel(codes, start, to) && !isNumber(codes, start, to);
}

/** Of what is made of the characters of labels. */
function isLabel(codes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  return length >= 1 && length <= 63 && codes[from] !== hyphen && codes[to - 1] !== hyphen;
}

function isNumber(codes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const digit = (codes[i] as number) - zero;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}
