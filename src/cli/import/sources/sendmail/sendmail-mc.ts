/**
 * sendmail.mc: privacy flags, the FEATUREs that bear on relaying, class members, and the files that belong to them. What a
 * name means is in `sendmail-names.ts`. What other files define is seen in the finished sendmail.cf only.
 */

import { Collector, type SourceItem } from '../../collector';
import type { RemarkCode } from '../../remark';
import type { Feature, ReaderContext, Reading } from '../../site-policy';
import { readTemplate } from '../template';
import { type M4Call, m4Calls } from './m4-calls';
import { addPrivacyFlags } from './privacy-flags';
import { addRelayMember } from './relay-domains';
import { readCfLines } from './sendmail-cf';
import { addDaemons, daemonOptions } from './sendmail-daemon';
import { addClassFile, addFeature } from './sendmail-features';
import { defines, macros, type Outcome } from './sendmail-names';
import { senderCheck, suggestionsForFilter, suggestionsForVariable } from './sendmail-suggestions';
import { addVirtualDomain } from './virtual-domains';

const relayDomains = '-o /etc/mail/relay-domains';

export function readSendmailMc(text: string, context: ReaderContext): Reading {
  const template = readTemplate(text, context);
  if (template) return template;
  const calls = m4Calls(text);
  const asks = (feature: string) => calls.some(({ name, args }) => name === 'FEATURE' && args[0] === feature);
  const features = new Set<Feature>(context.features);
  if (asks('relay_hosts_only')) features.add('relay-hosts-only');
  const out = new Collector({ ...context, features });
  const hasFilters = calls.some(({ name }) => /^(?:INPUT_)?MAIL_FILTER$/.test(name));
  const files: ClassFiles = { relay: { spec: relayDomains, line: 1 }, local: '/etc/mail/local-host-names' };
  for (const call of calls) {
    const item: SourceItem = { line: call.line, text: call.text };
    if (call.section) readSection(out, call, call.section);
    // The filters that it names have a remark each.
    else if (hasFilters && call.name === 'define' && call.args[0] === 'confINPUT_MAIL_FILTERS') continue;
    else if (call.name === 'define') readDefine(out, call, item, files);
    else readCall(out, call, item);
  }
  for (const call of calls) {
    // domain/generic.m4 asks for the file as well.
    const usesFile = call.args[0] === (call.name === 'DOMAIN' ? 'generic' : 'use_cw_file');
    if (!usesFile || !['FEATURE', 'DOMAIN'].includes(call.name)) continue;
    addClassFile(out, 'local-host-names', files.local, { line: call.line, text: call.text });
  }
  addClassFile(out, 'relay-domains', files.relay.spec, { line: files.relay.line, text: 'class R' });
  addDaemons(
    out,
    calls
      .filter(({ name }) => name === 'DAEMON_OPTIONS')
      .map(({ args, line, text: written }) => daemonOptions(args.join(','), { line, text: written })),
  );
  // A feature that is not seen is off only where everything was read.
  if (!out.remarks.some(({ code }) => unread.has(code))) out.features.push('sendmail-configuration');
  const checksSenders = !asks('accept_unqualified_senders') || !asks('accept_unresolvable_domains');
  if (calls.length > 0 && checksSenders && !asks('msp')) {
    const item = { line: 1, text: 'checks of senders (MAIL FROM)' };
    out.remark('sender-checks', item);
    if (!asks('accept_unresolvable_domains')) for (const suggestion of senderCheck) out.suggest(suggestion, item);
  }
  return out;
}

/** Remarks on what may hold more FEATUREs. */
const unread: ReadonlySet<RemarkCode> = new Set<RemarkCode>([
  'mc-include',
  'mc-condition',
  'mc-code',
  'mc-setting-unknown',
]);

interface ClassFiles {
  relay: { spec: string; line: number };
  local: string;
}

