/** What lint finds beyond the faults that stop a load. */
import type { Finding, FindingCode, Severity } from '../../core';
import { describeFault } from '../../core';

export const lintCodes = [
  'entry-shadowed',
  'entry-twice',
  'exclusion-of-nothing',
  'network-wide',
  'network-loopback',
  'network-private',
  'network-docker',
  'proxy-trusted',
  'public-mail-domain',
  'destination-is-local',
  'domain-unresolved',
  'destination-mx',
  'plugin-absent',
  'plugin-twice',
  'plugin-order',
  'queue-absent',
  'stock-relay-all',
  'stock-dest-domains',
  'stock-acl-length',
  'stock-acl-host-bits',
  'dns-over-plugin-timeout',
  'file-writable',
  'list-absent',
  'mode-observe',
  'restriction-off',
] as const;

export type LintCode = (typeof lintCodes)[number];

export type LintFinding = Finding<FindingCode | LintCode>;

/** `error`: mail would be admitted or refused wrongly, or Haraka would not start. `warning`: likely a slip. */
export type LintSeverity = 'error' | 'warning';

/** The rules that are errors although a load would take them; all other lint codes are warnings. */
const errors: ReadonlySet<string> = new Set<LintCode>([
  'proxy-trusted',
  'public-mail-domain',
  'plugin-twice',
  'stock-relay-all',
  'queue-absent',
]);

export function severityOf(finding: LintFinding): LintSeverity {
  return finding.severity === 'fault' || errors.has(finding.code) ? 'error' : 'warning';
}

interface Wording {
  readonly wrong: string | ((finding: LintFinding) => string);
  readonly remedy: string | ((finding: LintFinding) => string);
}

const wordings: Readonly<Record<LintCode, Wording>> = {
  'entry-shadowed': {
    wrong: (f) => `never decides: the wider entry on line ${f.detail} says the same`,
    remedy: 'take one of the two out',
  },
  'entry-twice': { wrong: (f) => `stands on line ${f.detail} already`, remedy: 'take it out' },
  'exclusion-of-nothing': {
    wrong: 'excludes what no entry includes',
    remedy: 'take it out, or add the entry it was meant to narrow',
  },
  'network-wide': {
    wrong: (f) => `covers ${f.detail} addresses, which is likely a slip`,
    remedy: 'name the networks that are really meant; a bare IPv4 address is one host, 10 is all of 10.0.0.0/8',
  },
  'network-loopback': {
    wrong: 'trusts this host itself: everything behind a proxy, a port forward or a script on it comes from there',
    remedy: 'take it out unless nothing forwards connections to Haraka',
  },
  'network-private': {
    wrong: 'trusts a private range: where Haraka runs behind NAT or a load balancer, strangers may come from it',
    remedy: 'name the hosts that send mail, and check what address Haraka sees for a client from outside',
  },
  'network-docker': {
    wrong: "trusts Docker's bridge: with the userland proxy, and for IPv6 clients, strangers come from its gateway",
    remedy: 'take it out, or name the one container that sends mail',
  },
  'proxy-trusted': {
    wrong: (f) => `trusts the proxy ${f.detail}: every client that it passes on without a PROXY line may relay`,
    remedy: 'take the proxy out of the list; the address of the client behind it counts, not its own',
  },
  'public-mail-domain': {
    wrong: 'is a public mail provider: strangers could send through this host to all its users, or its mail ends here',
    remedy: 'list only domains that are yours or that you are backup MX for',
  },
  'destination-is-local': {
    wrong: (f) => `is local as well, by ${f.detail}: it is delivered here and never sent on`,
    remedy: 'list it in one of the two',
  },
  'domain-unresolved': {
    wrong: (f) => `does not resolve (${f.detail}), so no client can have a confirmed name in it`,
    remedy: 'check the spelling',
  },
  'destination-mx': {
    wrong: (f) => `has no MX record that names this host (${f.detail})`,
    remedy:
      'it is relayed to for anyone and this host is no backup of it: take it out, or name this host in [relay] this_host',
  },
  'plugin-absent': { wrong: 'does not load the suite', remedy: 'add the line smtpcheck before the rcpt_to plugins' },
  'plugin-twice': {
    wrong: (f) => `loads ${f.detail} a second time`,
    remedy: 'keep one of the lines: Haraka will not start',
  },
  'plugin-order': {
    wrong: (f) => `stands before smtpcheck and ${f.detail}`,
    remedy: 'put smtpcheck before it',
  },
  'queue-absent': {
    wrong: 'has no queue plugin: what is accepted for local domains is answered 451 and goes nowhere',
    remedy: 'add a queue plugin, as queue/lmtp or queue/smtp_forward',
  },
  'stock-relay-all': {
    wrong: 'lets every client relay to everyone',
    remedy: 'take all=true out: the relay plugin of the suite decides',
  },
  'stock-dest-domains': {
    wrong: 'opens the whole transaction for whoever names one of its domains first',
    remedy: 'set dest_domains=false and list the domains in relay.to',
  },
  'stock-acl-length': {
    wrong: 'has no length; what it then covers depends on the plugin that reads it',
    remedy: 'write the length (/32 for an IPv4 host, /128 for an IPv6 one), or list it in localip',
  },
  'stock-acl-host-bits': { wrong: 'has bits set behind its length', remedy: 'write the first address of the network' },
  'dns-over-plugin-timeout': {
    wrong: (f) => `lets names take ${f.detail}, which Haraka's plugin timeout would cut short`,
    remedy: 'lower timeout or tries, or raise plugin_timeout',
  },
  'file-writable': { wrong: (f) => `can be written by ${f.detail}, who may then relay at will`, remedy: 'chmod go-w' },
  'list-absent': {
    wrong: 'does not exist; the default setting that names it then lists nothing',
    remedy: 'create it, or leave it so',
  },
  'mode-observe': {
    wrong: 'only observes: nothing is refused or permitted',
    remedy: 'set mode=enforce when the trial is over',
  },
  'restriction-off': {
    wrong: 'turns the relay restriction off: what no list permits is left to other plugins',
    remedy: 'set restriction=true',
  },
};

/** What is wrong and what to do, without the place. */
export function describeLint(finding: LintFinding): string {
  const wording = wordings[finding.code as LintCode];
  if (!wording) return describeFault(finding as Finding);
  const say = (text: Wording['wrong']) => (typeof text === 'string' ? text : text(finding));
  return `${finding.written} ${say(wording.wrong)}; ${finding.use === undefined ? say(wording.remedy) : `write ${finding.use}`}`;
}

export function lintFinding(
  code: LintCode,
  at: Finding['at'],
  written: string,
  more: { use?: string; detail?: string } = {},
): LintFinding {
  const severity: Severity = 'warning';
  return { code, severity, at, written, ...more };
}
