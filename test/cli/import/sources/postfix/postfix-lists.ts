/**
 * Plain models of Postfix's own rules for lists whose first match decides (match_list(3)) and for tables of clients
 * (access(5), SMTPD_ACCESS_README), for the tests of what an import makes of them.
 */
import type { Client } from '../../imported-policy';

/** One pattern of a list with its sign. `unreadable`: one that Postfix can read and an import cannot. */
export interface Element {
  readonly negated: boolean;
  readonly pattern: string;
  readonly unreadable?: readonly string[];
}

/** mynetworks: the client's address and its confirmed name are compared with each pattern in turn. */
export function trusts(elements: readonly Element[], client: Client, parentMatches: boolean): boolean {
  const first = elements.find(({ pattern, unreadable }) =>
    (unreadable ?? [pattern]).some(
      (one) =>
        matchesAddress(one, client.ip) || (client.name !== undefined && matchesName(one, client.name, parentMatches)),
    ),
  );
  return first !== undefined && !first.negated;
}

/** relay_domains: the same, for the recipient's domain. */
export function relaysTo(elements: readonly Element[], domain: string, parentMatches: boolean): boolean {
  const first = elements.find(({ pattern, unreadable }) =>
    (unreadable ?? [pattern]).some((one) => matchesName(one, domain, parentMatches)),
  );
  return first !== undefined && !first.negated;
}

export function matchesName(pattern: string, name: string, parentMatches: boolean): boolean {
  if (pattern === name) return true;
  if (pattern.startsWith('.')) return !parentMatches && name.endsWith(pattern);
  return parentMatches && name.endsWith(`.${pattern}`);
}

/** By the text of whole octets or groups, as the patterns of the cases are written. */
export function matchesAddress(pattern: string, ip: string): boolean {
  const text = pattern.replace(/[[\]]/g, '');
  const [address = '', length] = text.split('/');
  if (!/^[0-9a-f.:]+$/.test(address) || !/[.:]/.test(address)) return false;
  if (address.includes(':') !== ip.includes(':')) return false;
  if (address.includes(':')) return ip.startsWith(address.replace(/::$/, ':'));
  const bits = Number(length ?? 32);
  const number = (quad: string) => quad.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
  return Math.floor(number(address) / 2 ** (32 - bits)) === Math.floor(number(ip) / 2 ** (32 - bits));
}

export type Action = 'REJECT' | 'OK' | 'DUNNO';

/** A table of clients: `cidr` goes by its first match, `hash` by the most specific key. */
export interface ClientTable {
  readonly type: 'cidr' | 'hash';
  readonly rows: readonly (readonly [key: string, action: Action])[];
}

/** A restriction list of such tables: OK ends it, DUNNO goes on to the next one. */
export function refuses(tables: readonly ClientTable[], { ip, name }: Client): boolean {
  for (const table of tables) {
    const action =
      table.type === 'cidr' ? firstAction(table, ip) : ((name && namedAction(table, name)) ?? exactAction(table, ip));
    if (action === 'REJECT') return true;
    if (action === 'OK') return false;
  }
  return false;
}

function firstAction({ rows }: ClientTable, ip: string): Action | undefined {
  return rows.find(([key]) => matchesAddress(key, ip))?.[1];
}

/** A keyed table is asked for the name first, and then for its parents. */
function namedAction({ rows }: ClientTable, name: string): Action | undefined {
  for (let rest = name; ; rest = rest.slice(rest.indexOf('.') + 1)) {
    const found = rows.find(([key]) => key === rest);
    if (found) return found[1];
    if (!rest.includes('.')) return undefined;
  }
}

/** A keyed table is asked for the address, then for what is left of it octet by octet; of equal keys the first is kept. */
function exactAction({ rows }: ClientTable, ip: string): Action | undefined {
  for (let rest = ip; ; rest = rest.slice(0, rest.lastIndexOf('.'))) {
    const found = rows.find(([key]) => key === rest);
    if (found) return found[1];
    if (!rest.includes('.')) return undefined;
  }
}
