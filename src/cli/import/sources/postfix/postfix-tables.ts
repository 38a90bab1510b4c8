/**
 * The text sources of Postfix's tables: plain list files, cidr tables and keyed tables (hash and its kin), each read as
 * what main.cf uses it for. The rows of `inline:{…}` stand in main.cf itself.
 */
import { Collector, type SourceItem } from '../../collector';
import { type Chain, chainOf, type Position, type ReaderContext, type Reading } from '../../site-policy';
import { refusesByValue } from '../table-value';
import { logicalLines } from '../text-lines';
import { readClientRows, readRecipientRows } from './postfix-access-tables';
import { cidrRows } from './postfix-cidr';
import {
  addAddress,
  addName,
  addressOf,
  mynetworksChain,
  type PatternContext,
  relayDomainsChain,
} from './postfix-patterns';
import { type Row, rowsOfBraces, rowsOfText, rowsWithValue } from './postfix-rows';
import { type Form, parseTable, remarkUnreadable, type TableUse } from './postfix-table-reference';
import { readTransportRows } from './postfix-transport';
import { wordsOf } from './postfix-values';

type RowReader = (out: Collector, rows: readonly Row[], position: Position) => void;

const rowReaders: Readonly<Record<TableUse, Partial<Record<Exclude<Form, 'file'>, RowReader>>>> = {
  mynetworks: { cidr: mynetworksCidrRows, keyed: mynetworksRows },
  'relay-domains': { keyed: relayDomainsRows },
  'relay-recipients': { keyed: relayRecipientRows },
  destination: { keyed: destinationRows },
  virtual: { keyed: virtualRows },
  transport: { keyed: readTransportRows },
  'client-access': { cidr: (...args) => readClientRows(...args, 'cidr'), keyed: (...args) => readClientRows(...args) },
  'recipient-access': { keyed: readRecipientRows },
};

/** Takes `text` for a table if it has the form of one: refers to its file, reads its rows, or says that nothing can. */
export function addTable(out: Collector, use: TableUse, text: string, item: SourceItem, position: Position): boolean {
  const table = parseTable(use, text);
  if (!table) return false;
  if (table.kind === 'file') out.refer(table.type, table.path, item, { position });
  else if (table.kind === 'unreadable') remarkUnreadable(out, use, text, item, position);
  else rowReaders[use][table.form]?.(out, rowsOfBraces(table.content, item, position.order), position);
  return true;
}

/** Where the table stands; one that is imported by itself is a list of its own. */
function positionOf({ file, position }: ReaderContext, chainIn: (file: string) => Chain): Position {
  return position ?? { chain: chainIn(file), order: [], negated: false, parentMatches: true };
}

function tableReader(use: TableUse, form: Exclude<Form, 'file'>, chainIn: (file: string) => Chain = chainOf) {
  return (text: string, context: ReaderContext): Reading => {
    const standing = positionOf(context, chainIn);
    // transport_maps is not among parent_domain_matches_subdomains.
    const position = use === 'transport' && !context.position ? { ...standing, parentMatches: false } : standing;
    const out = new Collector(context, position.chain);
    rowReaders[use][form]?.(out, rowsOfText(text, context.position?.order), position);
    return out;
  };
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
      for (const [i, word] of wordsOf(logical.text).entries()) {
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

/** One pattern of mynetworks: an address, a network or a name. */
export function addClientPattern(out: Collector, word: string, item: SourceItem, position: Position): void {
  const address = addressOf(word);
  if (address === undefined) {
    addName(out, 'localdomain', word, item, position, position.parentMatches);
    return;
  }
  const problem = addAddress(out, 'localip', address, item, position);
  // Postfix puts off every client that gets as far as a network that it cannot parse.
  if (problem?.problem === 'prefix-host-bits') out.addBarrier('localip', position.chain, position.order, item);
}

export const readMynetworksFile = readListFile('mynetworks', mynetworksChain, addClientPattern);

export const readRelayDomainsFile = readListFile('relay-domains', relayDomainsChain, (out, word, item, position) => {
  addName(out, 'relay.to', word, item, position, position.parentMatches);
});

export const readDestinationFile = readListFile('destination', chainOf, (out, word, item, { negated }) => {
  if (negated) out.remark('not-a-host-name', item);
  else out.addLocalName(word, item);
});

export const readMynetworksCidr = tableReader('mynetworks', 'cidr', mynetworksChain);
export const readMynetworksHash = tableReader('mynetworks', 'keyed', mynetworksChain);
export const readRelayDomainsHash = tableReader('relay-domains', 'keyed', relayDomainsChain);
export const readRelayRecipients = tableReader('relay-recipients', 'keyed');
export const readDestinationHash = tableReader('destination', 'keyed');
export const readVirtual = tableReader('virtual', 'keyed');
export const readTransport = tableReader('transport', 'keyed');
export const readClientAccessCidr = tableReader('client-access', 'cidr');
export const readClientAccessHash = tableReader('client-access', 'keyed');
export const readRecipientAccess = tableReader('recipient-access', 'keyed');

/** mynetworks = cidr:…: Postfix only asks whether a pattern matches, whatever its value. */
function mynetworksCidrRows(out: Collector, rows: readonly Row[], { chain, negated }: Position): void {
  for (const row of cidrRows(out, rows)) {
    // An author who wrote REJECT meant to exclude the client.
    const refused = refusesByValue(row.value) && !negated;
    if (refused) out.remark('postfix-trusted-in-spite', row.item, row.value);
    addAddress(out, 'localip', row.key, row.item, { negated: refused || negated, chain, order: row.order });
  }
}

/** mynetworks = hash:…: whole addresses, and names with the parents they are looked up by. */
function mynetworksRows(out: Collector, rows: readonly Row[], position: Position): void {
  for (const { key, item, order } of rowsWithValue(out, rows)) {
    const patternContext: PatternContext = { ...position, order };
    const address = addressOf(key);
    if (address?.includes('/')) out.remark('postfix-never-matches', item, 'keyed tables hold whole addresses, no CIDR');
    else if (address !== undefined) addAddress(out, 'localip', address, item, patternContext);
    else addName(out, 'localdomain', key, item, patternContext, position.parentMatches);
  }
}

function relayDomainsRows(out: Collector, rows: readonly Row[], position: Position): void {
  for (const { key, item, order } of rowsWithValue(out, rows)) {
    addName(out, 'relay.to', key, item, { ...position, order }, position.parentMatches);
  }
}

function destinationRows(out: Collector, rows: readonly Row[], { negated }: Position): void {
  for (const { key, item } of rowsWithValue(out, rows)) {
    if (negated) out.remark('not-a-host-name', item);
    else out.addLocalName(key, item);
  }
}

/** virtual(5): of a table of mailboxes or aliases the keys without `@` that are domains. */
function virtualRows(out: Collector, rows: readonly Row[], position: Position): void {
  const domains = rows.filter(({ key }) => !key.includes('@') && key.includes('.'));
  destinationRows(out, domains, position);
  if (domains[0]) out.remark('postfix-virtual', domains[0].item);
}

/** relay_recipient_maps: mailboxes, and `@domain` for a whole domain. */
function relayRecipientRows(out: Collector, rows: readonly Row[], { chain }: Position): void {
  for (const { key, item } of rowsWithValue(out, rows)) {
    const at = key.lastIndexOf('@');
    if (at < 0) out.remark('postfix-recipient', item);
    else out.add('relay.to', 'permit', at === 0 ? `=${key.slice(1)}` : key, item, { chain });
  }
}
