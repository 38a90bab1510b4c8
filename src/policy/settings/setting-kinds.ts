/** The kinds of values a setting can have: how its text is read, and what is expected where it cannot be. */

import { type Limit, parseLimit } from '../attributes/limit';
import { parseDomainName } from '../entries/domain-name';
import { formatAddress, parseAddress } from '../entries/ip-address';
import { shortened } from '../findings/characters';
import { nearest } from './suggest';

/** How a value is read: the value, or what would be right. */
export type Read<T> = { readonly value: T } | { readonly expected: string; readonly suggestion?: string };

export interface Setting<T> {
  readonly kind: string;
  readonly summary: string;
  /** The default as an operator would write it. */
  readonly default: string;
  /** The same setting of sendmail (or its mc macro) and of a CF `*.def` file, where they have one. */
  readonly sendmail?: string;
  readonly cf?: string;
  read(text: string): Read<T>;
}

export type About = Pick<Setting<unknown>, 'summary' | 'default' | 'sendmail' | 'cf'>;

export function choice<const C extends readonly string[]>(choices: C, about: About): Setting<C[number]> {
  return {
    ...about,
    kind: choices.filter((c) => c !== '').join(' | '),
    read(text) {
      const value = choices.find((c) => c === text.toLowerCase());
      if (value !== undefined) return { value };
      const suggestion = nearest(text, choices);
      const expected = `one of ${choices.filter((c) => c !== '').join(', ')}`;
      return suggestion ? { expected, suggestion } : { expected };
    },
  };
}

export function boolean(about: About): Setting<boolean> {
  return {
    ...about,
    kind: 'true | false',
    read(text) {
      if (/^(?:true|yes|on|1)$/i.test(text)) return { value: true };
      if (/^(?:false|no|off|0)$/i.test(text)) return { value: false };
      return { expected: 'true or false' };
    },
  };
}

/** A whole number within bounds, both included. */
export function count(bounds: { min: number; max: number }, about: About): Setting<number> {
  return {
    ...about,
    kind: `number, ${bounds.min} to ${bounds.max}`,
    read(text) {
      const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= bounds.min && value <= bounds.max) return { value };
      return { expected: `a whole number from ${bounds.min} to ${bounds.max}` };
    },
  };
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration with its unit; the value is in milliseconds. */
export function duration(bounds: { min: string; max: string }, about: About): Setting<number> {
  const milliseconds = (text: string): number | undefined => {
    const match = /^([0-9]{1,7})\s*(ms|s|m|h)$/.exec(text);
    return match ? Number(match[1]) * (units[match[2] as string] as number) : undefined;
  };
  return {
    ...about,
    kind: `duration, ${bounds.min} to ${bounds.max}`,
    read(text) {
      const value = milliseconds(text);
      const low = milliseconds(bounds.min) as number;
      const high = milliseconds(bounds.max) as number;
      if (value !== undefined && value >= low && value <= high) return { value };
      const expected = `a duration from ${bounds.min} to ${bounds.max}, with ms, s, m or h`;
      return /^[0-9]+$/.test(text) ? { expected, suggestion: `${text}s` } : { expected };
    },
  };
}

export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** Names and addresses, divided by blanks or commas. */
export function hosts(about: About): Setting<readonly string[]> {
  return {
    ...about,
    kind: 'names and addresses',
    read(text) {
      const value = words(text).map((word) => word.toLowerCase().replace(/\.$/, ''));
      const bad = value.find((word) => !parseAddress(word) && parseDomainName(word) === undefined);
      return bad === undefined ? { value } : { expected: `host names and IP addresses; ${shortened(bad)} is neither` };
    },
  };
}

/** The zones that Node's resolver takes: it throws on any other, an empty one among them. */
const resolverZone = /^[0-9A-Za-z.:-]+$/;

