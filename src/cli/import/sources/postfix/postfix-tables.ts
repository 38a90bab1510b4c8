/**
 * The text sources of Postfix's tables: plain list files, cidr tables and keyed tables (hash and its kin), each read as
 * what main.cf uses it for.
 */
import { words } from '../../../../policy/settings/setting-kinds';
import { Collector, type SourceItem } from '../../collector';
import type { RemarkCode } from '../../remark';
import { type Chain, chainOf, type Position, type ReaderContext, type Reading, type Verdict } from '../../site-policy';
import { refusesByValue } from '../table-value';
import { logicalLines } from '../text-lines';
import {
  addAddress,
  addName,
  addressOf,
  mynetworksChain,
  type PatternContext,
  relayDomainsChain,
} from './postfix-patterns';
import { addTable, type TableUse } from './postfix-table-reference';

interface Row {
  readonly key: string;
  readonly value: string;
  readonly item: SourceItem;
  readonly order: readonly number[];
}

/** `key value` lines, each with its order in the list that names the table. */
function rowsOf(out: Collector, text: string, withValue: boolean): Row[] {
  return logicalLines(text).flatMap((logical, place) => {
    const match = /^(\S+)(?:\s+(.*))?$/s.exec(logical.text);
    const item: SourceItem = { line: logical.line, text: logical.text, comments: logical.comments };
    const value = match?.[2] ?? '';
    if (withValue && value === '') {
      out.remark('postfix-table-line', item);
      return [];
    }
    return [{ key: match?.[1] ?? '', value, item, order: [...(out.context.position?.order ?? []), place] }];
  });
}

/** Where the table stands; one that is imported by itself is a list of its own. */
function positionOf({ file, position }: ReaderContext, chainIn: (file: string) => Chain): Position {
  return position ?? { chain: chainIn(file), order: [], negated: false, parentMatches: true };
}

/** A `/file/name` pattern: its content stands in the list as if written there, tables and all. */
function readListFile(
  use: TableUse,
  chainIn: (file: string) => Chain,
  addPattern: (out: Collector, word: string, item: SourceItem, context: Position) => void,
) {
  return (text: string, context: ReaderContext): Reading => {
    const out = new Collector(context);
    const whole = positionOf(context, chainIn);
    let place = 0;
    for (const logical of logicalLines(text)) {
      for (const [i, word] of words(logical.text).entries()) {
        const negated = word.startsWith('!') !== whole.negated;
        const pattern = word.startsWith('!') ? word.slice(1) : word;
        const item: SourceItem = { line: logical.line, text: word, comments: i === 0 ? logical.comments : [] };
        const position = { ...whole, negated, order: [...whole.order, place++] };
        if (!addTable(out, use, pattern, item, position)) addPattern(out, pattern, item, position);
      }
    }
    return out;
  };
}

export const readMynetworksFile = readListFile('mynetworks', mynetworksChain, (out, word, item, position) => {
  const address = addressOf(word);
  if (address !== undefined) addAddress(out, 'localip', address, item, position);
  else addName(out, 'localdomain', word, item, position, position.parentMatches);
});

export const readRelayDomainsFile = readListFile('relay-domains', relayDomainsChain, (out, word, item, position) => {
  addName(out, 'relay.to', word, item, position, position.parentMatches);
});

export const readDestinationFile = readListFile('destination', chainOf, (out, word, item, { negated }) => {
  if (negated) out.remark('not-a-host-name', item);
  else out.addLocalName(word, item);
});

/** mynetworks = cidr:…: Postfix only asks whether a pattern matches, whatever its value. */
export function readMynetworksCidr(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const { chain, negated } = positionOf(context, mynetworksChain);
  for (const row of cidrRows(out, text)) {
    // An author who wrote REJECT meant to exclude the client.
    const refused = refusesByValue(row.value) && !negated;
    if (refused) out.remark('postfix-trusted-in-spite', row.item, row.value);
    addAddress(out, 'localip', row.key, row.item, { negated: refused || negated, chain, order: row.order });
  }
  return out;
}

/** Rows of a cidr table outside of conditions. */
function cidrRows(out: Collector, text: string): Row[] {
  let nested = 0;
  const skip = (code: RemarkCode, { item, order }: Row) => {
    const { position } = out.context;
    out.remark(code, item);
    if (position?.negated) out.addBarrier('localip', position.chain, order, item);
  };
  return rowsOf(out, text, false)
    .filter((row) => {
      const word = row.key.toLowerCase();
      if (word === 'endif') nested = Math.max(0, nested - 1);
      if (word === 'if') nested++;
      if (word === 'if' || word === 'endif' || nested > 0 || row.key.startsWith('!')) {
        if (word !== 'endif') skip('postfix-table-condition', row);
        return false;
      }
      if (row.value === '') {
        out.remark('postfix-table-line', row.item);
        return false;
      }
      if (addressOf(row.key) !== undefined) return true;
      skip('postfix-table-pattern', row);
      return false;
    })
    .map((row) => ({ ...row, key: addressOf(row.key) ?? row.key }));
}

