/**
 * The plain forms that nearly every line of a large list has, read without regular expressions and pieces of text:
 * networks as `plain-network.ts` reads them, and domains in lower-case ASCII. Anything else, sound or not, is left to
 * `parseEntry`, which says the same of all that is read here.
 */
import { isPublicSuffix } from './domain-name';
import type { DomainEntry, NetworkEntry } from './entry';
import { PlainNetwork } from './plain-network';

const network = new PlainNetwork();

/** The entry, or `undefined` where the text is in no plain form. */
export function parsePlainEntry(text: string): NetworkEntry | DomainEntry | undefined {
  if (network.read(text)) {
    const { family, w0, w1, w2, w3, length, excluded } = network;
    return { kind: 'network', address: { family, w0, w1, w2, w3 }, length, excluded };
  }
  const excluded = text.startsWith('!');
  const name = excluded ? text.slice(1) : text;
  return isPlainDomain(name) ? { kind: 'domain', name, exact: false, excluded } : undefined;
}

/** Whether what stands from `from` to `to` is a domain entry as it stands. */
export function isPlainDomain(text: string, from = 0, to = text.length): boolean {
  return isPlainName(text, from, to) && !isPublicSuffix(text.slice(from, to));
}

const hyphen = 0x2d;
const dot = 0x2e;
const zero = 0x30;

/** ASCII characters of a plain name, its dots included. */
const inNames = new Uint8Array(128);
for (const character of '0123456789abcdefghijklmnopqrstuvwxyz-_.') inNames[character.charCodeAt(0)] = 1;

/** Whether `parseDomainName` would give the text back as it stands. */
function isPlainName(text: string, from: number, to: number): boolean {
  if (to - from > 253) return false;
  let start = from;
  let digitsOnly = true;
  for (let i = from; i <= to; i++) {
    const code = i < to ? text.charCodeAt(i) : dot;
    if (inNames[code] !== 1) return false;
    if (code === dot) {
      const length = i - start;
      if (length < 1 || length > 63) return false;
      if (text.charCodeAt(start) === hyphen || text.charCodeAt(i - 1) === hyphen) return false;
      if (i === to) return !digitsOnly;
      start = i + 1;
      digitsOnly = true;
    } else if (code < zero || code > zero + 9) {
      digitsOnly = false;
    }
  }
  return false;
}
