/**
 * CF's definition files (`sendmail.def`): the settings of its smtpcheck section and PRIVACY_FLAGS. A value that begins
 * with `/` names a list file; anything else is the list itself.
 */
import { words } from '../../../../policy/settings/setting-kinds';
import { Collector, type SourceItem } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import type { SourceType } from '../../source-type';
import { addPrivacyFlags } from '../sendmail/privacy-flags';
import { type Assignment, readAssignments } from '../shell-assignments';
import { addCfEntry, type CfList } from './cf-list';

const lists: Readonly<Record<string, CfList>> = {
  LOCAL_HOST_IPADDR: 'cf-localip',
  LOCAL_HOST_DOMAIN: 'cf-localdomain',
  ALLOW_RELAY_TO: 'cf-relay-to',
  CHECK_HOST_DENY: 'cf-host-deny',
};

/** Settings of CF's relay and spam checks that have no counterpart; all others build sendmail.cf and are passed over. */
const kindred = /RELAY|CHECK|DENY|ALLOW|SPAM|REJECT|LOCAL_HOST/;

export function readCfDef(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const { assignments, others } = readAssignments(text);
  // As in the shell, the last assignment of a name is the one that counts.
  const last = new Map(assignments.map((assignment) => [assignment.name, assignment]));
  for (const assignment of last.values()) readSetting(out, assignment);
  for (const { line, text } of others) out.remark('cf-shell', { line, text });
  return out;
}

function readSetting(out: Collector, assignment: Assignment): void {
  const { name, line, text, comments } = assignment;
  const value = assignment.value.trim();
  const item: SourceItem = { line, text, comments };
  const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
  const ours = list || ['MAIL_RELAY_RESTRICTION', 'RELAY_MAP', 'PRIVACY_FLAGS', 'ACCEPT_ADDRS'].includes(name);
  if (!ours) {
    if (kindred.test(name) && value !== '') out.remark('cf-key', item);
    return;
  }
  if (assignment.unset.length > 0) {
    out.remark('cf-variable', item, assignment.unset.map((variable) => `$${variable}`).join(', '));
    return;
  }
  if (value === '') return;
  if (list) {
    readList(out, list, value, item);
    return;
  }
  switch (name) {
    case 'MAIL_RELAY_RESTRICTION':
      if (/^(?:yes|true|on|1)$/i.test(value)) {
        out.set({ key: 'restriction', value: true }, line);
        return;
      }
      out.remark('cf-unrestricted', item);
      return;
    case 'PRIVACY_FLAGS':
      addPrivacyFlags(out, value, line, text);
      return;
    case 'RELAY_MAP':
      readTable(out, 'cf-relay-map', value, item);
      return;
    case 'ACCEPT_ADDRS':
      for (const word of words(value)) out.addLocalName(word, { ...item, text: word });
      return;
  }
}

function readList(out: Collector, list: CfList, value: string, item: SourceItem): void {
  if (/^[a-z]+:/.test(value) && !/^ipv6:/i.test(value)) {
    readTable(out, list, value, item);
    return;
  }
  if (value.startsWith('/')) {
    out.refer(list, value, item);
    return;
  }
  for (const word of words(value)) addCfEntry(out, list, word, item);
}

/** `hash:/etc/sendmail.relay.map`: a table by its kind and path. */
function readTable(out: Collector, type: SourceType, value: string, item: SourceItem): void {
  const match = /^(?:(hash|btree|dbm|cdb|text):)?(\/.*)$/.exec(value);
  if (!match) {
    out.remark('map-unreadable', item, value);
    return;
  }
  out.refer(type, (match[2] ?? '').replace(/\.(?:db|dir|pag|cdb)$/, ''), item);
}
