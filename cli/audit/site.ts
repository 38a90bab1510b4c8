/**
 * What the server is for: said on the command line, or read from a Haraka folder. The one place that reads lists for the
 * audit; it takes only the plain forms of `relay.to` and `localip`, until the suite's own loader is used here.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ipaddr from 'ipaddr.js';
import { CannotRun } from '../io';

export interface BackupRecipient {
  /** What to ask for: `postmaster@backup.example.org`, `user@backup.example.org`, `postmaster@[192.0.2.25]`. */
  readonly address: string;
  /** Where all of a domain is admitted. */
  readonly domain: string | undefined;
}

export interface Site {
  readonly localDomains: readonly string[];
  readonly backupRecipients: readonly BackupRecipient[];
  /** `file:line` of the entry that trusts this client address, if one does. */
  trusts(address: string): string | undefined;
}

export interface SiteWishes {
  readonly local: readonly string[];
  readonly backup: readonly string[];
  /** A Haraka folder, with `config` below it or being that folder itself. */
  readonly folder: string | undefined;
}

export function siteOf({ local, backup, folder }: SiteWishes): Site {
  const config = folder === undefined ? undefined : configFolder(folder);
  const read = (name: string): readonly Line[] => (config === undefined ? [] : linesOf(path.join(config, name)));
  const trusted = read('localip').flatMap(trustedOf);
  return {
    localDomains: unique([...local, ...read('host_list').map(({ text }) => text)].map((name) => name.toLowerCase())),
    backupRecipients: [...unique(backup).map(wholeDomain), ...read('relay.to').flatMap(({ text }) => backupOf(text))],
    trusts(address) {
      const parsed = parsedAddress(address);
      return trusted.find(({ covers }) => parsed !== undefined && covers(parsed))?.at;
    },
  };
}

interface Line {
  readonly text: string;
  readonly at: string;
}

function configFolder(folder: string): string {
  for (const candidate of [path.join(folder, 'config'), folder]) {
    if (
      ['smtp.ini', 'plugins', 'me', 'host_list', 'smtpcheck.ini'].some((name) => existsSync(path.join(candidate, name)))
    ) {
      return candidate;
    }
  }
  throw new CannotRun(
    `${folder} is no Haraka folder: neither it nor ${path.join(folder, 'config')} holds a plugins file`,
  );
}

function linesOf(file: string): Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ text: line.replace(/#.*$/, '').trim(), at: `${path.basename(file)}:${index + 1}` }))
    .filter(({ text }) => text !== '');
}

function wholeDomain(domain: string): BackupRecipient {
  return { address: `postmaster@${domain}`, domain };
}

function backupOf(text: string): BackupRecipient[] {
  const [entry = ''] = text.split(/\s+/);
  if (entry.startsWith('!')) return [];
  if (entry.includes('@')) return [{ address: entry, domain: undefined }];
  if (ipaddr.IPv4.isValidFourPartDecimal(entry)) return [{ address: `postmaster@[${entry}]`, domain: undefined }];
  if (ipaddr.IPv6.isValid(entry)) return [{ address: `postmaster@[IPv6:${entry}]`, domain: undefined }];
  // Networks and octet prefixes admit literals that nobody has named; there is no one address to ask for.
  if (/^[\d.]+(?:\/\d+)?$/.test(entry) || entry.includes(':')) return [];
  return [wholeDomain(entry.replace(/^=/, '').replace(/\.$/, ''))];
}

interface Trusted {
  readonly at: string;
  covers(address: ipaddr.IPv4 | ipaddr.IPv6): boolean;
}

function trustedOf({ text, at }: Line): Trusted[] {
  const range = rangeOf(text);
  if (range === undefined) return [];
  const [network, bits] = range;
  return [
    {
      at: `localip:${at.split(':')[1]}`,
      covers: (address) => address.kind() === network.kind() && address.match(network, bits),
    },
  ];
}

function rangeOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  const octets = /^(\d{1,3}(?:\.\d{1,3}){0,2})\.?$/.exec(text)?.[1]?.split('.');
  if (octets !== undefined) {
    const padded = [...octets, '0', '0', '0'].slice(0, 4).join('.');
    return ipaddr.IPv4.isValidFourPartDecimal(padded) ? [ipaddr.IPv4.parse(padded), octets.length * 8] : undefined;
  }
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  const address = parsedAddress(text);
  return address === undefined ? undefined : [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** IPv4-mapped addresses are IPv4. */
export function parsedAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const plain = text.split('%')[0] ?? text;
  return ipaddr.isValid(plain) ? ipaddr.process(plain) : undefined;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
