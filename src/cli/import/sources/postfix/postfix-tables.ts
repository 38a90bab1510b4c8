/**
 * The text sources of Postfix's tables: plain list files, cidr tables and keyed tables (hash and its kin), each read as
 * what main.cf uses it for.
 */
import { words } from '../../../../policy/settings/setting-kinds';
import { Collector, type SourceItem } from '../../collector';
import type { RemarkCode } from '../../remark';
import type { ReaderContext, Reading } from '../../site-policy';
import { refusesByValue } from '../table-value';
import { logicalLines } from '../text-lines';
import { addAddress, addName, addressOf, type PatternContext } from './postfix-patterns';
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
    return [{ key: match?.[1] ?? '', value, item, order: [...(out.context.order ?? []), place] }];
  });
}

/** A `/file/name` pattern: its content stands in the list as if written there, tables and all. */
function readListFile(
  use: TableUse,
  addPattern: (out: Collector, word: string, item: SourceItem, context: PatternContext) => void,
) {
  return (text: string, context: ReaderContext): Reading => {
    const out = new Collector(context);
    let place = 0;
    for (const logical of logicalLines(text)) {
      for (const [i, word] of words(logical.text).entries()) {
        const negated = word.startsWith('!') !== (context.negated ?? false);
        const pattern = word.startsWith('!') ? word.slice(1) : word;
        const item: SourceItem = { line: logical.line, text: word, comments: i === 0 ? logical.comments : [] };
        const order = [...(context.order ?? []), place++];
        const parentMatches = context.parentMatches ?? true;
        if (!addTable(out, use, pattern, item, { order, negated, parentMatches }))
          addPattern(out, pattern, item, { negated, order });
      }
    }
    return out;
  };
}

export const readMynetworksFile = readListFile('mynetworks', (out, word, item, context) => {
  const address = addressOf(word);
  if (address !== undefined) addAddress(out, 'localip', address, item, context);
  else addName(out, 'localdomain', word, item, context, out.context.parentMatches ?? true);
});

export const readRelayDomainsFile = readListFile('relay-domains', (out, word, item, context) => {
  addName(out, 'relay.to', word, item, { ...context, parameter: 'relay_domains' }, out.context.parentMatches ?? true);
});

export const readDestinationFile = readListFile('destination', (out, word, item, context) => {
  if (context.negated) out.remark('not-a-host-name', item);
  else out.addLocalName(word, item);
});

/** mynetworks = cidr:…: Postfix only asks whether a pattern matches, whatever its value. */
export function readMynetworksCidr(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const row of cidrRows(out, text)) {
    // An author who wrote REJECT meant to exclude the client.
    const refused = refusesByValue(row.value) && !context.negated;
    if (refused) out.remark('postfix-trusted-in-spite', row.item, row.value);
    const negated = refused || (context.negated ?? false);
    addAddress(out, 'localip', row.key, row.item, { negated, order: row.order });
  }
  return out;
}

/** Rows of a cidr table outside of conditions. */
function cidrRows(out: Collector, text: string): Row[] {
  let nested = 0;
  const skip = (code: RemarkCode, { item, order }: Row) => {
    out.remark(code, item);
    if (out.context.negated) out.addBarrier('mynetworks', order, item);
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
  for (const { key, item, order } of rowsOf(out, text, true)) {
    const patternContext: PatternContext = { negated: context.negated ?? false, order };
    const address = addressOf(key);
    if (address?.includes('/')) out.remark('postfix-never-matches', item, 'keyed tables hold whole addresses, no CIDR');
    else if (address !== undefined) addAddress(out, 'localip', address, item, patternContext);
    else addName(out, 'localdomain', key, item, patternContext, context.parentMatches ?? true);
  }
  return out;
}

export function readRelayDomainsHash(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { key, item, order } of rowsOf(out, text, true)) {
    const patternContext: PatternContext = { negated: context.negated ?? false, order, parameter: 'relay_domains' };
    addName(out, 'relay.to', key, item, patternContext, context.parentMatches ?? true);
  }
  return out;
}

export function readDestinationHash(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { key, item } of rowsOf(out, text, true)) {
    if (context.negated) out.remark('not-a-host-name', item);
    else out.addLocalName(key, item);
  }
  return out;
}

/** relay_recipient_maps: mailboxes, and `@domain` for a whole domain. */
export function readRelayRecipients(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { key, item } of rowsOf(out, text, true)) {
    const at = key.lastIndexOf('@');
    if (at < 0) out.remark('postfix-recipient', item);
    else out.add('relay.to', at === 0 ? `=${key.slice(1)}` : key, item, { parameter: 'relay_recipient_maps' });
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
    if (context.parentMatches && !key.startsWith('.')) {
      out.routes.push({ domain, subdomains: true, route, origin: out.at(item.line), text: item.text });
    }
  }
  return out;
}

/** check_client_access cidr:…, first match. */
export function readClientAccessCidr(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const row of cidrRows(out, text)) addClient(out, row.key, row, true);
  return out;
}

/** check_client_access hash:…: addresses, octet prefixes and names; the most specific decides (access(5)). */
export function readClientAccessHash(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const row of rowsOf(out, text, true)) {
    if (row.key.includes('/')) out.remark('postfix-never-matches', row.item, 'keyed tables know no CIDR');
    else addClient(out, row.key, row, false);
  }
  return out;
}

function addClient(out: Collector, key: string, row: Row, firstMatch: boolean): void {
  const { item } = row;
  const action = row.value.trim();
  const defersOrDiscards = /^(?:4[0-9]{2}|defer|defer_if_permit|discard)(?:\s|$)/i.test(action);
  const refuses = defersOrDiscards || /^(?:reject|5[0-9]{2})(?:\s|$)/i.test(action);
  const accepts = /^(?:(?:ok|permit|dunno)(?:\s|$)|[0-9]+$)/i.test(action);
  if (!refuses && !accepts) {
    out.remark('postfix-table-value', item, action.split(/\s/)[0]);
    return;
  }
  if (defersOrDiscards)
    out.remark('access-refused-outright', item, /^discard/i.test(action) ? 'dropped all mail' : 'put off all mail');
  else if (refuses && !/^reject$/i.test(action)) out.remark('access-reply-lost', item);
  const reach = clientReach(key, out.context.parentMatches ?? true);
  if (reach === undefined) {
    out.remark('postfix-table-pattern', item);
    return;
  }
  const exemptsLaterTables = !refuses && !/^dunno/i.test(action);
  if (exemptsLaterTables && out.context.tablePosition?.relays) out.remark('postfix-client-permits', item);
  out.add('host.deny', refuses ? reach.text : `!${reach.text}`, item, {
    ...(firstMatch ? { order: row.order } : {}),
    ...(reach.subdomainsOnly ? { subdomainsOnly: true } : {}),
    ...(refuses ? {} : { implied: true, exemptsLaterTables }),
  });
}

/** A key of a client table as an entry: keyed tables know octet prefixes and, with colons cut off, IPv6 prefixes. */
function clientReach(key: string, parentMatches: boolean): { text: string; subdomainsOnly?: boolean } | undefined {
  const address = addressOf(key);
  if (address !== undefined) return { text: address };
  if (/^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6}$/i.test(key) && key.includes(':')) {
    const groups = key.split(':').length;
    return { text: `${key}::/${groups * 16}` };
  }
  if (key.startsWith('.')) return parentMatches ? undefined : { text: key.slice(1), subdomainsOnly: true };
  return { text: parentMatches ? key : `=${key}` };
}
