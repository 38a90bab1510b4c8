/**
 * sendmail.mc: privacy flags, the FEATUREs that bear on relaying, class members, and the files that belong to them.
 * Nothing is expanded; what other files define is seen in the finished sendmail.cf only.
 */

import { Collector, type SourceItem } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import { splitLines } from '../text-lines';
import { type M4Call, m4Calls } from './m4-calls';
import { addPrivacyFlags } from './privacy-flags';
import { addRelayMember } from './relay-domains';
import { addClassFile, addFeature } from './sendmail-features';

const relayDomains = '-o /etc/mail/relay-domains';

export function readSendmailMc(text: string, context: ReaderContext): Reading {
  const calls = m4Calls(text);
  const hostsOnly = calls.some((call) => call.name === 'FEATURE' && call.args[0] === 'relay_hosts_only');
  const features = hostsOnly ? new Set([...context.features, 'relay-hosts-only' as const]) : context.features;
  const out = new Collector({ ...context, features });
  const files = { relay: { spec: relayDomains, line: 1 }, local: '/etc/mail/local-host-names' };
  for (const call of calls) {
    const item: SourceItem = { line: call.line, text: call.text };
    if (call.name === 'define') readDefine(out, call, item, files);
    else readCall(out, call, item);
  }
  for (const call of calls) {
    if (call.name !== 'FEATURE' || call.args[0] !== 'use_cw_file') continue;
    addClassFile(out, 'local-host-names', files.local, { line: call.line, text: call.text });
  }
  addClassFile(out, 'relay-domains', files.relay.spec, { line: files.relay.line, text: 'class R' });
  const rules = splitLines(text).find((line) => /^\s*(?:LOCAL_RULESETS|LOCAL_RULE_[0-3])\b/.test(line.text));
  if (rules) out.remark('own-rulesets', { line: rules.line, text: rules.text.trim() });
  return out;
}

interface ClassFiles {
  relay: { spec: string; line: number };
  local: string;
}

function readDefine(out: Collector, call: M4Call, item: SourceItem, files: ClassFiles): void {
  const value = call.args[1] ?? '';
  switch (call.args[0]) {
    case 'confPRIVACY_FLAGS':
      addPrivacyFlags(out, value, call.line, item.text);
      return;
    case 'confCR_FILE':
      files.relay = { spec: value, line: call.line };
      return;
    case 'confCW_FILE':
      files.local = value;
      return;
    case 'SMART_HOST':
    case 'MAIL_HUB':
    case 'LUSER_RELAY':
      if (value !== '') out.remark('smart-host', item);
      return;
  }
}

function readCall(out: Collector, call: M4Call, item: SourceItem): void {
  const first = call.args[0] ?? '';
  switch (call.name) {
    case 'FEATURE':
      addFeature(out, first, call.args.slice(1), item);
      return;
    case 'RELAY_DOMAIN':
      for (const member of first.split(/\s+/))
        if (member !== '') addRelayMember(out, member, { ...item, text: member });
      return;
    case 'RELAY_DOMAIN_FILE':
      addClassFile(out, 'relay-domains', first, item);
      return;
    case 'LOCAL_DOMAIN':
      for (const name of first.split(/\s+/)) if (name !== '') out.addLocalName(name, { ...item, text: name });
      return;
    case 'TRUST_AUTH_MECH':
      out.remark('trusted-auth', item);
      return;
    case 'DOMAIN':
      if (first !== 'generic') out.remark('mc-include', item);
      return;
    case 'include':
    case 'sinclude':
      if (!/\/m4\/cf\.m4$/.test(first)) out.remark('mc-include', item);
      return;
  }
}
