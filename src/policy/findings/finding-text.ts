/** Findings as prose: the words of those that a load makes, and how any finding becomes a sentence. */
import { printable, printableMessage, shortened } from './characters';
import type { Finding, FindingCode } from './finding';
import { formatOfDetail, remedyOfFormat } from './list-formats';

/** What is wrong, in one sentence without the place; and what to do where the finding itself has no better form to offer. */
export interface Wording<Code extends string = FindingCode> {
  readonly wrong: string | ((finding: Finding<Code>) => string);
  readonly remedy: string | ((finding: Finding<Code>) => string);
}

const wordings: Readonly<Record<FindingCode, Wording>> = {
  'list-format': {
    wrong: (f) =>
      `belongs to ${formatOfDetail(f.detail ?? '')?.format.name ?? 'another format'}, and a list has one entry a line`,
    remedy: (f) => remedyOfFormat(f.detail ?? '', f.at.file),
  },
  'bad-characters': {
    wrong: (f) => `has the character ${f.detail}, which may hide what stands behind it or is no part of an entry`,
    remedy: 'write the line in plain characters, end lines with LF or CRLF, and save the file as UTF-8',
  },
  'unexpected-text': {
    wrong: (f) => `is more or less than ${f.detail}`,
    remedy: 'write one entry a line; a comment starts with #, or with ; after a blank',
  },
  'hash-in-mailbox': {
    wrong: 'is cut off at its #, which starts a comment',
    remedy: 'a mailbox with # in it cannot be listed; list its domain, or put a blank before the comment',
  },
  contradiction: {
    wrong: (f) => `says something else than line ${f.detail} about the same thing`,
    remedy: 'keep one of the two',
  },
  'file-missing': {
    wrong: 'does not exist, and the settings name it',
    remedy: 'create the file (an empty one lists nothing) or take the setting out',
  },
  'file-unreadable': { wrong: (f) => `cannot be read: ${f.detail}`, remedy: 'make it a file that Haraka may read' },
  'redis-plugin-missing': {
    wrong: 'names Redis, and haraka-plugin-redis is not installed',
    remedy: "run npm install haraka-plugin-redis in Haraka's folder, or name a file",
  },
  'redis-type': {
    wrong: (f) => `is of the type ${f.detail}, which no list is read from`,
    remedy: (f) => redisCommands(f.text),
  },
  'address-syntax': {
    wrong: 'is no address and no network',
    remedy: 'write 192.0.2.7, 192.0.2 (all of 192.0.2.0/24), 192.0.2.0/24, 2001:db8::7 or 2001:db8::/32',
  },
  'address-leading-zero': {
    wrong: 'has an octet that starts with 0, which some read as octal',
    remedy: 'write decimal octets without leading zeros',
  },
  'address-octet-range': { wrong: 'has an octet over 255', remedy: 'octets go from 0 to 255' },
  'address-brackets': { wrong: 'has brackets, which lists do not use', remedy: 'write the address without brackets' },
  'address-zone': { wrong: 'has a zone, and zones differ from host to host', remedy: 'write the address without %' },
  'address-not-here': { wrong: 'is an address, and this list holds names', remedy: 'put it into localip' },
  'address-range': {
    wrong: 'is a range of addresses, and a list holds networks',
    remedy: 'write the networks that it is made of, and the lower address first',
  },
  'prefix-length': {
    wrong: (f) => `has a length that is not ${f.detail}`,
    remedy: (f) => `write a length from ${f.detail}`,
  },
  'prefix-everything': { wrong: 'covers every address there is', remedy: 'name the networks that are meant' },
  'prefix-host-bits': { wrong: 'has host bits set', remedy: 'write the first address of the network' },
  'prefix-partial': { wrong: 'has a length behind a shortened address', remedy: 'write all four octets before the /' },
  'domain-syntax': {
    wrong: 'is no domain name',
    remedy: 'write labels of letters, digits and hyphens with dots between, as in example.org',
  },
  'domain-leading-dot': {
    wrong: 'starts with a dot; a domain covers itself and all below it anyway',
    remedy: 'leave the dot out',
  },
  'domain-wildcard': {
    wrong: 'has a wildcard; a domain covers itself and all below it anyway',
    remedy: 'leave the *. out',
  },
  'domain-public-suffix': {
    wrong: 'is a public suffix: everybody who registers a name below it would be covered',
    remedy: 'name the domains that are meant',
  },
  'domain-not-here': { wrong: 'is a name, and this list holds addresses', remedy: 'put it into localdomain' },
  'mailbox-syntax': { wrong: 'is no mailbox', remedy: 'write user@example.org' },
  'mailbox-not-here': { wrong: 'is a mailbox, and this list holds clients', remedy: 'mailboxes belong into relay.to' },
  'mx-not-here': {
    wrong: 'speaks of destinations, and this list holds clients',
    remedy: 'mx: entries belong into relay.to',
  },
  'mx-network': {
    wrong: 'names no network of MX hosts',
    remedy: 'write mx:192.0.2.0/24, the addresses of the hosts that the domain lists before this one',
  },
  'route-syntax': {
    wrong: 'has no next hop that can be used',
    remedy: 'write example.org  [192.0.2.5]:25 or example.org  mx.example.net',
  },
  'route-not-here': {
    wrong: 'has a next hop, and only a domain or mailbox that is not excluded can have one',
    remedy: 'take the next hop out',
  },
  'verify-not-here': {
    wrong: 'is to be verified, and only a domain, a mailbox or an mx: network that is not excluded can be',
    remedy: 'take verify out',
  },
  'attribute-unknown': {
    wrong: (f) => `has the attribute ${f.detail}=, which no entry has`,
    remedy: 'write from= or until=, or take it out',
  },
  'attribute-not-here': {
    wrong: (f) => `has ${f.detail}, where it means nothing`,
    remedy: 'take it out: from= belongs to entries of localip and localdomain that are not excluded',
  },
  'attribute-value': {
    wrong: (f) => `has an attribute with a value that is not ${f.detail}`,
    remedy: 'write the value in this form, without blanks',
  },
  'attribute-twice': { wrong: (f) => `has ${f.detail} twice`, remedy: 'keep one of the two' },
  'pattern-syntax': {
    wrong: (f) => `is no regular expression: ${f.detail}`,
    remedy: 'write one that matches whole names, as in (.*\\.)?example\\.org',
  },
  'map-key-syntax': {
    wrong: 'has no key that the map knows here',
    remedy: 'write Connect: with an address, network or domain, or To: with a domain, user@domain, user@ or address',
  },
  'map-tag-unknown': {
    wrong: (f) => `has the tag ${f.detail}:, which means nothing here`,
    remedy: 'use Connect:, To: or no tag',
  },
  'map-from-relay': {
    wrong: 'permits relaying by the sender address, which is only a claim',
    remedy: 'permit the client (Connect:) or the recipient (To:), or have the sender use AUTH',
  },
  'map-user-relay': { wrong: 'permits relaying to every domain for one local part', remedy: 'write user@domain' },
  'map-value-missing': {
    wrong: 'has a key and no value',
    remedy: 'write RELAY, OK, REJECT, DISCARD, SKIP, ERROR:D.S.N:code text, or code text',
  },
  'map-value-unknown': {
    wrong: 'has a value that the map does not know',
    remedy: 'write RELAY, OK, REJECT, DISCARD, SKIP, ERROR:D.S.N:code text, or code text',
  },
  'map-reply-syntax': {
    wrong: (f) => `has a reply that cannot be sent${f.detail ? `: it needs ${f.detail}` : ''}`,
    remedy: 'write ERROR:5.7.1:550 No thanks, or 550 No thanks, in ASCII',
  },
  'ini-syntax': {
    wrong: (f) => `is neither a section nor key=value${f.detail ? ` of ${f.detail}` : ''}`,
    remedy: 'a comment starts with ; at the start of the line',
  },
  'ini-section-unknown': {
    wrong: 'is no section of smtpcheck.ini',
    remedy: 'see docs/reference/settings.md for the sections',
  },
  'ini-key-unknown': {
    wrong: 'is no setting of its section',
    remedy: 'see docs/reference/settings.md for the settings',
  },
  'ini-key-twice': { wrong: (f) => `was set on line ${f.detail} already`, remedy: 'keep one of the two' },
  'ini-value': { wrong: (f) => `has a value that is not ${f.detail}`, remedy: (f) => `write ${f.detail}` },
  'flag-unknown': { wrong: 'is no privacy flag', remedy: 'see docs/reference/plugins/privacy.md for the flags' },
  'flag-does-not-apply': {
    wrong: (f) => `does not apply to Haraka, because ${f.detail}`,
    remedy: 'it may stay; it does nothing',
  },
  'status-token-missing': {
    wrong: 'can be reached from other machines, and no token_file is set',
    remedy: 'name a file with a token in token_file, or listen on 127.0.0.1 or [::1]',
  },
};

function redisCommands(key: string): string {
  return `DEL ${key}, and fill it with SADD ${key} ENTRY or redis-cli -x SET ${key} < FILE`;
}

/** What is wrong and what to do, without the place: `192.0.2.9/24 has host bits set; write 192.0.2.0/24`. */
export function describeFault(finding: Finding): string {
  return worded(finding, wordings[finding.code]);
}

/** The sentence about a finding, safe for a terminal and a log line; what was written is cut where it is very long. */
export function worded<Code extends string>(finding: Finding<Code>, { wrong, remedy }: Wording<Code>): string {
  const say = (text: Wording<Code>['wrong']) => (typeof text === 'string' ? text : text(finding));
  const { text, suggestion } = finding;
  return printableMessage(
    `${shortened(text)} ${say(wrong)}; ${suggestion === undefined ? say(remedy) : `write ${suggestion}`}`,
  );
}

/** `localip:7: prefix-host-bits: 192.0.2.9/24 has host bits set; write 192.0.2.0/24` */
export function describeFinding(finding: Finding): string {
  const { at, code } = finding;
  return `${printable(`${at.file}:${at.line}: ${code}`)}: ${describeFault(finding)}`;
}
