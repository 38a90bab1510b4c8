/** A policy as it is at a time: without the entries that have ended, as if they had never been listed. */
import type { EntryTablesData } from '../entries/entry-tables';
import type { ListData } from '../entries/list';
import { type Ends, hasEnded } from '../tables/ends';
import { NameTable, NameTableBuilder, type NameTableData } from '../tables/name-table';
import {
  addressOfRow,
  lengthOfRow,
  PrefixTable,
  PrefixTableBuilder,
  type PrefixTableData,
} from '../tables/prefix-table';
import type { PolicyContent } from './policy-lists';

export function contentAt(content: PolicyContent, time: number): PolicyContent {
  const { local_ip, local_domain, relay_to, hosts, relay_map } = content.lists;
  const { ends } = relay_map.values;
  const list = (data: ListData): ListData => ({
    ...withoutEnded(data, data.extras.ends, time),
    ...(data.exchanges && { exchanges: withoutEnded(data.exchanges, data.extras.ends, time) }),
  });
  return {
    ...content,
    lists: {
      ...content.lists,
      local_ip: list(local_ip),
      local_domain: list(local_domain),
      relay_to: list(relay_to),
      hosts: list(hosts),
      relay_map: {
        ...relay_map,
        connect: withoutEnded(relay_map.connect, ends, time),
        to: withoutEnded(relay_map.to, ends, time),
      },
    },
  };
}

function withoutEnded<T extends EntryTablesData>(tables: T, ends: Ends, time: number): T {
  const isLive = (payload: number) => !hasEnded(ends, payload, time);
  if (ends.every((_, i) => isLive(i + 1))) return tables;
  return {
    ...tables,
    networks4: liveNetworks(tables.networks4, isLive),
    networks6: liveNetworks(tables.networks6, isLive),
    suffixes: liveNames(tables.suffixes, isLive),
    exacts: liveNames(tables.exacts, isLive),
    mailboxes: liveNames(tables.mailboxes, isLive),
  };
}

function liveNetworks(data: PrefixTableData, isLive: (payload: number) => boolean): PrefixTableData {
  const table = new PrefixTable(data);
  const builder = new PrefixTableBuilder(data.family);
  for (let row = 0; row < table.size; row++) {
    const { line, excluded, payload } = table.entryAt(row);
    if (isLive(payload)) builder.add(addressOfRow(data, row), lengthOfRow(data, row), line, excluded, payload);
  }
  return builder.build().data;
}

function liveNames(data: NameTableData, isLive: (payload: number) => boolean): NameTableData {
  const table = new NameTable(data);
  const builder = new NameTableBuilder();
  for (const row of table.rows()) {
    const { line, excluded, payload } = table.entryAt(row);
    if (isLive(payload)) builder.add(table.keyAt(row), line, excluded, payload);
  }
  return builder.build().data;
}
