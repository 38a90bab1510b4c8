/**
 * sendmail.cf as m4 leaves it: privacy options, classes w and R, the access map, and the FEATUREs that can be told by
 * the rules they put in (sendmail 8.12 to 8.18).
 */

import { Collector, type SourceItem } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import { readTemplate } from '../template';
import { splitLines, type TextLine } from '../text-lines';
import { addPrivacyFlags } from './privacy-flags';
import { addRelayMember } from './relay-domains';
import { addDaemons, daemonOptions } from './sendmail-daemon';
import { addClassFile, addFeature, addMap } from './sendmail-features';
import { defines, variablesOfOptions } from './sendmail-names';
import { senderCheck, suggestionsForFilter } from './sendmail-suggestions';
import { addVirtualDomain } from './virtual-domains';

/** A rule that only one FEATURE writes, with white space as one blank. */
const marks: readonly { readonly rule: string; readonly feature: string }[] = [
  { rule: 'R$+ < @ $=R > $@ RELAY', feature: 'relay_hosts_only' },
  { rule: 'R$+ < @ $* $=m > $@ RELAY', feature: 'relay_entire_domain' },
  { rule: 'R<?> $+ < @ $=w > $@ RELAY FROM local', feature: 'relay_local_from' },
  { rule: 'R<@> <RELAY> $@ RELAY RELAY FROM sender ok', feature: 'relay_mail_from' },
  { rule: 'Scheckrcpt', feature: 'delay_checks' },
  { rule: 'R<?> $+ < @ $=w > $: <> <$1 < @ $2 >> $| <F:$1@$2> <U:$1@> <D:$2>', feature: 'blocklist_recipients' },
  { rule: 'R$* $| OK $@ OK Resolves.', feature: 'require_rdns' },
  { rule: 'R$* $| <$=R $*> [$*] $: $1 skip if local client', feature: 'block_bad_helo' },
  { rule: 'Sgreet_pause', feature: 'greet_pause' },
  { rule: 'Scheck_other', feature: 'check_other' },
  { rule: 'Scheck_compat', feature: 'compat_check' },
  { rule: 'SRateControl', feature: 'ratecontrol' },
  { rule: 'SConnControl', feature: 'conncontrol' },
  { rule: 'O UseMSP=True', feature: 'msp' },
  { rule: 'R$* < @ $* $={VirtHost} > $* $: $1 < @ $2 $3 . > $4', feature: 'virtuser_entire_domain' },
  { rule: 'SDomainMapLookup', feature: 'domainmap' },
  { rule: 'CAvnet.ibm.com vnet rscs ipnet', feature: 'vnet' },
];

/** A map that only one FEATURE defines. */
const maps: Readonly<Record<string, string>> = {
  badmx: 'badmx',
  bestmx: 'bestmx_is_local',
  bitdomain: 'bitdomain',
  dnsbl: 'dnsbl',
  domaintable: 'domaintable',
  drac: 'drac',
  ednsbl: 'enhdnsbl',
  ldapmh: 'ldap_routing',
  mtamark: 'mtamark',
  mxserved: 'relay_based_on_MX',
  uudomain: 'uucpdomain',
};

/** What SKIP does with the argument `skip` of FEATURE(`access_db'). */
const skipRule = 'R<SKIP> <$+> <$+> <$- $-> <$*> $@ <$2> <$5>';

