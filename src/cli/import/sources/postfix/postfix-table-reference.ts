/** Tables named in main.cf: which have a text source that can be read, and as what. */
import type { Collector, SourceItem } from '../../collector';
import type { ListName, Position } from '../../site-policy';
import type { SourceType } from '../../source-type';

export type TableUse =
  | 'mynetworks'
  | 'relay-domains'
  | 'relay-recipients'
  | 'destination'
  | 'transport'
  | 'client-access';

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
export function addTable(out: Collector, use: TableUse, text: string, item: SourceItem, position: Position): boolean {
  const { type, path } = splitTable(text);
  if (path === undefined) return false;
  const form: Form | undefined =
    type === '' ? 'file' : type === 'cidr' ? 'cidr' : keyed.has(type) ? 'keyed' : undefined;
  const sourceType = form && types[use][form];
  if (sourceType && path.startsWith('/')) {
    out.refer(sourceType, path, item, { position });
    return true;
  }
  out.remark('map-unreadable', item, text);
  const list = use === 'mynetworks' || use === 'relay-domains' ? listOf[use] : undefined;
  if (list && position.negated) out.addBarrier(list, position.chain, position.order, item);
  return true;
}

/** The list that would be without denials if a file that it names were missing. */
export function listWithout(type: SourceType, negated: boolean): ListName | undefined {
  for (const use of ['mynetworks', 'relay-domains'] as const) {
    // A plain file can hold denials of its own.
    if (types[use].file === type || (negated && Object.values(types[use]).includes(type))) return listOf[use];
  }
  return undefined;
}

const listOf = { mynetworks: 'localip', 'relay-domains': 'relay.to' } as const satisfies Partial<
  Record<TableUse, ListName>
>;

/** `hash:/etc/postfix/x`, `proxy:hash:/etc/postfix/x`, `/etc/postfix/x`; no path for anything else. */
function splitTable(text: string): { type: string; path?: string } {
  if (text.startsWith('/')) return { type: '', path: text };
  const match = /^(?:proxy:)?([a-z]+):(.+)$/.exec(text);
  return match ? { type: match[1] ?? '', path: match[2] ?? '' } : { type: '' };
}
