/**
 * Domain names as lists hold them: A-labels, lower case, no trailing dot. Matching is by whole labels and belongs to
 * `name-table.ts`; here is what a name may look like.
 */
import { domainToASCII } from 'node:url';
import { getPublicSuffix, parse as parseSuffix } from 'tldts';
import { isAscii } from '../findings/characters';

// Letters, digits, hyphens inside; underscores because hosts are named with them, whatever RFC 1123 says.
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The domain that mail to the written one must go to: in A-labels, whatever letters were used for it (case, accents of
 * their own, full width; UTS 46). Empty where it can be none. Haraka 3.3 makes its `host` of it so; 3.1 encodes the
 * letters as they were written, and each spelling becomes another host.
 */
export function canonicalDomain(written: string): string {
  return (isAscii(written) ? written : domainToASCII(written)).toLowerCase();
}

/**
 * The name in the form lists hold, or `undefined` where the text is no domain name: an empty or over-long label
 * (RFC 1035 §2.3.4: 63 octets, 253 in all), a character outside letters, digits, `-` and `_`, or a last label of
 * digits alone, which only an address has. U-labels become A-labels.
 */
export function parseDomainName(text: string): string | undefined {
  const name = canonicalDomain(text.endsWith('.') ? text.slice(0, -1) : text);
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = name.split('.');
  if (!labels.every((l) => label.test(l))) return undefined;
  return /^[0-9]+$/.test(labels[labels.length - 1] ?? '') ? undefined : name;
}

/**
 * A name from the DNS in the form by which lists are searched: lower case, no trailing dot. Its labels may hold any octet
 * (RFC 2181 §11). c-ares writes those that are no plain text with a backslash (RFC 1035 §5.1), a dot among them; here each is
 * `\DDD`, and every dot divides labels: `x\.campus.example` is a host of `example`, and not one of `campus.example`.
 */
export function normalizeDnsName(text: string): string {
  const name = plainName.test(text) ? text : text.replace(/\\([0-9]{3}|.)?|[^ -~]/gsu, escapeOctets);
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

const plainName = /^[!-[\]-~]*$/;

function escapeOctets(written: string, escaped?: string): string {
  const isNumber = escaped?.length === 3 && Number(escaped) < 256;
  const octets = isNumber ? [Number(escaped)] : Buffer.from(escaped ?? written);
  return [...octets].map(escapeOctet).join('');
}

function escapeOctet(octet: number): string {
  const isPlain = octet >= 0x20 && octet < 0x7f && octet !== 0x2e && octet !== 0x5c;
  return isPlain ? String.fromCharCode(octet) : `\\${String(octet).padStart(3, '0')}`;
}

// What is asked is a name in the form of `parseDomainName`, so tldts need not look for one in it.
const namesOnly = { allowPrivateDomains: false, extractHostname: false, validateHostname: false, detectIp: false };

/**
 * Whether the name is a suffix under which strangers register names: `jp`, `ac.jp`, `com`. Private registries do not
 * count.
 */
export function isPublicSuffix(name: string): boolean {
  if (getPublicSuffix(name, namesOnly) !== name) return false;
  return parseSuffix(name, namesOnly).isIcann === true;
}

/** To be called after many names: tldts holds on to the last one, and with it to the whole text that it was cut from. */
export function letGoOfNames(): void {
  getPublicSuffix('', namesOnly);
}