function readDefine(out: Collector, call: M4Call, item: SourceItem, files: ClassFiles): void {
  const [variable = '', value = ''] = call.args;
  switch (variable) {
    case 'confPRIVACY_FLAGS':
      addPrivacyFlags(out, value, call.line, item.text);
      return;
    case 'confCR_FILE':
      files.relay = { spec: value, line: call.line };
      return;
    case 'confCW_FILE':
      files.local = value;
      return;
    case 'confDOMAIN_NAME':
      // sendmail adds it to class w; $w.example.org is made of the name of the machine.
      if (/^[A-Za-z0-9.-]+$/.test(value)) out.addLocalName(value, item);
      else if (value !== '') out.remark('own-name', item);
      return;
    case 'confDELIVERY_MODE':
      if (/^d/i.test(value)) out.remark('deferred-mode', item);
      return;
    case 'confINPUT_MAIL_FILTERS':
      if (value !== '') out.remark('mail-filter', item);
      return;
  }
  for (const suggestion of suggestionsForVariable(variable, value)) out.suggest(suggestion, item);
  const outcome = defines.get(variable);
  if (outcome === undefined) {
    // A variable of the site's own is seen where it is used.
    if (/^(?:conf[A-Z]|_)/.test(variable)) out.remark('mc-setting-unknown', item, variable);
  } else if (value !== '' && !(isArguments(outcome) && /^(?:TCP|IPC) \$h$/.test(value))) report(out, outcome, item);
}

function isArguments(outcome: Outcome): boolean {
  return typeof outcome === 'object' && outcome.remark === 'mailer-arguments';
}

function report(out: Collector, outcome: Outcome, item: SourceItem): void {
  if (typeof outcome === 'object') out.remark(outcome.remark, item, outcome.detail);
}

function readCall(out: Collector, call: M4Call, item: SourceItem): void {
  const first = call.args[0] ?? '';
  switch (call.name) {
    case 'FEATURE':
      addFeature(out, first, call.args.slice(1), item);
      return;
    case 'RELAY_DOMAIN':
      eachMember(out, first, item, (member, at) => addRelayMember(out, member, at));
      return;
    case 'RELAY_DOMAIN_FILE':
      addClassFile(out, 'relay-domains', first, item);
      return;
    case 'LOCAL_DOMAIN':
      eachMember(out, first, item, (name, at) => out.addLocalName(name, at));
      return;
    case 'LOCAL_DOMAIN_FILE':
      addClassFile(out, 'local-host-names', first, item);
      return;
    case 'VIRTUSER_DOMAIN':
      eachMember(out, first, item, (name, at) => addVirtualDomain(out, name, at));
      return;
    case 'VIRTUSER_DOMAIN_FILE':
      addClassFile(out, 'virtual-domains', first, item);
      return;
    case 'DOMAIN':
      if (first !== 'generic') out.remark('mc-include', item);
      return;
    case 'include':
    case 'sinclude':
      if (!/\/m4\/cf\.m4$/.test(first)) out.remark('mc-include', item);
      return;
  }
  if (/^(?:INPUT_)?MAIL_FILTER$/.test(call.name)) {
    for (const suggestion of suggestionsForFilter(call.args)) out.suggest(suggestion, item);
  }
  const outcome = macros.get(call.name);
  if (outcome !== undefined) report(out, outcome, item);
  else if (/^[A-Z][A-Z0-9_]{2,}$/.test(call.name)) out.remark('mc-setting-unknown', item, call.name);
}

function eachMember(
  out: Collector,
  members: string,
  item: SourceItem,
  add: (member: string, item: SourceItem) => void,
): void {
  for (const member of members.split(/\s+/)) {
    // m4 leaves the name of a variable that nothing defines as it is.
    if (/^[A-Z][A-Z0-9]*_[A-Z0-9_]*$/.test(member)) out.remark('mc-variable', item, member);
    else if (member !== '') add(member, { ...item, text: member });
  }
}

/** Lines of sendmail.cf inside sendmail.mc. */
function readSection(out: Collector, call: M4Call, section: NonNullable<M4Call['section']>): void {
  if (call.name === 'MAILER_DEFINITIONS' || /^LOCAL_(?:CLT_FEATURES|TRY_TLS)$/.test(call.name)) return;
  const rule = section.find(({ text }) => /^[RS]/.test(text));
  if (call.name === 'LOCAL_CONFIG') readCfLines(out, section);
  if (rule) out.remark('own-rulesets', { line: rule.line, text: rule.text.trim() });
  else if (call.name !== 'LOCAL_CONFIG') out.remark('own-rulesets', { line: call.line, text: call.text });
}
