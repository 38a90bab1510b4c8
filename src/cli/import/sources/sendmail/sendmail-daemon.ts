/** Where the old server listened, and what it asked of clients there (DAEMON_OPTIONS, DaemonPortOptions). */

import type { Collector, SourceItem } from '../../collector';
import { listenAt } from './sendmail-suggestions';

interface DaemonOptions {
  readonly address: string;
  readonly port: string;
  readonly modifiers: string;
  readonly filters: string;
  readonly item: SourceItem;
}

/** `Family=inet, Name=MTA, Port=smtp, Addr=127.0.0.1, M=Ea`; keys count by their first letter. */
export function daemonOptions(text: string, item: SourceItem): DaemonOptions {
  const values = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, key = '', value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    const initial = /^input/i.test(key) ? 'filters' : (key[0] ?? '').toUpperCase();
    if (!values.has(initial)) values.set(initial, value);
  }
  const textOf = (key: string) => values.get(key) ?? '';
  return { address: textOf('A'), port: textOf('P'), modifiers: textOf('M'), filters: textOf('filters'), item };
}

/** Remarks on all daemons of one server. */
export function addDaemons(out: Collector, daemons: readonly DaemonOptions[]): void {
  for (const { modifiers, filters, item } of daemons) {
    if (modifiers.includes('a')) out.remark('daemon-auth', item);
    if (filters !== '') out.remark('mail-filter', item);
  }
  const addresses = daemons.map(({ address }) => address.replace(/^\[?(?:IPv6:)?|\]$/gi, ''));
  const [first] = daemons;
  if (!first || addresses.some((address) => /^(?:|0\.0\.0\.0|::)$/.test(address))) return;
  const listening = daemons.map(({ port }, number) => ({ address: addresses[number] ?? '', port: portOf(port) }));
  for (const suggestion of listenAt(listening)) out.suggest(suggestion, first.item);
  const [own = ''] = addresses.filter((address) => !isLoopback(address));
  if (own === '') out.remark('loopback-only', first.item);
  else out.remark('daemon-address', first.item, [...new Set(addresses)].join(', '));
}

const ports: Readonly<Record<string, string>> = { '': '25', smtp: '25', smtps: '465', submission: '587' };

function portOf(port: string): string {
  return ports[port.toLowerCase()] ?? port;
}

function isLoopback(address: string): boolean {
  return /^(?:127\.[0-9.]+|::1|0:0:0:0:0:0:0:1|localhost(?:\.localdomain)?)$/i.test(address);
}