/** mynetworks = hash:…: whole addresses, and names with the parents they are looked up by. */
export function readMynetworksHash(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const { chain, negated, parentMatches } = positionOf(context, mynetworksChain);
  for (const { key, item, order } of rowsOf(out, text, true)) {
    const patternContext: PatternContext = { negated, chain, order };
    const address = addressOf(key);
    if (address?.includes('/')) out.remark('postfix-never-matches', item, 'keyed tables hold whole addresses, no CIDR');
    else if (address !== undefined) addAddress(out, 'localip', address, item, patternContext);
    else addName(out, 'localdomain', key, item, patternContext, parentMatches);
  }
  return out;
}

export function readRelayDomainsHash(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const { chain, negated, parentMatches } = positionOf(context, relayDomainsChain);
  for (const { key, item, order } of rowsOf(out, text, true)) {
    addName(out, 'relay.to', key, item, { negated, chain, order }, parentMatches);
  }
  return out;
}

export function readDestinationHash(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { key, item } of rowsOf(out, text, true)) {
    if (context.position?.negated) out.remark('not-a-host-name', item);
    else out.addLocalName(key, item);
  }
  return out;
}

/** relay_recipient_maps: mailboxes, and `@domain` for a whole domain. */
export function readRelayRecipients(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const { chain } = positionOf(context, chainOf);
  for (const { key, item } of rowsOf(out, text, true)) {
    const at = key.lastIndexOf('@');
    if (at < 0) out.remark('postfix-recipient', item);
    else out.add('relay.to', 'permit', at === 0 ? `=${key.slice(1)}` : key, item, { chain });
  }
  return out;
}

/** transport(5): the next hops that a route of relay.to can express. */
export function readTransport(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { key, value, item } of rowsOf(out, text, true)) {
    const match = /^(?:smtp|relay):\[([^\]]+)\](?::([0-9]+|smtp))?$/.exec(value);
    if (!match || key === '*' || key.includes('@')) {
      out.remark('postfix-route', item);
      continue;
    }
    const host = (match[1] ?? '').replace(/^ipv6:/i, '');
    const port = match[2] === undefined || match[2] === 'smtp' ? '' : `:${match[2]}`;
    const route = `[${host}]${port}`;
    const domain = key.replace(/^\./, '').toLowerCase();
    out.routes.push({
      domain,
      subdomains: key.startsWith('.'),
      route,
      origin: out.at(item.line),
      text: item.text,
    });
    if (context.position?.parentMatches && !key.startsWith('.')) {
      out.routes.push({ domain, subdomains: true, route, origin: out.at(item.line), text: item.text });
    }
  }
  return out;
}

/** check_client_access cidr:…, first match. */
export function readClientAccessCidr(text: string, context: ReaderContext): Reading {
  const { chain, ...position } = positionOf(context, chainOf);
  const out = new Collector(context, { ...chain, decides: 'first' });
  for (const row of cidrRows(out, text)) addClient(out, position, row, verdictOn(row.value));
  return out;
}

/** check_client_access hash:…: addresses, octet prefixes and names; the most specific decides (access(5)). */
export function readClientAccessHash(text: string, context: ReaderContext): Reading {
  const position = positionOf(context, chainOf);
  const out = new Collector(context, position.chain);
  const rows = rowsOf(out, text, true);
  // The name is looked up first: where its line says DUNNO, the line of the address is not read.
  const nameDecides = rows.some(({ key, value }) => !isAddressKey(key) && verdictOn(value) === 'no-opinion');
  for (const row of rows) {
    const verdict = verdictOn(row.value);
    const isUnread = nameDecides && verdict === 'permit' && isAddressKey(row.key);
    if (row.key.includes('/')) out.remark('postfix-never-matches', row.item, 'keyed tables know no CIDR');
    else addClient(out, position, row, isUnread ? 'no-opinion' : verdict);
  }
  return out;
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
  { parentMatches, okRelays }: Omit<Position, 'chain'>,
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
  if (reach === undefined) {
    out.remark('postfix-table-pattern', item);
    return;
  }
  if (verdict === 'permit' && okRelays) out.remark('postfix-client-permits', item);
  out.add('host.deny', verdict, reach.text, item, { order, subdomainsOnly: reach.subdomainsOnly });
}

const ipv6Prefix = /^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){1,6}$/i;

function isAddressKey(key: string): boolean {
  return addressOf(key) !== undefined || ipv6Prefix.test(key);
}

/** A key of a client table as an entry: keyed tables know octet prefixes and, with colons cut off, IPv6 prefixes. */
function clientReach(key: string, parentMatches: boolean): { text: string; subdomainsOnly: boolean } | undefined {
  const address = addressOf(key);
  if (address !== undefined) return { text: address, subdomainsOnly: false };
  if (ipv6Prefix.test(key)) return { text: `${key}::/${key.split(':').length * 16}`, subdomainsOnly: false };
  if (key.startsWith('.')) return parentMatches ? undefined : { text: key.slice(1), subdomainsOnly: true };
  return { text: parentMatches ? key : `=${key}`, subdomainsOnly: false };
}
