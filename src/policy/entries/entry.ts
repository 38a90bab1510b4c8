/**
 * One entry of a list: what its text means, or what is wrong with it. The forms are those of `docs/reference/lists.md`.
 */

import type { Attributes } from '../attributes/attributes';
import type { FindingCode } from '../findings/finding';
import { foldLocalPart } from '../mailbox';
import { lengthOfNetmask, parseRange } from './address-range';
import { isPublicSuffix, parseDomainName } from './domain-name';
import {
  formatAddress,
  formatNetwork,
  type IpAddress,
  ipv4,
  maskAddress,
  parseAddressLiteral,
  parseIpv6,
  sameAddress,
  widthOf,
} from './ip-address';
import { formatRoute, parseRoute, type Route } from './route';

export interface NetworkEntry {
  readonly kind: 'network';
  readonly address: IpAddress;
  readonly length: number;
  readonly excluded: boolean;
  readonly attributes?: Attributes;
}

export interface DomainEntry {
  readonly kind: 'domain';
  /** A-labels, lower case. */
  readonly name: string;
  /** `=name`: this name alone and nothing below it. */
  readonly exact: boolean;
  readonly excluded: boolean;
  readonly route?: Route;
  /** The next hop is asked whether it knows a recipient, before that is accepted. */
  readonly verify?: true;
  readonly attributes?: Attributes;
}

export interface MailboxEntry {
  readonly kind: 'mailbox';
  /** Lower case, without quotes that need not be there. */
  readonly localPart: string;
  /** A domain in A-labels or an address literal. */
  readonly domain: string;
  readonly excluded: boolean;
  readonly route?: Route;
  readonly verify?: true;
  readonly attributes?: Attributes;
}

export type Entry = NetworkEntry | DomainEntry | MailboxEntry;

/** `mx:133.9.4.0/24`: destinations whose better MX hosts are in the network. */
export interface ExchangeEntry extends Omit<NetworkEntry, 'kind'> {
  readonly kind: 'exchange';
  readonly verify?: true;
}

/** What is wrong with an entry; the caller knows the line. */
export interface Problem {
  readonly problem: FindingCode;
  readonly suggestion?: string;
  readonly detail?: string;
}

export type EntryKind = (Entry | ExchangeEntry)['kind'];

/** Characters. No sound entry has nearly as many, and with millions a regular expression overflows. */
export const longestEntry = 4096;

export const tooLong: Problem = {
  problem: 'unexpected-text',
  detail: `one entry of at most ${longestEntry} characters`,
};

export function isProblem(value: object): value is Problem {
  return 'problem' in value;
}

/**
 * Parses one entry without blanks and comment: `!` first excludes, then an address form, a domain form or a mailbox.
 * Never throws.
 */
export function parseEntry(text: string): Entry | Problem {
  if (text.length > longestEntry) return tooLong;
  const excluded = text.startsWith('!');
  const body = excluded ? text.slice(1) : text;
  if (body === '') return { problem: 'unexpected-text', detail: 'an entry after the !' };
  const parsed = parseBody(body);
  if (isProblem(parsed))
    return excluded && parsed.suggestion
      ? { ...parsed, suggestion: parsed.suggestion.replace(/^|(?<=, )/g, '!') }
      : parsed;
  return { ...parsed, excluded };
}

const exchangeSign = /^(!?)mx:/i;

export function isExchangeText(text: string): boolean {
  return exchangeSign.test(text);
}

/** Reads a text of which `isExchangeText` holds. */
export function parseExchange(text: string): ExchangeEntry | Problem {
  const sign = exchangeSign.exec(text)?.[0] ?? '';
  if (text === sign) return { problem: 'mx-network' };
  const network = parseEntry(`${sign.startsWith('!') ? '!' : ''}${text.slice(sign.length)}`);
  if (!isProblem(network)) {
    if (network.kind === 'network') return { ...network, kind: 'exchange' };
    return { problem: 'mx-network' };
  }
  const { suggestion } = network;
  return suggestion === undefined ? network : { ...network, suggestion: suggestion.replace(/(^|, )(!?)/g, '$1$2mx:') };
}

type Body = Omit<NetworkEntry, 'excluded'> | Omit<DomainEntry, 'excluded'> | Omit<MailboxEntry, 'excluded'>;

function parseBody(text: string): Body | Problem {
  if (text.includes('@')) return parseMailbox(text);
  if (text.startsWith('[')) return bracketed(text);
  const range = rangeProblem(text);
  if (range) return range;
  if (/^[0-9./]+$/.test(text)) return parseIpv4Form(text);
  if (text.includes(':')) return parseIpv6Form(text);
  return parseDomain(text);
}

/** What is wrong with a text that is a range of addresses; `undefined` for any other text. */
export function rangeProblem(text: string): Problem | undefined {
  const range = parseRange(text);
  if (!range) return undefined;
  if (range.isEverything) return { problem: 'prefix-everything' };
  return range.networks
    ? { problem: 'address-range', suggestion: range.networks.join(', ') }
    : { problem: 'address-range' };
}

function bracketed(text: string): Problem {
  const inner = /^\[(?:ipv6:)?([^\]]*)\](\/[0-9]+)?$/i.exec(text);
  if (!inner) return { problem: 'address-syntax' };
  return suggest('address-brackets', `${inner[1]}${inner[2] ?? ''}`);
}

/** A problem whose remedy is offered only if it is itself a sound entry. */
function suggest(problem: FindingCode, suggestion: string): Problem {
  return isProblem(parseBody(suggestion)) ? { problem } : { problem, suggestion };
}

