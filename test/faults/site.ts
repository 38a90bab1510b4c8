/** The site of the fault run: its lists, its clients, the names of its clients, and who may have what. */
import type { Zone } from '../../testkit/live/dns';
import type { QueuedMessage } from '../../testkit/live/queue';
import type { ClassName } from './checks/expectations';
import { addresses, client, networks } from './traffic/ipv6';

export interface ListText {
  readonly text: string;
  /** The text as it is left when a writer is cut off: not a shorter list, but one with half an entry. */
  readonly cut: string;
}

/** Where the primary of verified.example listens. */
export const primaryPort = 30_000 + (process.pid % 20_000);

export type ListName = 'localip' | 'localdomain' | 'relay.to' | 'relay.map' | 'host.deny';

export const lists: Readonly<Record<ListName, ListText>> = {
  localip: cutOff(
    `127.9 limit=1000000/1h\n!127.9.66\n127.9.70 limit=1/31d,all\n${networks.limited} limit=1/31d,all\n${networks.trusted}\n!${networks.excluded}\n198.51.100.0/24\n`,
    '24\n',
  ),
  localdomain: { text: 'campus.example\n=mail.hall.example\n', cut: 'campus.example\n=' },
  'relay.to': cutOff(
    `verified.example [127.0.0.1]:${primaryPort} verify\nbackup.example\npostbox@hall.example\n`,
    'hall.example\n',
  ),
  'relay.map': {
    text: 'To:mapped.example RELAY\nTo:hall.example REJECT\n',
    cut: 'To:mapped.example RELAY\nTo:hall.ex',
  },
  'host.deny': cutOff(`127.77\n${networks.denied}\n198.51.100.0/24\n`, '24\n'),
};

function cutOff(text: string, missing: string): ListText {
  return { text, cut: text.slice(0, -missing.length) };
}

export const listNames = Object.keys(lists) as ListName[];

/** Settings in which each list comes from what `source` says for it, with lines at the end that go on in `[deny]`. */
export function settingsWith(source: (list: ListName, file: string) => string, tail: readonly string[] = []): string {
  return [
    '[main]',
    'settle=100ms',
    'poll=500ms',
    '[verify]',
    'rate=',
    'timeout=2s',
    'cache=1000',
    '[relay]',
    `local_ip=${source('localip', 'localip')}`,
    `local_domain=${source('localdomain', 'localdomain')}`,
    `relay_to=${source('relay.to', 'relay.to')}`,
    `relay_map=${source('relay.map', 'hash:relay.map')}`,
    '[deny]',
    `hosts=${source('host.deny', 'host.deny')}`,
    ...tail,
    '',
  ].join('\n');
}

export const settingsText = settingsWith((_, file) => file);

/** Of lists in Redis, which have a file that stands in. */
export type StandIns = 'all' | 'deny' | 'none';

export function standsIn(standIns: StandIns, list: ListName): boolean {
  return standIns === 'all' || (standIns === 'deny' && list === 'host.deny');
}

/** Names are forgotten fast, so that a fault of the DNS is met and not outlived. */
export function dnsText(port: number): string {
  return `[dns]\nservers=127.0.0.1:${port}\ntimeout=1s\ntries=2\ncache_ttl=1s\ncache_size=200\n`;
}

/** Where the DNS of the server is, and where its status. */
export interface Ports {
  readonly dns: number;
  readonly status: number;
}

export function portsText({ dns, status }: Ports): string {
  return `${dnsText(dns)}[status]\nlisten=127.0.0.1:${status}\n`;
}

const named = 40;

export const namedClients: readonly string[] = Array.from({ length: named }, (_, n) => `127.50.0.${n + 1}`);

/** Whose names are ours and lead elsewhere. */
export const forgedClients: readonly string[] = Array.from({ length: named }, (_, n) => `127.51.0.${n + 1}`);

export function zone(): Zone {
  const entries: [string, Zone[string]][] = [];
  for (const [n, address] of namedClients.entries()) {
    entries.push(
      [address, { PTR: [`pc${n}.campus.example`], ttl: 1 }],
      [`pc${n}.campus.example`, { A: [address], ttl: 1 }],
    );
    // Anybody can publish the name of another.
    entries.push([forgedClients[n] as string, { PTR: [`pc${n}.campus.example`, 'mail.hall.example'], ttl: 1 }]);
  }
  for (const [n, address] of addresses.named.entries()) {
    entries.push(
      [address, { PTR: [`pc6${n}.campus.example`], ttl: 1 }],
      [`pc6${n}.campus.example`, { AAAA: [address], ttl: 1 }],
    );
    entries.push([addresses.forged[n] as string, { PTR: [`pc6${n}.campus.example`, 'mail.hall.example'], ttl: 1 }]);
  }
  entries.push(
    ['mail.hall.example', { A: ['127.50.1.1'], ttl: 1 }],
    ['127.53.0.1', { PTR: ['pc.storm.example'], ttl: 1 }],
    ['pc.storm.example', { A: ['127.53.0.1'], ttl: 1 }],
  );
  return Object.fromEntries(entries);
}