/** DNS servers: addresses, each with an optional port (`192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`). */
export function servers(about: About): Setting<readonly string[]> {
  return {
    ...about,
    kind: 'addresses, each with an optional port',
    read(text) {
      const value = words(text);
      const bad = value.find((word) => !isServer(word));
      if (bad === undefined) return { value };
      const expected = `IP addresses of DNS servers; ${shortened(bad)} is none`;
      const sound = value.map((word) => (isServer(word) ? word : word.replace(/%[^\]]*/, '')));
      return sound.every(isServer) ? { expected, suggestion: sound.join(', ') } : { expected };
    },
  };
}

function isServer(text: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? text;
  const port = Number(match?.[3] ?? 53);
  const zone = address.split('%').slice(1).join('%');
  if (address.includes('%') && !resolverZone.test(zone)) return false;
  return parseAddress(address) !== undefined && port >= 1 && port <= 65535;
}

/** Where a server listens: an address and port, or the path of a Unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** `127.0.0.1:9904`, `[::1]:9904`, `/run/smtpcheck.sock`, divided by blanks or commas. */
export function listenAddresses(about: About): Setting<readonly ListenAddress[]> {
  return {
    ...about,
    kind: 'addresses with a port, or paths of Unix sockets',
    read(text) {
      const value = words(text).map((word) => readListenAddress(word) ?? word);
      const bad = value.find((one) => typeof one === 'string');
      if (bad === undefined) return { value: value as ListenAddress[] };
      const expected = `addresses with a port, as 127.0.0.1:9904 or [::1]:9904, or absolute paths; ${shortened(bad)} is neither`;
      const port = /^(?:localhost|\*)?:?([0-9]{1,5})$/.exec(bad)?.[1];
      return port ? { expected, suggestion: `127.0.0.1:${port}` } : { expected };
    },
  };
}

function readListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('/')) return { path: text };
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const address = parseAddress(host);
  const port = Number(match?.[3]);
  return address && port >= 1 && port <= 65535 ? { host: formatAddress(address), port } : undefined;
}

/** Whether only this machine can connect there. */
export function isLocalOnly(listen: ListenAddress): boolean {
  return 'path' in listen || isLoopback(listen.host);
}

export function isLoopback(host: string): boolean {
  const address = parseAddress(host);
  if (!address) return false;
  return address.family === 4 ? address.w0 >>> 24 === 127 : formatAddress(address) === '::1';
}

/** A file by its path, or nothing for none. */
export function filePath(about: About): Setting<string> {
  return {
    ...about,
    kind: 'FILE, or empty',
    read(text) {
      if (/^\S*$/.test(text) && !text.split('/').includes('..')) return { value: text };
      return { expected: 'a path without blanks and ..' };
    },
  };
}

/** `200/1h`, or nothing for no limit. `what`: of which there are so many. */
export function limit(what: string, about: About): Setting<Limit | null> {
  return {
    ...about,
    kind: `${what.toUpperCase()}/PERIOD, or empty`,
    read(text) {
      const value = text === '' ? null : parseLimit(text);
      if (value !== undefined) return { value };
      const expected = `a number of ${what} for a period of at most 31d, as 200/1h`;
      const [, recipients, unit] = /^([0-9]+)\/([smhd])$/.exec(text) ?? [];
      return unit ? { expected, suggestion: `${recipients}/1${unit}` } : { expected };
    },
  };
}

/** A mailbox, or nothing. */
export function mailbox(about: About): Setting<string> {
  return {
    ...about,
    kind: 'ADDRESS, or empty',
    read(text) {
      const [, domain] = /^[^\s@<>"]+@([^\s@<>]+)$/.exec(text) ?? [];
      if (text === '' || (domain && parseDomainName(domain) !== undefined)) return { value: text };
      return { expected: 'a mail address, as postmaster@example.org' };
    },
  };
}

export function flags(about: About): Setting<readonly string[]> {
  return {
    ...about,
    kind: 'flags, divided by commas',
    read: (text) => ({ value: words(text.toLowerCase()) }),
  };
}
