/** The list files of CF's smtpcheck section: one entry a line, octet prefixes or domains; and its table of relay decisions. */

import { Collector, type SourceItem } from '../../collector';
import { chainOf, type ListName, lists, type ReaderContext, type Reading } from '../../site-policy';
import { parseAccessValue } from '../sendmail/access-value';
import { parseSendmailKey, type SendmailKey } from '../sendmail/sendmail-key';
import { refusesByValue } from '../table-value';
import { commentedLines, splitComment } from '../text-lines';

export type CfList = 'cf-localip' | 'cf-localdomain' | 'cf-relay-to' | 'cf-host-deny';

/** The lists and the table make one chain: each line is meant to hold for all that it names. */
const cf = chainOf('cf');

const names: Readonly<Record<CfList, ListName>> = {
  'cf-localip': 'localip',
  'cf-localdomain': 'localdomain',
  'cf-relay-to': 'relay.to',
  'cf-host-deny': 'host.deny',
};

export function readCfList(list: CfList): (text: string, context: ReaderContext) => Reading {
  return (text, context) => {
    const out = new Collector(context, cf);
    for (const { line, text: content, comments } of commentedLines(text)) {
      const { content: entry, trailingComment } = splitComment(content);
      // A second column is the value of a table that is used as a list.
      const [, first = '', value = ''] = /^(\S*)\s*(.*)$/s.exec(entry) ?? [];
      const item: SourceItem = { line, text: entry, comments, trailingComment };
      // Whoever wrote REJECT beside a trusted network meant to keep it out.
      if (list !== 'cf-host-deny' && refusesByValue(value)) {
        out.remark('cf-trusted-in-spite', item, value);
        excludeCfEntry(out, names[list], first, item);
      } else addCfEntry(out, list, first, item);
    }
    return out;
  };
}

function excludeCfEntry(out: Collector, list: ListName, text: string, item: SourceItem): void {
  const key = parseSendmailKey(text.replace(/^\./, ''), true);
  const entry = key.kind === 'cidr' ? text : entryOf(key);
  if (entry !== undefined) out.add(list, 'deny', entry, item);
}

/** What the key matches, as an entry of a list; nothing for what is no entry. */
function entryOf(key: SendmailKey): string | undefined {
  switch (key.kind) {
    case 'network':
    case 'literal':
      return key.entry;
    case 'domain':
      return key.name;
    case 'mailbox':
      return key.mailbox;
    default:
      return undefined;
  }
}

/** One member of a list. It is matched as a member of a sendmail class is: octet by octet, label by label. */
export function addCfEntry(out: Collector, list: CfList, text: string, item: SourceItem): void {
  const key = parseSendmailKey(text, true);
  const name = names[list];
  const add = (entry: string) => out.add(name, lists[name].listed, entry, item, { chain: cf });
  switch (key.kind) {
    case 'network':
      add(text.toLowerCase().startsWith('ipv6:') ? key.entry : text);
      return;
    case 'literal':
      add(key.entry);
      return;
    case 'mailbox':
      add(key.mailbox);
      return;
    case 'domain':
      add(key.name);
      return;
    case 'cidr':
      add(text);
      return;
    default:
      if (text.startsWith('.')) {
        out.remark('subdomains-only', item, text.slice(1));
        out.add(name, lists[name].listed, text.slice(1), item, { chain: cf, subdomainsOnly: true });
        return;
      }
      out.remark('class-option', item);
      return;
  }
}

/** RELAY_MAP: a table in access-map form that stays one. */
export function readCfRelayMap(text: string, context: ReaderContext): Reading {
  const out = new Collector(context, cf);
  for (const { line, text: content, comments } of commentedLines(text)) {
    const [, key = '', valueText = ''] = /^(\S*)\s*(.*?)\s*$/.exec(content) ?? [];
    const item: SourceItem = { line, text: content.trim(), comments };
    const value = parseAccessValue(valueText);
    if (valueText === '') out.remark('access-line', item);
    else if (/^from:/i.test(key)) out.remark(value.kind === 'relay' ? 'access-from-relay' : 'access-from', item);
    else if (value.kind === 'quarantine') out.remark('access-quarantine', item);
    else if (value.kind === 'unknown') out.remark('access-value', item);
    else addMapKey(out, key, value.kind === 'error' ? value.text : value.kind.toUpperCase(), item);
  }
  return out;
}

function addMapKey(out: Collector, written: string, value: string, item: SourceItem): void {
  const match = /^(connect|to):(.*)$/i.exec(written);
  const tag = match ? `${match[1]?.toLowerCase() === 'to' ? 'To' : 'Connect'}:` : '';
  const key = parseSendmailKey(match?.[2] ?? written, true);
  switch (key.kind) {
    case 'never':
      out.remark('access-never-matches', item, key.why);
      return;
    case 'subdomains':
      out.remark('access-never-matches', item, 'keys do not begin with a dot');
      return;
    case 'cidr':
      out.remark('access-cidr', item);
      return;
    case 'user':
      if (value === 'RELAY') out.remark('access-user-relay', item);
      else out.addMapLine(`${tag}${key.user}@`, value, item);
      return;
  }
  out.addMapLine(`${tag}${entryOf(key)}`, value, item);
  if (!['RELAY', 'OK', 'SKIP'].includes(value)) endLists(out, tag, key, item);
}

/** The lists are asked before the map, so they must not permit what a line of it refuses. */
function endLists(out: Collector, tag: string, key: SendmailKey, item: SourceItem): void {
  const entry = entryOf(key) ?? '';
  const extras = { narrowingRemark: 'map-ends-list' } as const;
  if (tag !== 'Connect:') out.add('relay.to', 'deny', entry, { ...item, comments: [] }, extras);
  if (tag === 'To:' || key.kind === 'mailbox') return;
  out.add(key.kind === 'domain' ? 'localdomain' : 'localip', 'deny', entry, { ...item, comments: [] }, extras);
}
