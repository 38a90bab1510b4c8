/**
 * The attack corpus as data: reads the cases, says from where each connects, what its replies must be, and which
 * recipients a stranger may ever have queued. Plays nothing.
 */
import fs from 'node:fs';
import path from 'node:path';
import { domainToASCII } from 'node:url';
import { checkout } from '../../examples/haraka-directory';
import type { Zone } from './dns';
import type { HarakaVersion, Listener } from './haraka';
import { isAccepted, isGo, isRefused, isRefusedForGood, type Reply } from './smtp-client';

export type Expectation = 'refuse' | 'accept' | 'syntax-error' | 'no-disclosure';
export type RawExpectation = 'ok' | 'go' | 'no' | 'any';

export interface Case {
  readonly id: string;
  readonly group: string;
  /** `scoped`: trusted for some senders alone. `limited`: for two recipients, with an address that no other case has. */
  readonly client: 'untrusted' | 'trusted-ip' | 'trusted-domain' | 'scoped' | 'limited';
  readonly client_ip?: string;
  readonly client_dns?: { readonly ptr: readonly string[]; readonly confirmed: readonly string[] };
  readonly helo: string;
  readonly mail: string;
  readonly rcpts: readonly string[];
  readonly expect: Expectation;
  readonly rcpt_expect?: readonly ('accept' | 'refuse')[];
  readonly raw?: readonly string[];
  readonly raw_expect?: readonly (RawExpectation | readonly RawExpectation[])[];
  readonly compare?: readonly number[];
  readonly why: string;
}

/** What this suite does instead of what a case asks, and why that is right. */
export type CorpusException = Partial<Pick<Case, 'expect' | 'rcpt_expect' | 'raw_expect'>> & {
  readonly id: string;
  /** Without it, both. */
  readonly version?: HarakaVersion;
  readonly reason: string;
};

export interface Client {
  readonly address: string;
  readonly listener: Listener;
}

export const configuration: Readonly<Record<string, string>> = {
  me: 'mx.local.example\n',
  // A replay counts recipients by the times of the lines.
  'log.ini': '[main]\nlevel=info\ntimestamps=true\nformat=default\n',
  host_list: 'local.example\n',
  localip: [
    '127.9\n127.8.1\n127.7.7.7',
    '127.6 from=dept.example,=lab.example,bücher.example\n127.6.9 from=narrow.example\n!127.6.66',
    '127.5 from=<>\n127.4 until=2020-01-01\n127.3 limit=2/1d\n',
  ].join('\n'),
  localdomain: 'campus.example\n',
  'relay.to': 'backup.example\n192.0.2.25\n',
};

export function readCases(): readonly Case[] {
  const text = fs.readFileSync(path.join(checkout, 'test', 'fixtures', 'attacks.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Case);
}

/** Names are cached by address, so each case without an address of its own gets one that no other case has. */
export function clientOf(number: number, attack: Case): Client {
  const given = attack.client_ip;
  if (given?.startsWith('::ffff:')) return { address: given.slice('::ffff:'.length), listener: 'mapped' };
  if (given) return { address: given, listener: given.includes(':') ? 'ipv6' : 'ipv4' };
  return { address: `127.66.${number >> 8}.${number & 255}`, listener: 'ipv4' };
}

/** Every name any case needs. An unconfirmed name exists, and points elsewhere. */
export function zoneOf(cases: readonly Case[]): Zone {
  const zone: Record<string, { PTR?: readonly string[]; A?: readonly string[] }> = {};
  for (const [number, attack] of cases.entries()) {
    const { address } = clientOf(number, attack);
    if (!attack.client_dns) continue;
    zone[address] = { PTR: attack.client_dns.ptr };
    for (const name of attack.client_dns.ptr) {
      const here = attack.client_dns.confirmed.includes(name) ? address : '192.0.2.99';
      zone[name] = { A: [...(zone[name]?.A ?? []), here] };
    }
  }
  return zone;
}

/** The policy in words of its own, to hold the queue against: a local or backup domain, and no route inside. */
export function strangerMayReach(recipient: string): boolean {
  if (recipient.toLowerCase() === 'postmaster') return true;
  const at = recipient.lastIndexOf('@');
  const user = recipient.slice(0, at).replace(/^"|"$/g, '').replace(/\\(.)/g, '$1');
  const domain = recipient.slice(at + 1).toLowerCase();
  const reachable = domain === 'local.example' || /^(.+\.)?backup\.example$/.test(domain) || domain === '[192.0.2.25]';
  return at > 0 && reachable && !/[%!@]/.test(user) && !/=.*\([apb]\)/i.test(user);
}

/** As the envelope has it: the domain as A-labels in lower case, no source route. */
export function mailboxOf(recipient: string): string {
  const mailbox = recipient.replace(/^@[^:]*:/, '');
  const at = mailbox.lastIndexOf('@');
  const domain = mailbox.slice(at + 1).toLowerCase();
  return mailbox.slice(0, at + 1) + (domainToASCII(domain) || domain);
}

export function expectationOf(attack: Case, recipient: number): Expectation {
  return attack.rcpt_expect?.[recipient] ?? attack.expect;
}

export function satisfies(reply: Reply, expected: Expectation | RawExpectation): boolean {
  switch (expected) {
    case 'accept':
    case 'ok':
      return isAccepted(reply);
    case 'go':
      return isGo(reply);
    case 'refuse':
    case 'no':
      return isRefused(reply);
    case 'syntax-error':
      return isRefusedForGood(reply);
    case 'any':
    case 'no-disclosure':
      return true;
  }
}

/** A reply without what it echoes of the command, for comparing two of them. */
export function withoutEcho(reply: Reply, command: string): string {
  const echoed = (/<([^>]*)>\s*$/.exec(command) ?? /\s(\S+)\s*$/.exec(command))?.[1];
  return `${reply.code} ${echoed ? reply.text.replaceAll(echoed, '*') : reply.text}`;
}
