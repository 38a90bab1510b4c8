/**
 * The lists of a policy as data, and the policies that are made of some of them: with the lists of clients alone, or of
 * recipients alone, so that one question after the other can be asked of the decisions that a server makes.
 */
import type { EntryTablesData } from '../entries/entry-tables';
import { type ListData, type ListKind, PolicyList, parseList } from '../entries/list';
import { LocalDomains, type LocalDomainsData } from '../entries/local-domains';
import { parseRelayMap, RelayMap, type RelayMapData } from '../entries/relay-map';
import { NameTable, NameTableBuilder } from '../tables/name-table';
import { PrefixTableBuilder } from '../tables/prefix-table';
import type { MailPolicy } from './mail-decision';

export type PolicyLists = { readonly [K in ListKind]: ListData } & {
  readonly relay_map: RelayMapData;
  readonly host_list: LocalDomainsData;
  readonly host_list_regex: LocalDomainsData;
};

/** Those that a server may not know at present. */
export const ownLists = ['local_ip', 'local_domain', 'relay_to', 'relay_map', 'hosts'] as const;

export function unavailableLists({ lists }: PolicyContent): (typeof ownLists)[number][] {
  return ownLists.filter((name) => lists[name].available === false);
}

/** The same where every list that is unavailable is known to be empty. */
export function asAvailable(content: PolicyContent): PolicyContent {
  const known = unavailableLists(content).map((name) => {
    const { available: _, ...list } = content.lists[name];
    return [name, list];
  });
  return { ...content, lists: { ...content.lists, ...Object.fromEntries(known) } };
}

export interface PolicyContent {
  readonly lists: PolicyLists;
  readonly restriction: boolean;
  readonly localDelivery: boolean;
  readonly acceptsLocal: boolean;
}

/** The only trusted client of `recipientsOf`: recipients are compared for it, and for a client without trust. */
export const trustedClient = { family: 4, w0: 1, w1: 0, w2: 0, w3: 0 } as const;

function emptyTables(): EntryTablesData {
  return {
    networks4: new PrefixTableBuilder(4).build().data,
    networks6: new PrefixTableBuilder(6).build().data,
    suffixes: new NameTableBuilder().build().data,
    exacts: new NameTableBuilder().build().data,
    mailboxes: new NameTableBuilder().build().data,
  };
}

const none = emptyTables();

export function emptyListData(kind: ListKind, text = ''): ListData {
  return parseList(kind, kind, text).data as ListData;
}

export function emptyContent(): PolicyContent {
  const names = { file: 'host_list', lines: [] };
  return {
    lists: {
      local_ip: emptyListData('local_ip'),
      local_domain: emptyListData('local_domain'),
      relay_to: emptyListData('relay_to'),
      hosts: emptyListData('hosts'),
      relay_map: parseRelayMap('relay.map', '').data as RelayMapData,
      host_list: names,
      host_list_regex: { file: 'host_list_regex', lines: [] },
    },
    restriction: true,
    localDelivery: true,
    acceptsLocal: true,
  };
}

/** The whole policy. */
export function mailPolicyOf({ lists, restriction, localDelivery, acceptsLocal }: PolicyContent): MailPolicy {
  return {
    deny: { clients: new PolicyList(lists.hosts), onDnsFailure: 'pass' },
    relay: {
      restriction,
      clientNetworks: new PolicyList(lists.local_ip),
      clientDomains: new PolicyList(lists.local_domain),
      attributes: 'enforce',
      destinations: new PolicyList(lists.relay_to),
      map: new RelayMap(lists.relay_map),
      localDomains: new LocalDomains(lists.host_list, lists.host_list_regex),
      localDelivery,
    },
    acceptsLocal,
  };
}

type Tables = Pick<EntryTablesData, 'networks4' | 'networks6'> | Pick<EntryTablesData, 'suffixes' | 'exacts'>;

/** What the lists say of clients by one kind of entries, to a recipient that is in no list. */
function clientsBy(content: PolicyContent, pick: (tables: EntryTablesData) => Tables): MailPolicy {
  const { lists } = content;
  const only = <T extends EntryTablesData>(tables: T): T => ({ ...tables, ...none, ...pick(tables) });
  const connect = only(lists.relay_map.connect);
  return mailPolicyOf({
    ...content,
    lists: {
      ...lists,
      hosts: only(lists.hosts),
      local_ip: only(lists.local_ip),
      local_domain: only(lists.local_domain),
      relay_map: { ...lists.relay_map, connect, to: none },
      relay_to: emptyListData('relay_to'),
      host_list: { file: '', lines: [] },
      host_list_regex: { file: '', lines: [] },
    },
  });
}

export function clientsByAddress(content: PolicyContent): MailPolicy {
  return clientsBy(content, ({ networks4, networks6 }) => ({ networks4, networks6 }));
}

export function clientsByName(content: PolicyContent): MailPolicy {
  return clientsBy(content, ({ suffixes, exacts }) => ({ suffixes, exacts }));
}

/** What the lists say of recipients, to a client that is in no list, and to `trustedClient`. */
export function recipientsOf(content: PolicyContent): MailPolicy {
  const { lists } = content;
  return mailPolicyOf({
    ...content,
    lists: {
      ...lists,
      hosts: emptyListData('hosts'),
      local_ip: emptyListData('local_ip', '0.0.0.1'),
      local_domain: emptyListData('local_domain'),
      relay_map: { ...lists.relay_map, connect: none },
    },
  });
}

/** The same without mailboxes at one domain: what of recipients at an address literal its network decides, or their user. */
export function recipientsAtLiterals(content: PolicyContent): MailPolicy {
  const { relay_to, relay_map } = content.lists;
  const users = new NameTableBuilder();
  const mailboxes = new NameTable(relay_map.to.mailboxes);
  for (const row of mailboxes.rows()) {
    const key = mailboxes.keyAt(row);
    const { line, excluded, payload } = mailboxes.entryAt(row);
    if (key.endsWith('@')) users.add(key, line, excluded, payload);
  }
  const to = { ...relay_map.to, mailboxes: users.build().data };
  const lists = {
    ...content.lists,
    relay_to: { ...relay_to, mailboxes: none.mailboxes },
    relay_map: { ...relay_map, to },
  };
  return recipientsOf({ ...content, lists });
}
