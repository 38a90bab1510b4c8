/** Postfix's access tables (access(5)): of clients, who become `host.deny`, and of recipients, who leave `relay.to`. */
import type { Collector } from '../../collector';
import type { Chain, Position, Verdict } from '../../site-policy';
import { parseAccessValue } from '../sendmail/access-value';
import { cidrRows } from './postfix-cidr';
import { addressOf } from './postfix-patterns';
import { type Row, rowsWithValue } from './postfix-rows';

/**
 * check_client_access and postscreen_access_list: a cidr table goes by its first match; a keyed one has addresses, octet
 * prefixes and names, of which the most specific decides.
 */
export function readClientRows(
  out: Collector,
  rows: readonly Row[],
  position: Position,
  form: 'cidr' | 'keyed' = 'keyed',
): void {
  if (form === 'cidr') {
    const chain: Chain = { ...position.chain, decides: 'first' };
    for (const row of cidrRows(out, rows)) addClient(out, { ...position, chain }, row, verdictOn(row.value));
    return;
  }
  const valued = rowsWithValue(out, rows);
  // The name is looked up first: where its line says DUNNO, the line of the address is not read.
  const nameDecides = valued.some(({ key, value }) => !isAddressKey(key) && verdictOn(value) === 'no-opinion');
  for (const row of valued) {
    const verdict = verdictOn(row.value);
    const isUnread = nameDecides && verdict === 'permit' && isAddressKey(row.key);
    const unmatched = reasonNotToMatch(row.key, position);
    if (unmatched !== undefined) out.remark('postfix-never-matches', row.item, unmatched);
    else addClient(out, position, row, isUnread ? 'no-opinion' : verdict);
  }
}

function reasonNotToMatch(key: string, { parentMatches, keys }: Position): string | undefined {
  if (key.includes('/')) return 'keyed tables know no CIDR';
  if (keys === 'addresses' && !/^[0-9.]+$|:/.test(key)) return 'postscreen knows no client names';
  if (keys === 'addresses' && isAddressPrefix(key)) return 'postscreen looks up whole addresses only';
  return key.startsWith('.') && parentMatches ? 'parent_domain_matches_subdomains wants it without the dot' : undefined;
}

function isAddressPrefix(key: string): boolean {
  return /^[0-9.]+$/.test(key) ? key.split('.').filter((octet) => octet !== '').length < 4 : ipv6Prefix.test(key);
}

const defersOrDiscards = /^(?:4[0-9]{2}|defer|defer_if_permit|discard)(?:\s|$)/i;

/** access(5): what an action says of the client; nothing where it is about something else. */
function verdictOn(action: string): Verdict | undefined {
  if (defersOrDiscards.test(action) || /^(?:reject|5[0-9]{2})(?:\s|$)/i.test(action)) return 'deny';
  if (/^dunno(?:\s|$)/i.test(action)) return 'no-opinion';
  return /^(?:(?:ok|permit)(?:\s|$)|[0-9]+$)/i.test(action) ? 'permit' : undefined;
}

function addClient(
  out: Collector,
  { chain, parentMatches, okRelays }: Position,
  { key, value, item, order }: Row,
  verdict: Verdict | undefined,
): void {
  if (verdict === undefined) {
    out.remark('postfix-table-value', item, value.split(/\s/)[0]);
    return;
  }
  if (defersOrDiscards.test(value))
    out.remark('access-refused-outright', item, /^discard/i.test(value) ? 'dropped all mail' : 'put off all mail');
  else if (verdict === 'deny' && !/^reject$/i.test(value)) out.remark('access-reply-lost', item);
  const reach = clientReach(key, parentMatches);
  if (verdict === 'permit' && okRelays) out.remark('postfix-client-permits', item);
  out.add('host.deny', verdict, reach.text, item, {
    ...{ chain, order, subdomainsOnly: reach.subdomainsOnly },
    ...(verdict === 'permit' && !okRelays ? { loneRemark: 'postfix-exempts' } : {}),
  });
}

