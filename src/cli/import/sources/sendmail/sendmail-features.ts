/** What sendmail's FEATUREs mean for an import, whether a sendmail.mc asks for them or a sendmail.cf holds their rules. */

import type { Collector, SourceItem } from '../../collector';
import type { SourceType } from '../../source-type';
import { features } from './sendmail-names';
import { suggestionsForFeature } from './sendmail-suggestions';

/** Answers one FEATURE. */
export function addFeature(out: Collector, name: string, args: readonly string[], item: SourceItem): void {
  switch (name) {
    case 'relay_hosts_only':
      out.features.push('relay-hosts-only');
      return;
    case 'blocklist_recipients':
    case 'blacklist_recipients':
      out.features.push('blocklist-recipients');
      return;
    case 'lookupdotdomain':
      out.features.push('lookup-dot-domain');
      return;
    case 'delay_checks':
      out.set({ key: 'deny-at', value: 'rcpt' }, item.line);
      if (args[0]) out.remark('delay-checks-exempt', item, args[0]);
      return;
    case 'access_db':
      for (const arg of args.slice(1)) addAccessOption(out, arg.toLowerCase());
      addMap(out, 'sendmail-access', args[0] ?? '', '/etc/mail/access', item);
      return;
    case 'mailertable':
      addMap(out, 'sendmail-mailertable', args[0] ?? '', '/etc/mail/mailertable', item);
      return;
    case 'virtusertable':
      addMap(out, 'sendmail-virtusertable', args[0] ?? '', '/etc/mail/virtusertable', item, true);
      break;
    case 'use_cw_file':
      // With the file that confCW_FILE names, wherever that stands.
      return;
  }
  for (const suggestion of suggestionsForFeature(name, args)) out.suggest(suggestion, item);
  const outcome = features.get(name);
  if (outcome === undefined) out.remark('feature-unknown', item, name);
  else if (typeof outcome === 'object') out.remark(outcome.remark, item, outcome.detail);
}

function addAccessOption(out: Collector, option: string): void {
  if (option === 'relaytofulladdress') out.features.push('relay-to-full-address');
  if (option === 'skip') out.features.push('access-skip');
  if (option === 'lookupdotdomain') out.features.push('lookup-dot-domain');
}

/** A map by its definition: `hash -T<TMPF> /etc/mail/access.db`. */
export function addMap(
  out: Collector,
  type: SourceType,
  definition: string,
  usualPath: string,
  item: SourceItem,
  optional = false,
): void {
  const words = definition.split(/\s+/).filter((word) => word !== '');
  const kind = (words[0] ?? 'hash').toLowerCase();
  if (!['hash', 'btree', 'dbm', 'cdb', 'text'].includes(kind)) {
    out.remark('map-unreadable', item, definition);
    return;
  }
  const path = words.slice(1).find((word) => !word.startsWith('-')) ?? usualPath;
  if (path.startsWith('/')) out.refer(type, path.replace(/\.db$/, ''), item, { optional });
  else out.remark('map-unreadable', item, definition);
}

/** The file of a class: `-o /etc/mail/relay-domains %[^\#]`, where `-o` says that it may be missing. */
export function addClassFile(
  out: Collector,
  type: 'relay-domains' | 'local-host-names' | 'virtual-domains',
  spec: string,
  item: SourceItem,
): void {
  const words = spec.split(/\s+/).filter((word) => word !== '');
  const path = words.find((word) => !word.startsWith('-'));
  if (path === undefined) return;
  if (!path.startsWith('/')) {
    out.remark('map-unreadable', item, spec);
    return;
  }
  out.refer(type, path, item, { optional: words.includes('-o') });
}
