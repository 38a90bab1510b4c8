/** What lint finds beyond the faults that stop a load, and how it is worded. */
import type { Finding, FindingCode } from '../../policy/findings/finding';
import { describeFault, type Wording, worded } from '../../policy/findings/finding-text';

export const lintCodes = [
  // entries of our lists
  'entry-shadowed',
  'entry-twice',
  'exclusion-of-nothing',
  'map-ok-idle',
  'map-refusal-idle',
  'map-reply-semicolon',
  'entry-expired',
  'entry-expiring',
  'network-wide',
  'network-unscoped',
  'networks-everything',
  'network-without-length',
  'range-as-name',
  'network-loopback',
  'network-private',
  'network-docker',
  'proxy-trusted',
  'trusted-client-denied',
  'deny-covers-this-host',
  'public-mail-domain',
  'sender-public-mail',
  'limit-without-effect',
  'mx-opens',
  'destination-is-local',
  'next-hop-here',
  'next-hop-accepts-all',
  'documentation-entry',
  // what the DNS says of them, with --dns
  'domain-unresolved',
  'destination-mx',
  'destination-mx-here',
  'dns-unanswered',
  // config/plugins
  'plugin-absent',
  'plugin-misspelt',
  'plugin-twice',
  'plugin-order',
  'plugin-lifts-refusals',
  'queue-absent',
  'local-recipients-unknown',
  // Haraka's own relay plugin and lists
  'stock-relay-all',
  'stock-dest-domains',
  'stock-acl-length',
  'stock-acl-host-bits',
  'host-list-entry',
  // settings and files
  'dns-over-plugin-timeout',
  'mode-observe',
  'restriction-off',
  'file-writable',
  'list-misnamed',
  'deny-list-absent',
  'log-hides-decisions',
  'redis-unread',
  // what lint itself is told
  'allow-unused',
] as const;

export type LintCode = (typeof lintCodes)[number];

export type LintFinding = Finding<FindingCode | LintCode>;

/** `error`: mail would be admitted or refused wrongly, or Haraka would not start. `warning`: likely a slip. */
export type LintSeverity = 'error' | 'warning';

/** The rules that are errors although a load would take them; all other lint codes are warnings. */
const errors: ReadonlySet<string> = new Set<LintCode>([
  'networks-everything',
  'proxy-trusted',
  'public-mail-domain',
  'next-hop-here',
  'destination-mx-here',
  'plugin-misspelt',
  'plugin-twice',
  'plugin-order',
  'plugin-lifts-refusals',
  'queue-absent',
  'local-recipients-unknown',
  'stock-relay-all',
  'stock-dest-domains',
]);

/** Whether these are found depends on when, where and how lint runs: with `--dns`, or on the host itself. */
export const hostDependentCodes: ReadonlySet<string> = new Set<LintCode>([
  'domain-unresolved',
  'destination-mx',
  'dns-unanswered',
  'deny-covers-this-host',
  'next-hop-here',
  'next-hop-accepts-all',
  'destination-mx-here',
  'entry-expired',
  'entry-expiring',
]);

export function severityOf(finding: Pick<LintFinding, 'code' | 'severity'>): LintSeverity {
  return finding.severity === 'fault' || errors.has(finding.code) ? 'error' : 'warning';
}

