/**
 * A plain model of a Postfix site: lists of clients and domains, access tables in whichever form, postscreen's list and
 * transports, and what Postfix decides by them (access(5), transport(5), SMTPD_ACCESS_README, POSTSCREEN_README).
 */
import type { Client, Verdict } from '../../imported-policy';
import {
  type Action,
  type ClientTable,
  type Element,
  matchesAddress,
  refuses,
  relaysTo,
  trusts,
} from './postfix-lists';

export interface RecipientTable {
  readonly rows: readonly (readonly [key: string, action: Action])[];
}

export interface Site {
  readonly mynetworks: readonly Element[];
  readonly relayDomains: readonly Element[];
  readonly parentMatches: boolean;
  readonly clientTables: readonly (ClientTable & { readonly form: 'named' | 'bare'; readonly onlyWarns: boolean })[];
  readonly recipientTables: readonly RecipientTable[];
  readonly postscreen: { readonly enforces: boolean; readonly table: ClientTable };
  readonly transports: readonly (readonly [key: string, value: string])[];
  readonly relayTransport: string;
  readonly defaultTransport: string;
}

const written = (elements: readonly Element[]) =>
  elements.map(({ negated, pattern }) => `${negated ? '!' : ''}${pattern}`).join(', ');

function tableText({ type, rows }: ClientTable): string {
  const separator = type === 'cidr' ? ' ' : ' = ';
  return `${type === 'cidr' ? 'cidr' : 'inline'}:{${rows.map(([key, action]) => `{${key}${separator}${action}}`).join(', ')}}`;
}

const inlineText = (rows: readonly (readonly [string, string])[]) =>
  `inline:{${rows.map(([key, value]) => `{${key} = ${value}}`).join(', ')}}`;

export function mainCfOf(site: Site): string {
  const clientTables = site.clientTables.map((table) =>
    [
      table.onlyWarns ? 'warn_if_reject' : '',
      table.form === 'named' ? 'check_client_access' : '',
      tableText(table),
    ].join(' '),
  );
  const recipientTables = site.recipientTables.map(({ rows }) => `check_recipient_access ${inlineText(rows)}`);
  return `compatibility_level = 3.6
mydestination =
parent_domain_matches_subdomains = ${site.parentMatches ? 'mynetworks relay_domains smtpd_access_maps' : ''}
mynetworks = ${written(site.mynetworks)}
relay_domains = ${written(site.relayDomains)}
smtpd_client_restrictions = ${clientTables.join(', ')}
smtpd_recipient_restrictions = ${[...recipientTables, 'permit_mynetworks', 'reject_unauth_destination'].join(', ')}
postscreen_access_list = ${tableText(site.postscreen.table)}
postscreen_denylist_action = ${site.postscreen.enforces ? 'enforce' : 'ignore'}
relay_transport = ${site.relayTransport}
default_transport = ${site.defaultTransport}
transport_maps = ${inlineText(site.transports)}
`;
}

export interface Decision {
  readonly verdict: Verdict;
  /** A recipient that a table or a transport of its own refuses to everybody, which no list here says to trusted clients. */
  readonly refusedByItself: boolean;
}

export function decide(site: Site, client: Client, localPart: string, domain: string): Decision {
  const isTrusted = trusts(site.mynetworks, client, site.parentMatches);
  const tables = site.clientTables.filter(({ onlyWarns }) => !onlyWarns);
  const screened = site.postscreen.enforces && refusesAddress(site.postscreen.table, client);
  if (screened || refusesClient(tables, client, site.parentMatches)) {
    return { verdict: 'refused', refusedByItself: false };
  }
  const own = ownTransport(site, localPart, domain);
  const isRelayed = relaysTo(site.relayDomains, domain, site.parentMatches);
  const transport = own ?? star(site) ?? (isRelayed ? site.relayTransport : site.defaultTransport);
  const undeliverable = own ?? (isRelayed ? transport : '');
  const refusedByItself = refusesRecipient(site, localPart, domain) || isUndeliverable(undeliverable);
  const relayed = !refusedByItself && !isUndeliverable(transport) && (isTrusted || isRelayed);
  return { verdict: relayed ? 'relayed' : 'not relayed', refusedByItself };
}

function refusesAddress({ type, rows }: ClientTable, { ip }: Client): boolean {
  const row = rows.find(([key]) => (type === 'cidr' ? matchesAddress(key, ip) : key === ip));
  return row?.[1] === 'REJECT';
}

/** The shared model asks for parents without their dots, as parent_domain_matches_subdomains has it. */
function refusesClient(tables: readonly ClientTable[], client: Client, parentMatches: boolean): boolean {
  if (parentMatches || client.name === undefined) return refuses(tables, client);
  const { name, ...unnamed } = client;
  const keys = [name, ...parentsOf(name).map((parent) => `.${parent}`)];
  for (const table of tables) {
    const named = table.type === 'hash' ? firstOf(table.rows, keys) : undefined;
    const isRefused = named === undefined ? refuses([table], unnamed) : named === 'REJECT';
    if (isRefused) return true;
    if (named === 'OK' || (named === undefined && spares(table, unnamed))) return false;
  }
  return false;
}

function spares(table: ClientTable, client: Client): boolean {
  const everyone: ClientTable = { type: 'cidr', rows: [['0.0.0.0/0', 'REJECT']] };
  return !refuses([table, everyone], client);
}

function firstOf<T>(rows: readonly (readonly [string, T])[], keys: readonly string[]): T | undefined {
  for (const key of keys) {
    const row = rows.find(([own]) => own === key);
    if (row) return row[1];
  }
  return undefined;
}

function parentsOf(name: string): string[] {
  const labels = name.split('.');
  return labels.slice(1).map((_, i) => labels.slice(i + 1).join('.'));
}

function refusesRecipient(site: Site, localPart: string, domain: string): boolean {
  const dot = site.parentMatches ? '' : '.';
  const keys = [`${localPart}@${domain}`, domain, ...parentsOf(domain).map((name) => `${dot}${name}`), `${localPart}@`];
  for (const { rows } of site.recipientTables) {
    const action = firstOf(rows, keys);
    if (action === 'REJECT') return true;
    if (action === 'OK') return false;
  }
  return false;
}

/** transport_maps is not among parent_domain_matches_subdomains, so parents stand with a dot. */
function ownTransport(site: Site, localPart: string, domain: string): string | undefined {
  return firstOf(site.transports, [
    ...[`${localPart}@${domain}`, domain],
    ...parentsOf(domain).map((parent) => `.${parent}`),
  ]);
}

function star(site: Site): string | undefined {
  return firstOf(site.transports, ['*']);
}

function isUndeliverable(transport: string): boolean {
  return /^(?:error|retry|discard):/.test(transport);
}