/** An address of 127.66.0.0/16, which no list knows, or one of IPv6. */
export function stranger(n: number): string {
  return client('stranger', Math.floor(n / 16), `127.66.${Math.floor(n / 250) % 250}.${(n % 250) + 1}`);
}

const outside = (n: number) => `user${n}@victim${n % 7}.example`;
const mailbox = (n: number) => `user${n}@local.example`;

/** Where mail to the recipient must be queued, whoever sends it. */
export function queueFor(recipient: string): QueuedMessage['via'] {
  return recipient.toLowerCase().endsWith('@local.example') ? 'local' : 'outbound';
}

export interface Attempt {
  readonly as: ClassName;
  readonly recipient: string;
}

/** The number of a session, and how many of its kind came before it. */
export interface Coming {
  readonly number: number;
  readonly turn: number;
}

/** One kind of session: who comes, and which recipients it tries in one transaction, in this order. */
export interface Visitor {
  readonly name: string;
  from(coming: Coming): string;
  attempts(coming: Coming): readonly Attempt[];
}

const byAddress: Visitor['from'] = ({ turn }) => client('trusted', turn, `127.9.${turn % 60}.${(turn % 250) + 1}`);
const byName: Visitor['from'] = ({ turn }) => client('named', turn, namedClients[turn % named] as string);

export const visitors: readonly Visitor[] = [
  one('trusted-address', byAddress, outside),
  one('trusted-name', byName, outside),
  one('backup', anybody, (n) => `user${n}@backup.example`),
  one('verified', anybody, (n) => `known${n % 60}@verified.example`),
  one('unknown-user', anybody, (n) => `nobody${n}@verified.example`),
  one('mapped', anybody, (n) => `user${n}@mapped.example`),
  one('local', anybody, mailbox),
  one('trusted-local', (coming) => (coming.turn % 2 ? byName : byAddress)(coming), mailbox),
  one('plain-relay', anybody, outside),
  one('excluded', ({ turn }) => client('excluded', turn, `127.9.66.${(turn % 250) + 1}`), outside),
  one('over-limit', ({ turn }) => client('limited', turn, `127.9.70.${(turn % 250) + 1}`), outside),
  one('forged-name', ({ turn }) => client('forged', turn, forgedClients[turn % named] as string), outside),
  one('denied', ({ turn }) => client('denied', turn, `127.77.0.${(turn % 250) + 1}`), mailbox),
  // Each recipient goes its own way, whichever comes first.
  mixed('mixed', anybody, ({ number, turn }) => [
    { as: 'local', recipient: mailbox(number) },
    turn % 4 < 2
      ? { as: 'backup', recipient: `user${number}@backup.example` }
      : { as: 'mapped', recipient: `user${number}@mapped.example` },
    { as: 'order', recipient: outside(number) },
  ]),
  mixed('mixed by a trusted address', byAddress, ({ number }) => [
    { as: 'trusted-local', recipient: mailbox(number) },
    { as: 'trusted-address', recipient: outside(number) },
  ]),
  mixed('mixed by a trusted name', byName, ({ number }) => [
    { as: 'trusted-local', recipient: mailbox(number) },
    { as: 'trusted-name', recipient: outside(number) },
  ]),
  {
    name: 'routed',
    from: anybody,
    attempts: ({ number: n }) =>
      [
        `a${n}%victim.example@local.example`,
        `"a${n}@victim.example"@backup.example`,
        `victim.example!a${n}@backup.example`,
      ].map((recipient) => ({ as: 'routed' as const, recipient })),
  },
  {
    // What one recipient has earned is nothing to the next, in this transaction or after it.
    name: 'order',
    from: anybody,
    attempts: ({ number: n }) => [
      { as: 'backup', recipient: `first${n}@backup.example` },
      { as: 'order', recipient: outside(n) },
      { as: 'backup', recipient: `third${n}@backup.example` },
      { as: 'order', recipient: `again@victim${n % 7}.example` },
    ],
  },
];

function anybody({ number }: Coming): string {
  return stranger(number);
}

function one(name: ClassName, from: Visitor['from'], recipient: (n: number) => string): Visitor {
  return { name, from, attempts: ({ number }) => [{ as: name, recipient: recipient(number) }] };
}

/** The recipients are tried now in the one order, now in the other. */
function mixed(name: string, from: Visitor['from'], recipients: Visitor['attempts']): Visitor {
  const attempts: Visitor['attempts'] = (coming) =>
    coming.turn % 2 ? recipients(coming) : [...recipients(coming)].reverse();
  return { name, from, attempts };
}

/** The policy in words of its own, to hold the queue against: what somebody whom no list trusts may ever have. */
export function anybodyMayReach(recipient: string): boolean {
  const at = recipient.lastIndexOf('@');
  const user = recipient.slice(0, at).replace(/^"|"$/g, '').replace(/\\(.)/g, '$1');
  const domain = recipient.slice(at + 1).toLowerCase();
  if (recipient.toLowerCase() === 'postmaster' || recipient.toLowerCase() === 'postbox@hall.example') return true;
  return at > 0 && /^(local\.example|(.+\.)?(backup|mapped|verified)\.example)$/.test(domain) && !/[%!@]./.test(user);
}