const wordings: Readonly<Record<LintCode, Wording<LintCode>>> = {
  'entry-shadowed': { wrong: (f) => `never decides: ${f.detail}`, remedy: 'take one of the two out' },
  'entry-twice': { wrong: (f) => `stands on line ${f.detail} already`, remedy: 'take it out' },
  'exclusion-of-nothing': {
    wrong: 'excludes what no entry includes',
    remedy: 'take it out, or add the entry it was meant to narrow',
  },
  'map-ok-idle': {
    wrong: 'decides nothing: OK and SKIP only end the search, and no wider key would have decided otherwise',
    remedy: 'write RELAY to permit relaying, or take it out',
  },
  'map-refusal-idle': {
    wrong: (f) => `never decides: ${f.detail} permits it before the map is asked`,
    remedy: 'exclude it there with !, or list a client that is never to be served in host.deny',
  },
  'map-reply-semicolon': {
    wrong: 'has a ; in the text of its reply, and clients read what stands behind it',
    remedy: 'start a comment behind a reply with #',
  },
  'network-wide': {
    wrong: (f) => `covers ${f.detail} addresses, which is likely a slip`,
    remedy: 'name the networks that are really meant; a bare IPv4 address is one host, 10 is all of 10.0.0.0/8',
  },
  'entry-expired': {
    wrong: (f) => `ended at ${f.detail}: it does not exist any more`,
    remedy: 'take it out, or give it a later until=',
  },
  'entry-expiring': {
    wrong: (f) => `ends at ${f.detail}`,
    remedy: 'give it a later until= if it is to stay',
  },
  'network-unscoped': {
    wrong: (f) =>
      `trusts ${f.detail} addresses in mail of every sender: one infected machine among them can send as anybody`,
    remedy: 'say with from= which senders they have and with limit= how much they send, or name narrower networks',
  },
  'networks-everything': {
    wrong: (f) => `and the networks on ${f.detail} cover every address there is`,
    remedy: 'name the networks that are meant',
  },
  'network-without-length': {
    wrong: 'is one host, though it looks like a network',
    remedy: (f) => `write ${f.detail} for the network, or ${hostForm(f.text)} for the host alone`,
  },
  'range-as-name': {
    wrong: 'is read as a domain name, which no host has: it looks like a range of addresses',
    remedy: 'write the networks that it is made of',
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
  'trusted-client-denied': {
    wrong: (f) => `trusts clients that ${f.detail} refuses, which wins over every trust`,
    remedy: 'take one of the two out, or exclude the clients in host.deny with !',
  },
  'deny-covers-this-host': {
    wrong: (f) =>
      `refuses this host itself (${f.detail}): mail of its own programs, and of a proxy on it, is not accepted`,
    remedy: (f) => `exclude this host with !${f.detail}, or name narrower networks`,
  },
  'public-mail-domain': {
    wrong: 'is a public mail provider: strangers could send through this host to all its users, or its mail ends here',
    remedy: 'list only domains that are yours or that you are backup MX for',
  },
  'mx-opens': {
    wrong: (f) =>
      `admits mail to every domain that lists this server behind hosts among these ${f.detail} addresses: whoever runs one of them decides which`,
    remedy: 'name the mail hosts of the partner alone, or allow this finding where the whole network is theirs',
  },
  'limit-without-effect': {
    wrong: (f) =>
      `has a limit for each client that none can reach: ${f.detail} for all of them together is reached before`,
    remedy: 'give all of them together more than each, or take one of the two out',
  },
  'sender-public-mail': {
    wrong: (f) => `names ${f.detail} in from=, a public mail provider: anybody can have a sender there`,
    remedy: 'name the domains of these clients',
  },
  'destination-is-local': {
    wrong: (f) => `is local as well, by ${f.detail}: it is delivered here and never sent on`,
    remedy: 'list it in one of the two',
  },
  'next-hop-here': {
    wrong: 'has a next hop that is this host, where Haraka itself listens: its mail comes back as a loop',
    remedy: 'name the host that delivers the mail, or the port of another program on this one',
  },
  'next-hop-accepts-all': {
    wrong: (f) =>
      `is verified in vain: the next hop of ${f.detail} accepts every recipient, and bounces those it does not know`,
    remedy: 'have the next hop refuse unknown recipients at RCPT, or take verify out and list the mailboxes',
  },
  'documentation-entry': {
    wrong: 'is set aside for examples in documentation: no client and no destination has it',
    remedy: 'write what is meant in its place, or take it out',
  },
  'domain-unresolved': {
    wrong: 'does not exist in the DNS, so no client can have a confirmed name in it',
    remedy: 'check the spelling',
  },
  'destination-mx-here': {
    wrong:
      'has this host as its best mail exchange, and no next hop: its mail cannot be sent on, and nobody can be asked about its recipients',
    remedy: 'name the host that delivers the mail behind it, or list it in host_list if that is this one',
  },
  'destination-mx': {
    wrong: (f) => `does not have this host as a mail exchange: ${f.detail}`,
    remedy: 'strangers may send to it all the same: take it out, or name this host in [relay] this_host',
  },
  'dns-unanswered': {
    wrong: 'could not be checked: the DNS gave no answer',
    remedy: 'ask again later, or set [dns] servers',
  },
  'plugin-absent': {
    wrong: 'does not load the suite',
    remedy: 'run npx smtpcheck init . in the Haraka folder, or add the line smtpcheck',
  },
  'plugin-misspelt': {
    wrong: 'is the name of no plugin, and Haraka will not start',
    remedy: 'write the name as the documentation has it',
  },
  'plugin-twice': {
    wrong: (f) => `loads ${f.detail} a second time, and Haraka will not start`,
    remedy: 'keep one of the lines',
  },
  'plugin-order': {
    wrong: (f) =>
      `stands before the suite and takes the first place at ${f.detail} too: its OK ends the hook before us`,
    remedy: 'put smtpcheck before it',
  },
  'plugin-lifts-refusals': {
    wrong: (f) => `lifts refusals of ${f.detail}`,
    remedy: (f) =>
      f.text === 'karma'
        ? 'add it to [deny_excludes] plugins in karma.ini'
        : 'add it to excluded_plugins in delay_deny.ini',
  },
  'queue-absent': {
    wrong: 'has no queue plugin: what is accepted for local domains is answered 451 and goes nowhere',
    remedy: 'add a queue plugin, as queue/lmtp or queue/smtp_forward',
  },
  'local-recipients-unknown': {
    wrong: (f) => String(f.detail),
    remedy: (f) =>
      `${f.at.file === 'plugins' ? 'load rcpt_to.in_host_list, or a plugin that knows our mailboxes' : 'write our domains into host_list, one a line'}; or set [relay] local_delivery=false, where everything is to be sent on`,
  },
  'stock-relay-all': {
    wrong: 'lets every client relay to everyone',
    remedy: 'take it out: the relay plugin of the suite decides',
  },
  'stock-dest-domains': {
    wrong: 'opens the whole transaction for whoever names one of its domains first',
    remedy: 'set dest_domains=false and list the domains in relay.to',
  },
  'stock-acl-length': {
    wrong: 'has no length: Haraka adds /32, which for an IPv6 address is a whole network, and takes no octet prefix',
    remedy: 'write the length, or list it in localip',
  },
  'stock-acl-host-bits': {
    wrong: 'has host bits set, and covers the whole network all the same',
    remedy: 'write the first address of the network',
  },
  'host-list-entry': {
    wrong: 'never matches: host_list holds one plain domain a line, and no comment behind it',
    remedy: 'write the domain alone, as A-labels',
  },
  'dns-over-plugin-timeout': {
    wrong: (f) => `lets names take ${f.detail}, which Haraka's plugin timeout would cut short`,
    remedy: 'lower timeout or tries, or raise plugin_timeout',
  },
  'mode-observe': {
    wrong: 'only observes: nothing is refused or permitted',
    remedy: 'set mode=enforce when the trial is over',
  },
  'restriction-off': {
    wrong: 'turns the relay restriction off: what no list permits is left to other plugins',
    remedy: 'set restriction=true',
  },
  'file-writable': { wrong: (f) => `can be written by ${f.detail}, who may then relay at will`, remedy: 'chmod go-w' },
  'list-misnamed': {
    wrong: (f) => `is not there and lists nothing, but ${f.detail} is`,
    remedy: 'rename the file, or name it in smtpcheck.ini',
  },
  'deny-list-absent': {
    wrong: 'does not exist: no client is refused, whatever it was before a restart',
    remedy: 'create the file; an empty one says that nobody is to be refused',
  },
  'log-hides-decisions': {
    wrong: 'hides the decisions from the log: refusals and deferrals are logged at NOTICE, permits at INFO',
    remedy: 'set level=notice, or level=info to see permits too',
  },
  'redis-unread': {
    wrong: (f) => `could not be read: ${f.detail}`,
    remedy: 'while a server cannot read it either, its file stands in, or what it could decide is deferred',
  },
  'allow-unused': { wrong: (f) => String(f.detail), remedy: 'take it out of the comment' },
};

/** The address of an entry or key with the length of a single host. */
function hostForm(text: string): string {
  const [address = ''] = text.replace(/^(?:Connect|To):/i, '').split(/[ \t]/);
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

function isLintFinding(finding: LintFinding): finding is Finding<LintCode> {
  return (lintCodes as readonly string[]).includes(finding.code);
}

/** What is wrong and what to do, without the place. */
export function describeLint(finding: LintFinding): string {
  if (!isLintFinding(finding)) return describeFault(finding as Finding);
  return worded(finding, wordings[finding.code]);
}

export function lintFinding(
  code: LintCode,
  at: Finding['at'],
  text: string,
  more: { readonly suggestion?: string; readonly detail?: string } = {},
): LintFinding {
  return { code, severity: 'warning', at, text, ...more };
}
