/** Tables named in main.cf: which have a text source that can be read, and as what. */
import type { Collector, SourceItem } from '../../collector';
import type { ListName, Position } from '../../site-policy';
import type { SourceType } from '../../source-type';

export type TableUse =
  | 'mynetworks'
  | 'relay-domains'
  | 'relay-recipients'
  | 'destination'
  | 'virtual'
  | 'transport'
  | 'client-access'
  | 'recipient-access';

export type Form = 'file' | 'cidr' | 'keyed';

const types: Readonly<Record<TableUse, Partial<Record<Form, SourceType>>>> = {
  mynetworks: { file: 'postfix-mynetworks', cidr: 'postfix-mynetworks-cidr', keyed: 'postfix-mynetworks-hash' },
  'relay-domains': { file: 'postfix-relay-domains', keyed: 'postfix-relay-domains-hash' },
  'relay-recipients': { keyed: 'postfix-relay-recipients' },
  destination: { file: 'postfix-destination', keyed: 'postfix-destination-hash' },
  virtual: { file: 'postfix-destination', keyed: 'postfix-virtual' },
  transport: { keyed: 'postfix-transport' },
  'client-access': { cidr: 'postfix-client-access-cidr', keyed: 'postfix-client-access-hash' },
  'recipient-access': { keyed: 'postfix-recipient-access' },
};

/** Table types that are made from a text file of the same name. */
const keyed = new Set(['hash', 'btree', 'dbm', 'sdbm', 'cdb', 'lmdb', 'texthash']);

/** A table as a list names it. */
export type Table =
  | { readonly kind: 'file'; readonly path: string; readonly form: Form; readonly type: SourceType }
  /** Its rows stand in braces: `inline:{key=value}`, `cidr:{{192.0.2.0/24 OK}}`. */
  | { readonly kind: 'inline'; readonly form: Exclude<Form, 'file'>; readonly content: string }
  | { readonly kind: 'unreadable' };

/** `hash:/etc/postfix/x`, `proxy:hash:/etc/postfix/x`, `/etc/postfix/x`, `inline:{…}`; nothing where it is no table. */
export function parseTable(use: TableUse, text: string): Table | undefined {
  const match = /^(?:proxy:)?([a-z]+[a-z0-9_-]*):(.+)$/s.exec(text);
  const [, typeName, rest = ''] = match ?? [];
  const path = match ? rest : text;
  if (!match && !text.startsWith('/')) return undefined;
  const form: Form | undefined = match ? formOf(typeName ?? '', path) : 'file';
  if (form === undefined) return { kind: 'unreadable' };
  const type = types[use][form];
  if (type === undefined) return { kind: 'unreadable' };
  if (path.startsWith('{') && form !== 'file') return { kind: 'inline', form, content: path };
  return path.startsWith('/') ? { kind: 'file', path, form, type } : { kind: 'unreadable' };
}

function formOf(type: string, path: string): Form | undefined {
  if (type === 'cidr') return 'cidr';
  if (type === 'inline') return path.startsWith('{') ? 'keyed' : undefined;
  return keyed.has(type) && !path.startsWith('{') ? 'keyed' : undefined;
}

/** Says of a table that it cannot be read; behind an exclusion nothing may be permitted then. */
export function remarkUnreadable(
  out: Collector,
  use: TableUse,
  text: string,
  item: SourceItem,
  position: Position,
): void {
  out.remark('map-unreadable', item, text);
  const list = use === 'mynetworks' || use === 'relay-domains' ? listOf[use] : undefined;
  if (list && position.negated) out.addBarrier(list, position.chain, position.order, item);
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
