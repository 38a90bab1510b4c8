/**
 * The plain forms that nearly every line of a large list of networks has: IPv4 octet prefixes, addresses and CIDR; IPv6
 * addresses and CIDR. Read where they stand in the text of the list, into numbers and into the same object again and
 * again: a million lines leave nothing behind for the garbage collector.
 */
import { hasHostBits, type IpAddress, readIpv6, type Scratch, widthOf } from '../entries/ip-address';

const bang = 0x21;
const dot = 0x2e;
const slash = 0x2f;
const zero = 0x30;
const colon = 0x3a;

/** The network that was read last. */
export class PlainNetwork implements Scratch {
  family: IpAddress['family'] = 4;
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  length = 0;
  excluded = false;

  /**
   * Reads what stands from `from` to `to`. `false` where it is in no plain form, sound or not: that is left to
   * `parseEntry`, which says the same of all that is read here.
   */
  read(codes: Uint8Array, from: number, to: number): boolean {
    this.excluded = codes[from] === bang;
    const start = this.excluded ? from + 1 : from;
    const end = endOfAddress(codes, start, to);
    const whole = hasEarlyColon(codes, start, end)
      ? this.readGroups(codes, start, end)
      : this.readOctets(codes, start, end);
    this.length = whole;
    if (whole === 0 || end === to) return whole !== 0;
    this.length = numberIn(codes, end + 1, to);
    // A length behind fewer than four octets could mean either.
    if (whole < widthOf(this.family) || this.length < 1 || this.length > whole) return false;
    return !hasHostBits(this, this.length);
  }

  /** One to four octets without leading zeros; how many bits they are, or 0. */
  private readOctets(codes: Uint8Array, from: number, to: number): number {
    let value = 0;
    let count = 0;
    let octet = -1;
    for (let i = from; i <= to; i++) {
      const code = i < to ? (codes[i] as number) : dot;
      if (code === dot) {
        if (octet < 0 || count === 4) return 0;
        value = value * 256 + octet;
        count++;
        octet = -1;
      } else {
        const digit = code - zero;
        if (octet === 0 || digit < 0 || digit > 9) return 0;
        octet = octet < 0 ? digit : octet * 10 + digit;
        if (octet > 255) return 0;
      }
    }
    this.family = 4;
    this.w0 = (value << (32 - 8 * count)) >>> 0;
    this.w1 = 0;
    this.w2 = 0;
    this.w3 = 0;
    return 8 * count;
  }

  /** An IPv4-mapped address is left to `parseEntry`: its prefix lengths count otherwise. */
  private readGroups(codes: Uint8Array, from: number, to: number): number {
    return readIpv6(codes, from, to, this) && this.family === 6 ? 128 : 0;
  }
}

/** Where the slash is, which can only be among the last four characters, or `to`. */
function endOfAddress(codes: Uint8Array, from: number, to: number): number {
  for (let i = to - 1; i >= from && i >= to - 4; i--) if (codes[i] === slash) return i;
  return to;
}

/** Whether it can only be IPv6, whose first group ends within five characters. */
function hasEarlyColon(codes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to && i < from + 5; i++) if (codes[i] === colon) return true;
  return false;
}

/** The decimal number, or 0 where there is none without leading zeros. */
function numberIn(codes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (codes[i] as number) - zero;
    if (digit < 0 || digit > 9 || (digit === 0 && value === 0)) return 0;
    value = value * 10 + digit;
  }
  return value;
}
