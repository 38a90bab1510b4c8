/** Tables named in main.cf: which have a text source that can be read, and as what. */
import type { Collector, SourceItem } from '../../collector';
import type { FirstMatchList, TablePosition } from '../../site-policy';
import type { SourceType } from '../../source-type';

export type TableUse =
  | 'mynetworks'
  | 'relay-domains'
  | 'relay-recipients'
  | 'destination'
  | 'transport'
  | 'client-access';

export interface TableContext {
  readonly order: readonly number[];
  readonly negated: boolean;
  readonly parentMatches: boolean;
  readonly tablePosition?: TablePosition;
}

/** The uses that permit by a list whose first match decides. */
const firstMatchLists: Partial<Readonly<Record<TableUse, FirstMatchList>>> = {
  mynetworks: 'mynetworks',
  'relay-domains': 'relay_domains',
};

type Form = 'file' | 'cidr' | 'keyed';

const types: Readonly<Record<TableUse, Partial<Record<Form, SourceType>>>> = {
  mynetworks: { file: 'postfix-mynetworks', cidr: 'postfix-mynetworks-cidr', keyed: 'postfix-mynetworks-hash' },
  'relay-domains': { file: 'postfix-relay-domains', keyed: 'postfix-relay-domains-hash' },
  'relay-recipients': { keyed: 'postfix-relay-recipients' },
  destination: { file: 'postfix-destination', keyed: 'postfix-destination-hash' },
  transport: { keyed: 'postfix-transport' },
  'client-access': { cidr: 'postfix-client-access-cidr', keyed: 'postfix-client-access-hash' },
};

/** Table types that are made from a text file of the same name. */
const keyed = new Set(['hash', 'btree', 'dbm', 'sdbm', 'cdb', 'lmdb', 'texthash']);

/** Takes `text` for a file or table if it has the form of one, and says so. */
export function addTable(
  out: Collector,
  use: TableUse,
  text: string,
  item: SourceItem,
  context: TableContext,
): boolean {
  const { type, path } = splitTable(text);
  if (path === undefined) return false;
  const form: Form | undefined =
    type === '' ? 'file' : type === 'cidr' ? 'cidr' : keyed.has(type) ? 'keyed' : undefined;
  const sourceType = form && types[use][form];
  if (sourceType && path.startsWith('/')) {
    out.refer(sourceType, path, item, context);
    return true;
  }
  out.remark('map-unreadable', item, text);
  const list = firstMatchLists[use];
  if (list && context.negated) out.addBarrier(list, context.order, item);
  return true;
}

/** The list that a file would have been part of, had it been there, if exclusions can be missing with it. */
export function listWithout(type: SourceType, negated: boolean): FirstMatchList | undefined {
  for (const [use, list] of Object.entries(firstMatchLists) as [TableUse, FirstMatchList][]) {
    // A plain file can hold exclusions of its own.
    if (types[use].file === type || (negated && Object.values(types[use]).includes(type))) return list;
  }
  return undefined;
}

/** `hash:/etc/postfix/x`, `proxy:hash:/etc/postfix/x`, `/etc/postfix/x`; no path for anything else. */
function splitTable(text: string): { type: string; path?: string } {
  if (text.startsWith('/')) return { type: '', path: text };
  const match = /^(?:proxy:)?([a-z]+):(.+)$/.exec(text);
  return match ? { type: match[1] ?? '', path: match[2] ?? '' } : { type: '' };
}
