/** What sendmail's FEATUREs mean for an import, whether a sendmail.mc asks for them or a sendmail.cf holds their rules. */

import type { Collector, SourceItem } from '../../collector';
import type { RemarkCode } from '../../remark';

type Answer = { readonly remark: RemarkCode; readonly detail?: string };

const answers: Readonly<Record<string, Answer>> = {
  promiscuous_relay: { remark: 'promiscuous-relay' },
  relay_entire_domain: { remark: 'relay-entire-domain' },
  relay_based_on_MX: { remark: 'relay-by-mx' },
  relay_local_from: { remark: 'relay-by-sender' },
  relay_mail_from: { remark: 'relay-by-sender' },
  loose_relay_check: { remark: 'loose-relay-check' },
  accept_unqualified_senders: { remark: 'sender-checks' },
  accept_unresolvable_domains: { remark: 'sender-checks' },
  badmx: { remark: 'other-plugin', detail: 'mail_from.is_resolvable' },
  block_bad_helo: { remark: 'other-plugin', detail: 'helo.checks' },
  conncontrol: { remark: 'other-plugin', detail: 'limit' },
  dnsbl: { remark: 'other-plugin', detail: 'dns-list' },
  drac: { remark: 'other-plugin', detail: 'auth, in place of POP-before-SMTP' },
  enhdnsbl: { remark: 'other-plugin', detail: 'dns-list' },
  greet_pause: { remark: 'other-plugin', detail: 'early_talker' },
  ldap_routing: { remark: 'other-plugin', detail: 'rcpt-ldap or recipient-routes' },
  mailertable: { remark: 'other-plugin', detail: 'routes of relay.to, or recipient-routes' },
  nullclient: { remark: 'smart-host' },
  ratecontrol: { remark: 'other-plugin', detail: 'limit' },
  require_rdns: { remark: 'other-plugin', detail: 'fcrdns' },
  rhsbl: { remark: 'other-plugin', detail: 'dns-list' },
  virtusertable: { remark: 'other-plugin', detail: 'aliases or recipient-routes' },
};

/** Answers one FEATURE; those that have nothing to do with who may relay or is refused are passed over. */
export function addFeature(out: Collector, name: string, args: readonly string[], item: SourceItem): void {
  switch (name) {
    case 'relay_hosts_only':
      out.features.push('relay-hosts-only');
      return;
    case 'delay_checks':
      out.set({ key: 'deny-at', value: 'rcpt' }, item.line);
      return;
    case 'access_db':
      if (args.slice(1).some((arg) => arg === 'relaytofulladdress')) out.features.push('relay-to-full-address');
      addAccessMap(out, args[0] ?? '', item);
      return;
  }
  // An own property: FEATURE(`constructor') is nobody's feature.
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (answer) out.remark(answer.remark, item, answer.detail);
}

/** The access map by its definition: `hash -T<TMPF> /etc/mail/access.db`. */
export function addAccessMap(out: Collector, definition: string, item: SourceItem): void {
  const words = definition.split(/\s+/).filter((word) => word !== '');
  const kind = (words[0] ?? 'hash').toLowerCase();
  if (!['hash', 'btree', 'dbm', 'cdb', 'text'].includes(kind)) {
    out.remark('map-unreadable', item, definition);
    return;
  }
  const path = words.slice(1).find((word) => !word.startsWith('-')) ?? '/etc/mail/access';
  out.refer('sendmail-access', path.replace(/\.db$/, ''), item);
}

/** The file of a class: `-o /etc/mail/relay-domains %[^\#]`, where `-o` says that it may be missing. */
export function addClassFile(
  out: Collector,
  type: 'relay-domains' | 'local-host-names',
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
