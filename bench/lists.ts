/** Lists and questions of any size, always the same ones: a seeded generator makes them. */
import fs from 'node:fs';
import path from 'node:path';
import { formatAddress, type IpAddress, ipv4, maskAddress } from '../src/policy/entries/ip-address';

/** Entries of the largest list that is measured. */
export const largest = 1_000_000;

/** Mulberry32: small, fast, and the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/**
 * Distinct networks, half IPv4 and half IPv6, spread as country and hoster ranges are: IPv4 over the whole unicast
 * space, /20 to /32; IPv6 under a few regional blocks, /29 to /64, one in eight a host.
 */
export function addressList(size: number, seed = 1): string[] {
  const random = randomFrom(seed);
  const seen = new Set<string>();
  while (seen.size < size) seen.add(seen.size % 2 === 0 ? network4(random) : network6(random));
  return [...seen];
}

function network4(random: () => number): string {
  const length = 20 + (random() % 13);
  // Never loopback, which the load comes from.
  const first = 1 + (random() % 222);
  const address = ipv4(((first === 127 ? 126 : first) << 24) | (random() >>> 8));
  return written(maskAddress(address, length), length, 32);
}

const regions = [0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00];

function network6(random: () => number): string {
  const length = random() % 8 === 0 ? 128 : 29 + (random() % 36);
  const region = (regions[random() % regions.length] as number) + (random() % 16);
  const w0 = ((region << 16) | (random() >>> 16)) >>> 0;
  const address: IpAddress = { family: 6, w0, w1: random(), w2: random(), w3: random() };
  return written(maskAddress(address, length), length, 128);
}

function written(address: IpAddress, length: number, width: number): string {
  return length === width ? formatAddress(address) : `${formatAddress(address)}/${length}`;
}

/** Client addresses: every second one lies in the list. */
export function clientsOf(list: readonly string[], count: number, seed = 2): string[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, i) => {
    if (i % 2 === 0) return (list[random() % list.length] as string).replace(/\/.*/, '');
    return (random() % 2 === 0 ? network4(random) : network6(random)).replace(/\/.*/, '');
  });
}

const tlds = ['com', 'net', 'org', 'de', 'co.jp', 'co.uk', 'ac.jp', 'example', 'fr', 'com.br'];

/** Distinct domains of two to four labels. */
export function domainList(size: number, seed = 3): string[] {
  const random = randomFrom(seed);
  const seen = new Set<string>();
  while (seen.size < size) seen.add(domain(random));
  return [...seen];
}

function domain(random: () => number): string {
  const own = `${word(random)}${random() % 3 === 0 ? '-' : ''}${word(random)}.${tlds[random() % tlds.length]}`;
  return random() % 4 === 0 ? `${word(random)}.${own}` : own;
}

const syllables = ['ka', 'mi', 'ro', 'ne', 'st', 'wa', 'ber', 'lin', 'ton', 'se', 'da', 'post', 'net', 'hub', 'x', '7'];

function word(random: () => number): string {
  let made = '';
  for (let left = 2 + (random() % 3); left > 0; left--) made += syllables[random() % syllables.length];
  return made;
}

/** Names of hosts: every second one is a listed domain, or lies below one. */
export function namesOf(list: readonly string[], count: number, seed = 4): string[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, i) => {
    const name = i % 2 === 0 ? (list[random() % list.length] as string) : `not-${domain(random)}`;
    return random() % 2 === 0 ? `mail.${name}` : name;
  });
}

export function fileOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

/** The largest lists as files, for the parts that run in processes of their own. */
export interface Files {
  readonly addresses: string;
  readonly domains: string;
}

export function writeLists(folder: string): Files {
  const files = { addresses: path.join(folder, 'addresses'), domains: path.join(folder, 'domains') };
  fs.writeFileSync(files.addresses, fileOf(addressList(largest)));
  fs.writeFileSync(files.domains, fileOf(domainList(largest)));
  return files;
}
