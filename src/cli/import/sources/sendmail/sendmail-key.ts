/**
 * Keys of sendmail's access map and members of class R: how sendmail finds them (cf/README, "ANTI-SPAM CONFIGURATION
 * CONTROL"; rulesets `D` and `A` of proto.m4) and which entry of ours matches the same.
 */
import { formatAddress, parseIpv6 } from '../../../../policy/entries/ip-address';

export type SendmailKey =
  /** `entry` is the text in our form. */
  | { readonly kind: 'network'; readonly entry: string }
  | { readonly kind: 'domain'; readonly name: string }
  /** `.example.org`. */
  | { readonly kind: 'subdomains'; readonly name: string }
  | { readonly kind: 'mailbox'; readonly mailbox: string }
  | { readonly kind: 'user'; readonly user: string }
  /** `[192.0.2.1]`: the domain literal of a recipient, or the "name" of a client without one. */
  | { readonly kind: 'literal'; readonly entry: string }
  | { readonly kind: 'cidr' }
  | { readonly kind: 'never'; readonly why: string };

/** Reads a key without its tag. `tokens`: a member of a class, where `192.168.` matches by tokens. */
export function parseSendmailKey(text: string, tokens = false): SendmailKey {
  if (text === '') return { kind: 'never', why: 'the key is empty' };
  if (text.includes('/')) return { kind: 'cidr' };
  if (text.startsWith('[')) return parseLiteral(text);
  if (text.endsWith('@')) return { kind: 'user', user: text.slice(0, -1) };
  if (text.includes('@')) return { kind: 'mailbox', mailbox: text };
  if (/^ipv6:/i.test(text)) return parseIpv6Prefix(text.slice(5));
  if (/^[0-9.]+$/.test(text)) return parseOctets(text, tokens);
  if (text.startsWith('.')) return { kind: 'subdomains', name: text.slice(1) };
  return { kind: 'domain', name: text };
}

function parseLiteral(text: string): SendmailKey {
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  if (inner === undefined) return { kind: 'never', why: 'the bracket is not closed' };
  const parsed = /^ipv6:/i.test(inner) ? parseIpv6Prefix(inner.slice(5)) : parseOctets(inner, false);
  if (parsed.kind !== 'network') return { kind: 'never', why: 'no address stands in the brackets' };
  return { kind: 'literal', entry: parsed.entry };
}

function parseOctets(text: string, tokens: boolean): SendmailKey {
  const trailingDot = text.endsWith('.');
  const octets = (trailingDot ? text.slice(0, -1) : text).split('.');
  if (trailingDot && !tokens) return { kind: 'never', why: 'octet prefixes are looked up without a trailing dot' };
  if (octets.length > 4 || octets.some((octet) => octet === '' || Number(octet) > 255)) {
    return { kind: 'never', why: 'no address looks like this' };
  }
  if (octets.some((octet) => octet.length > 1 && octet.startsWith('0'))) {
    return { kind: 'never', why: 'addresses are written without leading zeros' };
  }
  return { kind: 'network', entry: octets.join('.') };
}

/** `2001:db8` is 2001:db8::/32: sendmail cuts group after group (16 bits each) off the client's address. */
function parseIpv6Prefix(text: string): SendmailKey {
  if (text.includes('::')) {
    if (text.endsWith('::')) return { kind: 'never', why: 'prefixes are looked up without trailing colons' };
    const address = parseIpv6(text);
    if (address?.family === 4) return { kind: 'never', why: 'an IPv4 client is looked up by its IPv4 address' };
    return address
      ? { kind: 'network', entry: formatAddress(address) }
      : { kind: 'never', why: 'no address looks like this' };
  }
  const groups = text.split(':');
  if (groups.length > 8 || groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) {
    return { kind: 'never', why: 'no address looks like this' };
  }
  if (groups.some((group) => group.length > 1 && group.startsWith('0'))) {
    return { kind: 'never', why: 'addresses are written without leading zeros' };
  }
  const whole = [...groups, ...Array<string>(8 - groups.length).fill('0')].join(':');
  const address = parseIpv6(whole);
  if (address?.family !== 6) return { kind: 'never', why: 'an IPv4 client is looked up by its IPv4 address' };
  return {
    kind: 'network',
    entry: groups.length === 8 ? formatAddress(address) : `${formatAddress(address)}/${groups.length * 16}`,
  };
}
