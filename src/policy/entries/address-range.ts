/**
 * Ranges and netmasks, which lists do not hold: which networks to write instead. A range is two addresses with a hyphen
 * between, a netmask an address of one bits and then zero bits.
 */
import { formatNetwork, type IpAddress, ipv4, parseAddress, widthOf } from './ip-address';

/** A range of IPv4 needs no more networks, and a finding with many more could not be read. */
const mostNetworks = 62;

export interface AddressRange {
  /** From the first address on; `undefined` where the range has no address, or there are too many networks. */
  readonly networks: readonly string[] | undefined;
  /** All addresses of the family. */
  readonly isEverything: boolean;
}

/** `192.0.2.0-192.0.2.63`. `undefined` where the text is no range. */
export function parseRange(text: string): AddressRange | undefined {
  const hyphen = text.indexOf('-');
  if (hyphen < 0) return undefined;
  const first = parseAddress(text.slice(0, hyphen));
  const last = first && parseAddress(text.slice(hyphen + 1));
  if (!first || !last || first.family !== last.family) return undefined;
  const width = BigInt(widthOf(first.family));
  const [start, end] = [numberOf(first), numberOf(last)];
  return {
    networks: fewNetworks(start, end, first.family),
    isEverything: start === 0n && end === (1n << width) - 1n,
  };
}

/** The fewest networks that hold the addresses from one to another, in their order. */
export function* networksBetween(
  first: bigint,
  last: bigint,
  family: IpAddress['family'],
): Generator<{ readonly address: IpAddress; readonly length: number }> {
  for (let start = first; start <= last; ) {
    let size = 1n;
    let length: number = widthOf(family);
    while (start % (size * 2n) === 0n && start + size * 2n - 1n <= last) {
      size *= 2n;
      length--;
    }
    yield { address: addressOf(start, family), length };
    start += size;
  }
}

function fewNetworks(first: bigint, last: bigint, family: IpAddress['family']): readonly string[] | undefined {
  const networks: string[] = [];
  for (const network of networksBetween(first, last, family)) {
    if (networks.length === mostNetworks) return undefined;
    networks.push(formatNetwork(network));
  }
  return networks.length > 0 ? networks : undefined;
}

/** The prefix length that the netmask means, 0 where it has no bit set; `undefined` where the text is no netmask of the family. */
export function lengthOfNetmask(text: string, family: IpAddress['family']): number | undefined {
  const mask = parseAddress(text);
  if (mask?.family !== family) return undefined;
  const bits = numberOf(mask).toString(2).padStart(widthOf(family), '0');
  const length = `${bits}0`.indexOf('0');
  return bits.slice(length).includes('1') ? undefined : length;
}

/** The address as one number: of 32 bits, or of 128. */
export function numberOf({ family, w0, w1, w2, w3 }: IpAddress): bigint {
  if (family === 4) return BigInt(w0);
  return (BigInt(w0) << 96n) | (BigInt(w1) << 64n) | (BigInt(w2) << 32n) | BigInt(w3);
}

export function addressOf(number: bigint, family: IpAddress['family']): IpAddress {
  if (family === 4) return ipv4(Number(number));
  const word = (shift: bigint) => Number((number >> shift) & 0xffffffffn);
  return { family: 6, w0: word(96n), w1: word(64n), w2: word(32n), w3: word(0n) };
}
