/**
 * IP addresses as numbers. Text becomes an `IpAddress` once, at the door; everything behind it compares words.
 * An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is its IPv4 address, decided by its bits and not by its notation.
 */
import ipaddr from 'ipaddr.js';
import { codesOfWord } from '../tables/codes';

/** IPv4 fills `w0` alone; IPv6 fills all four, most significant first. Each word is an unsigned 32-bit integer. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

/** An address that is read into again and again: a list of a million makes no object for each. */
export type Scratch = { -readonly [K in keyof IpAddress]: IpAddress[K] };

/** Bits of an address: 32 or 128. */
export function widthOf(family: IpAddress['family']): 32 | 128 {
  return family === 4 ? 32 : 128;
}

export function ipv4(value: number): IpAddress {
  return { family: 4, w0: value >>> 0, w1: 0, w2: 0, w3: 0 };
}

/** A client's address as the host writes it, or `undefined` where the text is no address. A zone (`%eth0`) is dropped. */
export function parseAddress(text: string): IpAddress | undefined {
  const octets = parseDottedQuad(codesOfWord(text), 0, text.length);
  if (octets !== undefined) return ipv4(octets);
  if (!text.includes(':')) return undefined;
  const zone = text.indexOf('%');
  return parseIpv6(zone < 0 ? text : text.slice(0, zone));
}

/** Strict dotted decimal: four octets, no leading zero, nothing else. */
function parseDottedQuad(codes: Uint8Array, from: number, to: number): number | undefined {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = from; i < to; i++) {
    const c = codes[i] as number;
    if (c === dot) {
      if (octet < 0 || ++dots > 3) return undefined;
      value = value * 256 + octet;
      octet = -1;
    } else if (c >= 0x30 && c <= 0x39) {
      if (octet === 0) return undefined;
      octet = octet < 0 ? c - 0x30 : octet * 10 + c - 0x30;
      if (octet > 255) return undefined;
    } else {
      return undefined;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : undefined;
}

/**
 * An IPv6 address without zone (RFC 4291 §2.2): groups of one to four digits, one `::` for one or more groups of zero,
 * a strict dotted quad for the last two. An IPv4-mapped address comes back as IPv4.
 */
export function parseIpv6(text: string): IpAddress | undefined {
  const address: IpAddress = { family: 6, w0: 0, w1: 0, w2: 0, w3: 0 };
  return readIpv6(codesOfWord(text), 0, text.length, address) ? address : undefined;
}

/** The eight groups of the address being read. */
const groups = new Uint16Array(8);

/**
 * As `parseIpv6` does, reads a part of a text, of which it is given the codes, into an object that is there already. `false`
 * where it is no address.
 */
export function readIpv6(codes: Uint8Array, from: number, to: number, into: Scratch): boolean {
  let count = 0;
  let gap = -1;
  let i = from;
  if (to - from > 1 && codes[from] === colon && codes[from + 1] === colon) {
    gap = 0;
    i = from + 2;
  }
  while (i < to) {
    if (count === 8) return false;
    const start = i;
    let value = 0;
    let digit = hexDigit(codes[i] as number);
    while (digit >= 0) {
      if (i - start === 4) return false;
      value = value * 16 + digit;
      digit = ++i < to ? hexDigit(codes[i] as number) : -1;
    }
    if (i === start) return false;
    if (i < to && codes[i] === dot) {
      const octets = count > 6 ? undefined : parseDottedQuad(codes, start, to);
      if (octets === undefined) return false;
      groups[count++] = octets >>> 16;
      groups[count++] = octets & 0xffff;
      break;
    }
    groups[count++] = value;
    if (i === to) break;
    if (codes[i++] !== colon || i === to) return false;
    if (codes[i] === colon) {
      if (gap >= 0) return false;
      gap = count;
      i++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  if (gap >= 0) {
    for (let left = 7; left >= gap; left--) groups[left] = count > gap ? (groups[--count] as number) : 0;
  }
  const w0 = word(0);
  const w1 = word(2);
  const w2 = word(4);
  const isMapped = w0 === 0 && w1 === 0 && w2 === 0xffff;
  into.family = isMapped ? 4 : 6;
  into.w0 = isMapped ? word(6) : w0;
  into.w1 = w1;
  into.w2 = isMapped ? 0 : w2;
  into.w3 = isMapped ? 0 : word(6);
  return true;
}

function word(group: number): number {
  return (((groups[group] as number) << 16) | (groups[group + 1] as number)) >>> 0;
}

const dot = 0x2e;
const colon = 0x3a;

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The text form of RFC 5952 (IPv6) or dotted decimal. */
export function formatAddress(a: IpAddress): string {
  if (a.family === 4) return [a.w0 >>> 24, (a.w0 >>> 16) & 255, (a.w0 >>> 8) & 255, a.w0 & 255].join('.');
  const parts = [a.w0, a.w1, a.w2, a.w3].flatMap((w) => [w >>> 16, w & 0xffff]);
  return new ipaddr.IPv6(parts).toString();
}

/** Whether the address is this host, whichever interfaces it has: 127.0.0.0/8 and 0.0.0.0. */
export function isThisHostEverywhere({ family, w0 }: IpAddress): boolean {
  return family === 4 && (w0 >>> 24 === 127 || w0 === 0);
}

/** `192.0.2.7` for a whole address, `2001:db8::/32`. */
export function formatNetwork({ address, length }: { readonly address: IpAddress; readonly length: number }): string {
  const text = formatAddress(address);
  return length === widthOf(address.family) ? text : `${text}/${length}`;
}

/** The address with every bit behind the first `length` cleared. */
export function maskAddress(a: IpAddress, length: number): IpAddress {
  if (a.family === 4) return ipv4(a.w0 & wordMask(length));
  return {
    family: 6,
    w0: (a.w0 & wordMask(length)) >>> 0,
    w1: (a.w1 & wordMask(length - 32)) >>> 0,
    w2: (a.w2 & wordMask(length - 64)) >>> 0,
    w3: (a.w3 & wordMask(length - 96)) >>> 0,
  };
}

/** Whether a bit is set behind the first `length`. */
export function hasHostBits(a: IpAddress, length: number): boolean {
  if (a.family === 4) return (a.w0 & ~wordMask(length)) !== 0;
  return (
    ((a.w0 & ~wordMask(length)) |
      (a.w1 & ~wordMask(length - 32)) |
      (a.w2 & ~wordMask(length - 64)) |
      (a.w3 & ~wordMask(length - 96))) !==
    0
  );
}

/** The mask that keeps the first `bits` of one word; 0 and less keep none, 32 and more keep all. */
export function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.w0 === b.w0 && a.w1 === b.w1 && a.w2 === b.w2 && a.w3 === b.w3;
}

/** Whether the text is this address, in whatever form it is written. */
export function isTextOf(address: IpAddress, text: string): boolean {
  const written = parseAddress(text);
  return written !== undefined && sameAddress(written, address);
}

/** The address inside a literal of RFC 5321 §4.1.3 (`[192.0.2.1]`, `[IPv6:2001:db8::1]`), `undefined` for anything else. */
export function parseAddressLiteral(domain: string): IpAddress | undefined {
  if (!domain.startsWith('[') || !domain.endsWith(']')) return undefined;
  const inner = domain.slice(1, -1);
  const octets = parseDottedQuad(codesOfWord(inner), 0, inner.length);
  if (octets !== undefined) return ipv4(octets);
  return /^ipv6:/i.test(inner) ? parseIpv6(inner.slice(5)) : undefined;
}