/** `133.9`, `133.9.12.`, `133.9.12.7`, `133.9.0.0/16`: octet prefix, address, CIDR. */
function parseIpv4Form(text: string): Body | Problem {
  const slash = text.indexOf('/');
  const dotted = slash < 0 ? text : text.slice(0, slash);
  const trailingDot = dotted.endsWith('.');
  const octets = (trailingDot ? dotted.slice(0, -1) : dotted).split('.');
  if (octets.length > 4 || octets.some((octet) => octet === '')) return { problem: 'address-syntax' };
  if (octets.some((octet) => octet.length > 1 && octet.startsWith('0'))) {
    const use = octets.map((octet) => octet.replace(/^0+(?=.)/, '')).join('.');
    return suggest('address-leading-zero', `${use}${slash < 0 ? '' : text.slice(slash)}`);
  }
  if (octets.some((octet) => Number(octet) > 255)) return { problem: 'address-octet-range' };
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + Number(octets[i] ?? 0);
  const address = ipv4(value);

  if (slash >= 0) {
    const full = formatAddress(address);
    if (octets.length < 4 || trailingDot) return suggest('prefix-partial', `${full}${text.slice(slash)}`);
    return network(address, text.slice(slash + 1));
  }
  if (octets.length === 4 && trailingDot) return { problem: 'address-syntax', suggestion: formatAddress(address) };
  return { kind: 'network', address, length: octets.length * 8 };
}

function parseIpv6Form(text: string): Body | Problem {
  if (/^ipv6:/i.test(text)) return suggest('address-syntax', text.replace(/^(?:ipv6:)+/i, ''));
  const slash = text.indexOf('/');
  const written = slash < 0 ? text : text.slice(0, slash);
  if (written.includes('%')) {
    return suggest('address-zone', written.slice(0, written.indexOf('%')) + (slash < 0 ? '' : text.slice(slash)));
  }
  const address = parseIpv6(written);
  if (!address) return { problem: 'address-syntax' };
  if (slash < 0) return { kind: 'network', address, length: widthOf(address.family) };
  const length = text.slice(slash + 1);
  if (address.family === 6) return network(address, length);

  // `::ffff:192.0.2.0/120` is 192.0.2.0/24; a length that reaches into the mapping prefix is no IPv4 network.
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > 128) return { problem: 'prefix-length', detail: '96 to 128' };
  if (Number(length) < 96) return { problem: 'prefix-length', detail: '96 to 128' };
  return network(address, String(Number(length) - 96));
}

function network(address: IpAddress, lengthText: string): Body | Problem {
  const width = widthOf(address.family);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(lengthText) || Number(lengthText) > width) {
    const meant = lengthOfNetmask(lengthText, address.family);
    const suggestion = meant ? `${formatAddress(maskAddress(address, meant))}/${meant}` : undefined;
    return { problem: 'prefix-length', detail: `1 to ${width}`, ...(suggestion && { suggestion }) };
  }
  const length = Number(lengthText);
  if (length === 0) return { problem: 'prefix-everything' };
  const masked = maskAddress(address, length);
  if (!sameAddress(masked, address))
    return { problem: 'prefix-host-bits', suggestion: `${formatAddress(masked)}/${length}` };
  return { kind: 'network', address, length };
}

/** `waseda.ac.jp` covers itself and all below it; `=mail.example` is that one name. */
function parseDomain(text: string): Body | Problem {
  const exact = text.startsWith('=');
  const written = exact ? text.slice(1) : text;
  if (written.startsWith('*.')) return suggest('domain-wildcard', withoutLeadingDots(written));
  if (written.startsWith('.')) return suggest('domain-leading-dot', withoutLeadingDots(written));
  const name = parseDomainName(written);
  if (name === undefined) return { problem: 'domain-syntax' };
  if (isPublicSuffix(name)) return { problem: 'domain-public-suffix' };
  return { kind: 'domain', name, exact };
}

/** All of them at once: a remedy is parsed in its turn, and must not come back here for each. */
function withoutLeadingDots(written: string): string {
  let start = 0;
  while (written[start] === '.' || written.startsWith('*.', start)) start += written[start] === '.' ? 1 : 2;
  return written.slice(start);
}

function parseMailbox(text: string): Body | Problem {
  const at = text.lastIndexOf('@');
  const localPart = foldLocalPart(text.slice(0, at));
  const written = text.slice(at + 1);
  const literal = parseAddressLiteral(written);
  const domain = literal ? formatLiteral(literal) : parseDomainName(written);
  if (localPart === undefined || domain === undefined) return { problem: 'mailbox-syntax' };
  return { kind: 'mailbox', localPart, domain };
}

/** The literal as RFC 5321 §4.1.3 writes it. */
export function formatLiteral(address: IpAddress): string {
  return address.family === 4 ? `[${formatAddress(address)}]` : `[IPv6:${formatAddress(address)}]`;
}

/** The entry in its own language: parsing it again gives the same entry. */
export function formatEntry(entry: Entry): string {
  const sign = entry.excluded ? '!' : '';
  switch (entry.kind) {
    case 'network':
      return `${sign}${formatNetwork(entry)}`;
    case 'domain':
      return `${sign}${entry.exact ? '=' : ''}${entry.name}${routeText(entry)}`;
    case 'mailbox': {
      // A `!` at the start would read as an exclusion.
      const { localPart } = entry;
      return `${sign}${localPart.startsWith('!') ? `"${localPart}"` : localPart}@${entry.domain}${routeText(entry)}`;
    }
  }
}

function routeText({ route }: DomainEntry | MailboxEntry): string {
  return route ? `  ${formatRoute(route)}` : '';
}

/** Adds a route written after a domain or mailbox. */
export function withRoute(entry: Entry, text: string): Entry | Problem {
  if (entry.kind === 'network' || entry.excluded) return { problem: 'route-not-here' };
  const route = parseRoute(text);
  return route ? { ...entry, route } : { problem: 'route-syntax' };
}