export function readSendmailCf(text: string, context: ReaderContext): Reading {
  const template = readTemplate(text, context);
  if (template) return template;
  const lines = splitLines(text).map(({ line, text: content }) => ({
    line,
    text: content.replace(/\s+/g, ' ').trim(),
  }));
  const found = marks.flatMap(({ rule, feature }) => {
    const at = lines.find((line) => line.text === rule);
    return at ? [{ feature, at }] : [];
  });
  const hostsOnly = found.some(({ feature }) => feature === 'relay_hosts_only');
  const features = hostsOnly ? new Set([...context.features, 'relay-hosts-only' as const]) : context.features;
  const out = new Collector({ ...context, features });
  out.features.push('sendmail-configuration');
  if (lines.some(({ text: written }) => written === skipRule)) out.features.push('access-skip');
  if (lines.some(({ text: written }) => /\(access [A-Za-z$0-9]*:?\.\$2 /.test(written)))
    out.features.push('lookup-dot-domain');
  for (const { feature, at } of found) addFeature(out, feature, [], item(at));
  readRulesets(out, lines);
  readCfLines(out, lines);
  const resolves = lines.find((line) => line.text.includes('$(resolve $2 '));
  if (resolves) {
    const at = { line: resolves.line, text: 'checks of senders (MAIL FROM)' };
    out.remark('sender-checks', at);
    for (const suggestion of senderCheck) out.suggest(suggestion, at);
  }
  return out;
}

/** Lines of sendmail.cf, of which each says something by itself; also those inside a sendmail.mc. */
export function readCfLines(out: Collector, lines: readonly TextLine[]): void {
  for (const line of lines) readLine(out, line);
  const daemons = lines.flatMap((line) => {
    const options = /^O ?DaemonPortOptions ?= ?(.*)$/i.exec(line.text.trim());
    return options ? [daemonOptions(options[1] ?? '', item(line))] : [];
  });
  addDaemons(out, daemons);
}

function item({ line, text }: TextLine): SourceItem {
  return { line, text };
}

function readLine(out: Collector, line: TextLine): void {
  const option = /^O ?PrivacyOptions ?= ?(.*)$/i.exec(line.text) ?? /^Op(.+)$/.exec(line.text);
  if (option) {
    addPrivacyFlags(out, option[1] ?? '', line.line, line.text);
    return;
  }

  const members = /^C(?:\{R\}|R ?)(.+)$/.exec(line.text);
  if (members) {
    eachWord(members[1], (word) => {
      // Where class VirtHost has members, m4 adds them to class R.
      if (word !== '$={VirtHost}') addRelayMember(out, word, { line: line.line, text: word });
    });
    return;
  }

  const names = /^C(?:\{w\}|w ?)(.+)$/.exec(line.text);
  if (names) {
    // m4 itself puts localhost into class w.
    eachWord(names[1], (word) => {
      if (word !== 'localhost') out.addLocalName(word, { line: line.line, text: word });
    });
    return;
  }
  const ownName = /^Dj([A-Za-z0-9.-]+)$/.exec(line.text);
  if (ownName) {
    out.addLocalName(ownName[1] ?? '', item(line));
    return;
  }
  const relayFile = /^F(?:\{R\}|R)(.+)$/.exec(line.text);
  if (relayFile) {
    addClassFile(out, 'relay-domains', relayFile[1] ?? '', item(line));
    return;
  }
  const localFile = /^F(?:\{w\}|w)(.+)$/.exec(line.text);
  if (localFile) {
    addClassFile(out, 'local-host-names', localFile[1] ?? '', item(line));
    return;
  }

  const virtual = /^([CF])\{VirtHost\} ?(.+)$/.exec(line.text);
  if (virtual?.[1] === 'C') {
    eachWord(virtual[2], (word) => addVirtualDomain(out, word, { line: line.line, text: word }));
    return;
  }
  if (virtual) {
    addClassFile(out, 'virtual-domains', virtual[2] ?? '', item(line));
    return;
  }
  const map = /^K([a-z]+) (.+)$/.exec(line.text);
  if (map) {
    readMap(out, map[1] ?? '', map[2] ?? '', item(line));
    return;
  }
  if (/^O ?InputMailFilters ?= ?\S/i.test(line.text) || /^X\w/.test(line.text)) {
    out.remark('mail-filter', item(line));
    for (const suggestion of suggestionsForFilter([line.text])) out.suggest(suggestion, item(line));
    return;
  }
  if (/^O ?DeliveryMode ?= ?d/i.test(line.text)) {
    out.remark('deferred-mode', item(line));
    return;
  }
  const set = /^O ?([A-Za-z.]+) ?= ?(.+)$/.exec(line.text);
  const outcome = defines.get(variablesOfOptions.get((set?.[1] ?? '').toLowerCase()) ?? '');
  // m4 writes this one into every sendmail.cf.
  if (typeof outcome === 'object' && line.text !== 'O MinFreeBlocks=100') {
    out.remark(outcome.remark, item(line), outcome.detail);
    return;
  }
  // FEATURE(`prefixmod') sets flags of recipients by a prefix of the address.
  if (line.text.includes('$(macro {rcpt_flags} ')) {
    addFeature(out, 'prefixmod', [], item(line));
    return;
  }
  if (/^A=(?:TCP|IPC) \$h .*\S/.test(line.text.trim())) {
    out.remark('mailer-arguments', item(line));
    return;
  }
  // SMART_HOST, UUCP_RELAY, BITNET_RELAY, DECNET_RELAY, FAX_RELAY, LOCAL_RELAY, MAIL_HUB, LUSER_RELAY
  if (/^D[SYBCFRHL][^ ]/.test(line.text)) {
    out.remark('smart-host', item(line));
    return;
  }
  if (/^C\{TrustAuthMech\}/.test(line.text)) {
    out.remark('trusted-auth', item(line));
    return;
  }
  if (
    line.text.includes('$(access To:$1@$2 ') ||
    /SearchList <\+ To> \$\| <F:\$1@\$2> <D:\$2> <F:\$1@>/.test(line.text)
  ) {
    out.features.push('relay-to-full-address');
  }
}

function readMap(out: Collector, name: string, definition: string, at: SourceItem): void {
  switch (name) {
    case 'access':
      addMap(out, 'sendmail-access', definition, '/etc/mail/access', at);
      return;
    case 'mailertable':
      addMap(out, 'sendmail-mailertable', definition, '/etc/mail/mailertable', at);
      return;
    case 'virtuser':
      addFeature(out, 'virtusertable', [definition], at);
      return;
  }
  const feature = Object.hasOwn(maps, name) ? maps[name] : undefined;
  if (feature !== undefined) addFeature(out, feature, [], at);
}

function eachWord(text: string | undefined, use: (word: string) => void): void {
  for (const word of (text ?? '').split(' ')) if (word !== '') use(word);
}

/** Reads what only whole rulesets tell: whether strangers are refused at all, and rules of the site's own. */
function readRulesets(out: Collector, lines: readonly TextLine[]): void {
  let ruleset: TextLine | undefined;
  let asksRelaying = false;
  let loose = false;
  let basic: TextLine | undefined;
  let recipient: TextLine | undefined;
  for (const line of lines) {
    if (/^S[A-Za-z0-9_]/.test(line.text)) ruleset = line;
    if (/^SBasic_check_rcpt\b/.test(line.text)) basic = line;
    if (/^SRcpt_ok\b/.test(line.text)) recipient = line;
    if (!line.text.startsWith('R') || !ruleset) continue;
    if (
      /^SLocal_(?:check_(?:relay|mail|rcpt)|Relay_Auth|greet_pause|tls_(?:client|rcpt|server)|srv_features)\b/.test(
        ruleset.text,
      )
    ) {
      out.remark('own-rulesets', item(line));
      ruleset = undefined;
    } else if (basic && line.text.includes('$>"Relay_ok"')) {
      asksRelaying = true;
    } else if (recipient && /^SRcpt_ok\b/.test(ruleset.text) && line.text.startsWith('R$* $: $>CanonAddr $1')) {
      loose = true;
    }
  }
  if (basic && !asksRelaying) addFeature(out, 'promiscuous_relay', [], item(basic));
  if (recipient && loose) addFeature(out, 'loose_relay_check', [], item(recipient));
}