const ipv6Prefix = /^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){1,6}$/i;

function isAddressKey(key: string): boolean {
  return addressOf(key) !== undefined || ipv6Prefix.test(key);
}

/** A key of a client table as an entry: keyed tables know octet prefixes and, with colons cut off, IPv6 prefixes. */
function clientReach(key: string, parentMatches: boolean): { text: string; subdomainsOnly: boolean } {
  const address = addressOf(key);
  if (address !== undefined) return { text: address, subdomainsOnly: false };
  if (ipv6Prefix.test(key)) return { text: `${key}::/${key.split(':').length * 16}`, subdomainsOnly: false };
  if (key.startsWith('.')) return { text: key.slice(1), subdomainsOnly: true };
  return { text: parentMatches ? key : `=${key}`, subdomainsOnly: false };
}

/** check_recipient_access: mailboxes, domains and `user@`; whom it refuses is excluded from `relay.to`. */
export function readRecipientRows(out: Collector, rows: readonly Row[], position: Position): void {
  for (const row of rowsWithValue(out, rows)) {
    const verdict = verdictOn(row.value);
    if (verdict === undefined) out.remark('postfix-table-value', row.item, row.value.split(/\s/)[0]);
    else if (verdict === 'deny') refuseRecipient(out, row, position);
    else if (verdict === 'permit' && position.okRelays) out.remark('postfix-recipient-permits', row.item);
    if (verdict !== 'deny') spareRecipient(out, row, position);
  }
}

function refuseRecipient(out: Collector, { key, value, item }: Row, { chain, parentMatches }: Position): void {
  const reach = recipientReach(key, parentMatches);
  if (reach === undefined) {
    out.remark('postfix-table-pattern', item);
    return;
  }
  out.remark('access-recipient', item);
  if (!reach.subdomainsOnly) out.addMapLine(`To:${reach.mapKey}`, replyFor(value), item);
  if (reach.text !== undefined)
    out.add('relay.to', 'deny', reach.text, item, { chain, subdomainsOnly: reach.subdomainsOnly });
}

/** A narrower key ends a wider refusal. */
function spareRecipient(out: Collector, { key, item }: Row, { chain, parentMatches }: Position): void {
  const reach = recipientReach(key, parentMatches);
  if (reach?.text === undefined) return;
  out.add(
    'relay.to',
    'no-opinion',
    reach.text,
    { ...item, comments: [] },
    { chain, subdomainsOnly: reach.subdomainsOnly },
  );
}

interface RecipientReach {
  /** As an entry of relay.to, which cannot hold a user at any domain. */
  readonly text?: string;
  readonly mapKey: string;
  readonly subdomainsOnly: boolean;
}

function recipientReach(key: string, parentMatches: boolean): RecipientReach | undefined {
  const name = key.toLowerCase();
  if (/[<>[\]"/\s]/.test(name) || name === '@' || name.startsWith('@')) return undefined;
  if (name.endsWith('@')) return { mapKey: name, subdomainsOnly: false };
  if (name.includes('@')) return { text: name, mapKey: name, subdomainsOnly: false };
  if (name.startsWith('.')) {
    return parentMatches ? undefined : { text: name.slice(1), mapKey: name.slice(1), subdomainsOnly: true };
  }
  return { text: parentMatches ? name : `=${name}`, mapKey: name, subdomainsOnly: false };
}

/** The reply as relay.map has it; where there is none of its own, REJECT. */
function replyFor(action: string): string {
  const [, code = '', status, text = ''] =
    /^(reject|[45][0-9]{2})\s+(?:([45]\.[0-9]{1,3}\.[0-9]{1,3})\s+)?(.+)$/i.exec(action) ?? [];
  const reply = `${/^reject$/i.test(code) ? '550' : code} ${text}`;
  const value = parseAccessValue(status === undefined ? reply : `ERROR:${status}:${reply}`);
  return value.kind === 'error' ? value.text : 'REJECT';
}
