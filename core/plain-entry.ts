/**
 * The plain forms that nearly every line of a large list has, read without regular expressions and pieces of text: IPv4
 * octet prefixes, addresses and CIDR; IPv6 addresses and CIDR; domains in lower-case ASCII. Anything else, sound or not,
 * is left to `parseEntry`, which says the same of all that is read here.
 */
import { isPublicSuffix } from './domain-name';
import type { DomainEntry, NetworkEntry } from './entry';
import { type IpAddress, ipv4, maskAddress, parseIpv6, sameAddress, widthOf } from './ip-address';

/** The entry, or `undefined` where the text is in no plain form. */
export function parsePlainEntry(text: string): NetworkEntry | DomainEntry | undefined {
  const excluded = text.charCodeAt(0) === bang;
  const body = excluded ? text.slice(1) : text;
  const forms = formsOf(body);
  if ((forms & form.ipv4) !== 0) return plainNetwork(body, excluded, parseOctets);
  if ((forms & form.domain) !== 0) return plainDomain(body, excluded);
  if ((forms & form.ipv6) !== 0) return plainNetwork(body, excluded, parseIpv6Address);
  return undefined;
}

const bang = 0x21;
const hyphen = 0x2d;
const dot = 0x2e;
const zero = 0x30;

const form = { ipv4: 1, ipv6: 2, domain: 4 } as const;

/** For each ASCII character the forms in which it may stand. */
const formsOfCharacter = new Uint8Array(128);
for (const [bit, characters] of [
  [form.ipv4, '0123456789./'],
  [form.ipv6, '0123456789abcdefABCDEF:/'],
  [form.domain, '0123456789abcdefghijklmnopqrstuvwxyz-_.'],
] as const) {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    formsOfCharacter[code] = (formsOfCharacter[code] as number) | bit;
  }
}

function formsOf(text: string): number {
  let forms: number = form.ipv4 | form.ipv6 | form.domain;
  for (let i = 0; i < text.length; i++) forms &= formsOfCharacter[text.charCodeAt(i)] ?? 0;
  return text === '' ? 0 : forms;
}

interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}

function plainNetwork(
  text: string,
  excluded: boolean,
  parse: (text: string) => Prefix | undefined,
): NetworkEntry | undefined {
  const slash = text.indexOf('/');
  const whole = parse(slash < 0 ? text : text.slice(0, slash));
  if (!whole) return undefined;
  const { address } = whole;
  if (slash < 0) return { kind: 'network', address, length: whole.length, excluded };
  const width = widthOf(address.family);
  const length = parseLength(text, slash + 1);
  if (whole.length < width || length < 1 || length > width) return undefined;
  if (!sameAddress(maskAddress(address, length), address)) return undefined;
  return { kind: 'network', address, length, excluded };
}

/** One to four octets, no leading zeros. */
function parseOctets(text: string): Prefix | undefined {
  let value = 0;
  let count = 0;
  let octet = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : dot;
    if (code === dot) {
      if (octet < 0 || count === 4) return undefined;
      value = value * 256 + octet;
      count++;
      octet = -1;
    } else {
      if (octet === 0) return undefined;
      octet = octet < 0 ? code - zero : octet * 10 + code - zero;
      if (octet > 255) return undefined;
    }
  }
  return { address: ipv4(value * 256 ** (4 - count)), length: count * 8 };
}

/** An IPv4-mapped address is left to `parseEntry`: its prefix lengths count otherwise. */
function parseIpv6Address(text: string): Prefix | undefined {
  const address = parseIpv6(text);
  return address?.family === 6 ? { address, length: 128 } : undefined;
}

/** The decimal number from `start` on, or 0 where there is none without leading zeros. */
function parseLength(text: string, start: number): number {
  if (text.length > start + 3) return 0;
  let value = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - zero;
    if (digit < 0 || digit > 9 || (digit === 0 && value === 0)) return 0;
    value = value * 10 + digit;
  }
  return value;
}

function plainDomain(text: string, excluded: boolean): DomainEntry | undefined {
  if (!isPlainName(text) || isPublicSuffix(text)) return undefined;
  return { kind: 'domain', name: text, exact: false, excluded };
}

/** Whether `parseDomainName` would give the text back as it stands. */
function isPlainName(text: string): boolean {
  if (text.length > 253) return false;
  let start = 0;
  let digitsOnly = true;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : dot;
    if (code === dot) {
      const length = i - start;
      if (length < 1 || length > 63) return false;
      if (text.charCodeAt(start) === hyphen || text.charCodeAt(i - 1) === hyphen) return false;
      if (i === text.length) return !digitsOnly;
      start = i + 1;
      digitsOnly = true;
    } else if (code < zero || code > zero + 9) {
      digitsOnly = false;
    }
  }
  return false;
}
