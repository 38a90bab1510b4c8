/**
 * The texts of remarks: a message about the line, its effect on relaying, and a suggestion. One table, so that no code
 * lacks a text.
 */
import type { Problem } from '../../policy/entries/entry';
import { fault } from '../../policy/findings/finding';
import { describeFault } from '../../policy/findings/finding-text';
import type { Remark, RemarkCode } from './remark';

/** `left-out`: nothing of it was carried over. `changed`: it was, and acts differently. `note`: nothing was lost. */
export type RemarkKind = 'left-out' | 'changed' | 'note';

interface Words {
  readonly kind: RemarkKind;
  readonly message: string;
  /** The effect on who may relay. */
  readonly effect: string;
  readonly suggestion?: string;
}

const noRelaying = 'none: it never let anyone relay.';
const stricter = 'stricter than the source.';

/** `{detail}` stands for the remark's detail. */
const words: Readonly<Record<RemarkCode, Words>> = {
  'refused-entry': {
    kind: 'left-out',
    message: 'the lists do not take it: {detail}.',
    effect:
      'what it would have matched is treated as unlisted: not relayed for; and, had it been a refusal, not refused.',
    suggestion: 'write what is meant by hand; `smtpcheck lint` explains each form.',
  },
  loopback: {
    kind: 'left-out',
    message: 'loopback is not trusted unless you insist.',
    effect:
      'programs of this machine that speak SMTP to it must log in, or send to local and relay.to domains only. A proxy or port forward in front would otherwise hand every client a trusted address.',
    suggestion: '--keep-loopback carries it over.',
  },
  'loopback-kept': {
    kind: 'note',
    message: 'loopback is carried over as you asked.',
    effect:
      'everything that reaches Haraka from this machine may relay; never put a proxy or port forward in front of it.',
  },
  'not-a-host-name': {
    kind: 'left-out',
    message: 'not a domain name that host_list can hold.',
    effect: 'mail for it is not taken as local; strangers get "Relaying denied".',
  },
  'already-covered': {
    kind: 'note',
    message: 'already covered by {detail}.',
    effect: 'nothing changes.',
  },
  'excludes-nothing': {
    kind: 'note',
    message: 'an exclusion inside nothing: no wider entry is in the list.',
    effect: 'nothing changes.',
  },
  contradiction: {
    kind: 'changed',
    message: 'one source lists it and another excludes it ({detail}); the refusal stands.',
    effect: stricter,
    suggestion: 'decide which one is meant and write it by hand.',
  },
  'also-local': {
    kind: 'note',
    message: 'host_list holds this domain: it is local, so relay.to does without it.',
    effect: 'nothing changes: local delivery comes first.',
  },
  'file-missing': {
    kind: 'left-out',
    message: '{detail} was not found and --skip-missing was given.',
    effect: 'who was listed there is unlisted here: not relayed for; and, where it was a deny list, not refused.',
    suggestion: 'import again with the file.',
  },
  'subdomains-only': {
    kind: 'note',
    message:
      'means the names below {detail} and not the name itself, which has an entry of its own where it needs one.',
    effect: 'nothing changes.',
  },

  'access-line': {
    kind: 'left-out',
    message: 'a line without a value.',
    effect: noRelaying,
  },
  'access-value': {
    kind: 'left-out',
    message: 'a value that relay.map does not know.',
    effect: 'sendmail took it for an error text; who it names is not relayed for, and not refused for local mail.',
    suggestion: 'write REJECT or `ERROR:5.7.1:550 text`.',
  },
  'access-from-relay': {
    kind: 'left-out',
    message: 'a sender address is only a claim: anyone can write it.',
    effect: 'nobody may relay by naming this sender.',
    suggestion: 'list the client in localip or localdomain, or let it log in (AUTH).',
  },
  'access-from': {
    kind: 'left-out',
    message: 'a check of the sender address; the suite does not look at senders.',
    effect: noRelaying,
    suggestion: "Haraka's access plugin has lists for senders.",
  },
  'access-sender-half': {
    kind: 'changed',
    message: 'without a tag it was for senders too; carried over for {detail} only.',
    effect: noRelaying,
    suggestion: "Haraka's access plugin has lists for senders.",
  },
  'access-certificate': {
    kind: 'left-out',
    message: 'relaying by TLS client certificate.',
    effect: 'clients known by their certificate may not relay.',
    suggestion: 'let them log in (AUTH), or list their addresses in localip.',
  },
  'access-other-tag': {
    kind: 'left-out',
    message: 'the tag {detail} is not about relaying.',
    effect: noRelaying,
    suggestion: 'see the Haraka plugins limit, early_talker, tls and auth.',
  },
  'access-never-matches': {
    kind: 'left-out',
    message: 'sendmail never finds this key: {detail}.',
    effect: 'nothing changes; it had no effect before.',
    suggestion: 'write what is meant into the list by hand.',
  },
  'access-cidr': {
    kind: 'left-out',
    message: 'sendmail knows no CIDR; cidrexpand turns such lines into octet prefixes.',
    effect: 'the network is treated as unlisted.',
    suggestion:
      'if your Makefile runs cidrexpand, import its output; or write this network into the list, which takes CIDR.',
  },
  'access-quarantine': {
    kind: 'left-out',
    message: 'Haraka has no quarantine queue of this kind.',
    effect: 'who it names is treated as unlisted; their mail to local domains is not held back.',
  },
  'access-reply-lost': {
    kind: 'changed',
    message: 'host.deny refuses with its own reply; the text is not kept.',
    effect: noRelaying,
  },
  'access-refused-outright': {
    kind: 'changed',
    message:
      'the old server {detail} from this client; host.deny refuses it outright, for nothing else covers all of its mail.',
    effect: stricter,
  },
  'access-full-address': {
    kind: 'left-out',
    message:
      "sendmail uses such an entry only with FEATURE(`access_db', …, `relaytofulladdress'), which no source sets.",
    effect: 'the mailbox is not relayed to.',
    suggestion: 'import sendmail.mc along with it if the feature is on, or write the mailbox into relay.to.',
  },
  'access-user-relay': {
    kind: 'left-out',
    message: 'a user name at any domain cannot open a relay: it would open it to every domain.',
    effect: 'it lets nobody relay.',
  },
  'access-user': {
    kind: 'left-out',
    message:
      'sendmail asks for a user at any domain only where the recipient is local, and host_list takes those before relay.map is asked.',
    effect: 'nothing changes for relayed domains; mail to this user at your own domains is taken.',
    suggestion: "Haraka's access plugin has lists of recipients that hold for everybody.",
  },
  'access-ok': {
    kind: 'note',
    message: 'OK and SKIP never let anyone relay; kept as an exclusion where a wider entry stands, otherwise dropped.',
    effect: 'nothing changes.',
  },
  'access-recipient': {
    kind: 'changed',
    message:
      'in relay.map it holds for strangers; clients of localip and localdomain, and recipients of host_list domains, are decided before.',
    effect: 'it lets nobody relay.',
    suggestion: "Haraka's access plugin has lists of recipients that hold for everybody.",
  },
  'user-before-domain': {
    kind: 'changed',
    message:
      'relay.to would permit the user before relay.map is asked; its domains stand in relay.map instead, so that this line decides.',
    effect: stricter,
  },
  'user-behind-domain': {
    kind: 'left-out',
    message: 'it does not hold at the names below {detail}: relay.to permits them before relay.map is asked.',
    effect: 'mail to this user at a name below is relayed.',
    suggestion: 'exclude the mailboxes from relay.to by their full addresses: !user@name.',
  },
  'class-option': {
    kind: 'left-out',
    message: 'not a domain or an address that the lists can hold.',
    effect: 'it lets nobody relay.',
  },

  'promiscuous-relay': {
    kind: 'left-out',
    message: 'this makes an open relay.',
    effect: 'strangers may not relay: restriction=true stays.',
    suggestion: 'list the clients that need it in localip or localdomain.',
  },
  'relay-entire-domain': {
    kind: 'left-out',
    message: 'opens relaying from and to everything in the domains of class m, which this file does not name.',
    effect: 'hosts of your domain are treated as strangers unless listed.',
    suggestion: 'write your domain into localdomain (clients) and, if its other hosts get mail through you, relay.to.',
  },
  'relay-by-mx': {
    kind: 'left-out',
    message: 'anyone who points an MX record at you could use you as relay.',
    effect: 'domains that you are backup MX for are refused unless listed.',
    suggestion: 'write each of them into relay.to.',
  },
  'relay-by-sender': {
    kind: 'left-out',
    message: 'a sender address is only a claim: anyone can write it.',
    effect: 'nobody may relay by naming a local sender.',
    suggestion: 'list the clients in localip or localdomain, or let them log in (AUTH).',
  },
  'loose-relay-check': {
    kind: 'left-out',
    message: 'routed local parts (user%host@domain) from strangers are always refused here.',
    effect: stricter,
  },
  'sender-checks': {
    kind: 'left-out',
    message: 'the suite does not check senders.',
    effect: noRelaying,
    suggestion: "see Haraka's mail_from.is_resolvable plugin.",
  },
  'smart-host': {
    kind: 'left-out',
    message: 'where outgoing mail goes is not part of this policy.',
    effect: 'nothing changes for who may relay.',
    suggestion: 'set it in Haraka: queue/smtp_forward, or a get_mx plugin.',
  },
  'other-plugin': {
    kind: 'left-out',
    message: 'the work of another Haraka plugin: {detail}.',
    effect: noRelaying,
  },
  'mc-include': {
    kind: 'left-out',
    message: 'names another file of m4 definitions, which was not read.',
    effect: 'what it switches on is unknown here; nothing was assumed to be allowed.',
    suggestion: 'import the finished sendmail.cf too: it holds what all files add up to.',
  },
  'own-rulesets': {
    kind: 'left-out',
    message: 'rules of your own cannot be carried over.',
    effect: 'relaying that only they allowed is refused; refusals that only they made are not made.',
  },
  'trusted-auth': {
    kind: 'note',
    message: 'relaying for authenticated users.',
    effect: 'users who log in may relay here too, once an auth plugin is set up in Haraka.',
  },
  'map-unreadable': {
    kind: 'left-out',
    message: 'the table {detail} has no source text that can be read here.',
    effect: 'what it lists is treated as unlisted.',
    suggestion: 'print its content into a file and import that.',
  },
  'flag-without-meaning': {
    kind: 'note',
    message: 'the flag {detail} does not apply to Haraka.',
    effect: noRelaying,
  },
  'flag-unknown': {
    kind: 'left-out',
    message: 'sendmail knows no flag {detail}, and ignores it.',
    effect: noRelaying,
  },
  'flags-public': {
    kind: 'left-out',
    message: 'it asks for no privacy at all.',
    effect: noRelaying,
    suggestion: 'the shipped flags stay; see [privacy] flags in smtpcheck.ini.',
  },

  'cf-unrestricted': {
    kind: 'left-out',
    message: 'this makes an open relay.',
    effect: 'strangers may not relay: restriction=true stays.',
    suggestion: 'list the clients that need it in localip or localdomain.',
  },
  'cf-key': {
    kind: 'left-out',
    message: 'a setting of CF that has no counterpart in the suite.',
    effect: 'what it allowed is not allowed here; what only it refused is not refused.',
  },
  'cf-shell': {
    kind: 'left-out',
    message: 'shell code; only assignments are read.',
    effect: 'what it would set is unknown here; nothing was assumed to be allowed.',
    suggestion: 'write the resulting assignment into the file.',
  },
  'cf-variable': {
    kind: 'left-out',
    message: 'uses {detail}, which no earlier line sets.',
    effect: 'the value is treated as unlisted.',
  },
  'cf-trusted-in-spite': {
    kind: 'changed',
    message:
      'a list counts who is found and not the value, so the source permits in spite of "{detail}"; excluded here, as its author meant.',
    effect: stricter,
  },
  'map-ends-list': {
    kind: 'changed',
    message: '{detail} would permit before relay.map is asked; excluded from that list, so that this line decides.',
    effect: stricter,
  },

  'postfix-syntax': {
    kind: 'left-out',
    message: 'not `name = value`.',
    effect: 'the line is ignored.',
  },
  'postfix-mynetworks-unset': {
    kind: 'left-out',
    message:
      'mynetworks is not set; Postfix then guesses it from the network interfaces ({detail}), which a file cannot tell.',
    effect: 'no client is trusted by its address.',
    suggestion: 'take the value that `postconf mynetworks` prints on the old server into localip.',
  },
  'postfix-mynetworks-unused': {
    kind: 'left-out',
    message: 'no permit_mynetworks stands before {detail}, so mynetworks lets nobody relay.',
    effect: 'nothing changes.',
  },
  'postfix-relay-domains-unused': {
    kind: 'left-out',
    message: '{detail} refuses strangers whatever the recipient, so relay_domains admits nothing from them.',
    effect: 'nothing changes.',
  },
  'postfix-variable': {
    kind: 'left-out',
    message: 'uses {detail}, which main.cf does not set.',
    effect: 'the value is treated as unlisted.',
    suggestion: 'for $myhostname and $mydomain give --hostname.',
  },
  'postfix-table-line': {
    kind: 'left-out',
    message: 'not `key value`.',
    effect: 'the line is ignored.',
  },
  'postfix-table-value': {
    kind: 'left-out',
    message: 'the action {detail} has no counterpart here.',
    effect: 'the client is neither trusted nor refused by this line.',
  },
  'postfix-table-condition': {
    kind: 'left-out',
    message: 'patterns with `!`, `if` and what stands inside `if` are not carried over.',
    effect: 'what they match is treated as unlisted.',
  },
  'postfix-table-pattern': {
    kind: 'left-out',
    message: 'not an address, network or name that the lists can hold.',
    effect: 'what it would match is treated as unlisted.',
  },
  'postfix-trusted-in-spite': {
    kind: 'changed',
    message:
      'mynetworks does not look at a table\'s results, so Postfix trusts this client in spite of "{detail}"; excluded here, as its author meant.',
    effect: stricter,
  },
  'postfix-never-reached': {
    kind: 'note',
    message: 'never reached in Postfix, where the first match decides: {detail} stands before it.',
    effect: 'nothing changes.',
  },
  'postfix-never-matches': {
    kind: 'left-out',
    message: 'Postfix never matches this: {detail}.',
    effect: 'nothing changes; it had no effect before.',
  },
  'postfix-behind-exclusion': {
    kind: 'left-out',
    message: 'stands behind the exclusion {detail}, which the lists cannot hold for it.',
    effect: 'stricter than the source: what only this permits is not relayed, excluded there or not.',
    suggestion: 'write into the list by hand what the exclusion does not touch.',
  },
  'postfix-mx-backup': {
    kind: 'left-out',
    message: 'anyone who points an MX record at you could use you as relay.',
    effect: 'domains that you are backup MX for are refused unless listed.',
    suggestion: 'write each of them into relay.to.',
  },
  'postfix-permits': {
    kind: 'left-out',
    message: '{detail} can permit or refuse by a rule of its own.',
    effect: 'relaying that only it allowed is refused; what only it refused is not.',
    suggestion: 'list the clients in localip or localdomain, the domains in relay.to.',
  },
  'postfix-unrestricted': {
    kind: 'left-out',
    message: 'it permits before anything refuses strangers, which makes an open relay.',
    effect: 'strangers may not relay: restriction=true stays.',
  },
  'postfix-client-order': {
    kind: 'changed',
    message:
      'Postfix asks {detail} before this table and skips the table for whom it permits; host.deny holds for everyone.',
    effect: stricter,
  },
  'postfix-client-permits': {
    kind: 'left-out',
    message: 'stands where an OK lets the client relay; of this table only what it refuses is carried over.',
    effect: 'a client that only this line let relay may not.',
    suggestion: 'list it in localip or localdomain.',
  },
  'postfix-refused-elsewhere': {
    kind: 'note',
    message: 'the client is refused in spite of it, by {detail} of another table.',
    effect: 'nothing changes.',
  },
  'postfix-check': {
    kind: 'left-out',
    message: 'the work of another Haraka plugin: {detail}.',
    effect: 'it lets nobody relay; whom only it refused is not refused, and relays where a list permits it.',
    suggestion: 'set up that plugin before you take the server into use.',
  },
  'postfix-refuses-all': {
    kind: 'left-out',
    message: 'refuses every client that nothing permitted before; a list cannot say "everyone else".',
    effect: 'none: it never let anyone relay. Strangers may send to your own domains here.',
    suggestion: 'let a firewall, or the address Haraka listens on, keep them out.',
  },
  'postfix-auth': {
    kind: 'note',
    message: 'relaying for authenticated users.',
    effect: 'users who log in may relay here too, once an auth plugin is set up in Haraka.',
  },
  'postfix-virtual': {
    kind: 'left-out',
    message: 'domains that Postfix delivers by itself; how Haraka is to deliver them is not part of this policy.',
    effect: 'mail for them is refused until they are listed.',
    suggestion: 'write the domains into host_list and set up a queue plugin for them.',
  },
  'postfix-route': {
    kind: 'left-out',
    message: 'only `smtp:[host]:port` and `relay:[host]:port` for a relayed domain become next hops.',
    effect: 'nothing changes for who may relay; the mail follows the MX records.',
  },
  'postfix-recipient': {
    kind: 'left-out',
    message: 'not a mailbox or @domain within relay_domains.',
    effect: 'it is not relayed to.',
  },
  'postfix-no-recipients': {
    kind: 'note',
    message: 'relay_recipient_maps lists no mailbox of this domain, so Postfix refuses all mail for it.',
    effect: 'nothing changes: the domain is not in relay.to.',
  },

  'postfix-trusted-recipients': {
    kind: 'changed',
    message:
      'Postfix refuses unknown mailboxes of relay_domains to everybody; here trusted clients may send to any, as to any domain.',
    effect: 'the same as before for strangers; a trusted client gets a bounce in place of a refusal.',
  },

  'haraka-all': {
    kind: 'left-out',
    message: 'this makes an open relay.',
    effect: 'strangers may not relay: restriction=true stays.',
    suggestion: "take the relay plugin's line out of config/plugins.",
  },
  'haraka-acl-off': {
    kind: 'left-out',
    message: 'relay.ini says acl=false, so this list was not in force.',
    effect: 'nothing changes.',
  },
  'haraka-dest-off': {
    kind: 'left-out',
    message: 'relaying to it needs dest_domains=true in relay.ini, and no such relay.ini was read.',
    effect: 'the domain is not relayed to.',
    suggestion: 'import relay.ini along with it, or write the domain into relay.to.',
  },
  'haraka-acl-syntax': {
    kind: 'left-out',
    message: 'not an address or network.',
    effect: 'what it was meant to match is not relayed for.',
  },
  'haraka-ini-syntax': {
    kind: 'left-out',
    message: 'not a section, a setting or a comment in plain characters.',
    effect: 'what it was meant to permit is not permitted.',
  },
  'haraka-host-bits': {
    kind: 'changed',
    message: 'has host bits set; written as {detail}, which is what the relay plugin matched.',
    effect: 'nothing changes.',
  },
  'haraka-bare-ipv6': {
    kind: 'changed',
    message: 'the relay plugin read an IPv6 address without length as /32; written as the one host it names.',
    effect: stricter,
  },
  'haraka-dest-value': {
    kind: 'left-out',
    message: 'not a JSON value with an action of accept, continue or deny.',
    effect: 'the domain is not relayed to.',
  },
  'haraka-dest-relaying': {
    kind: 'note',
    message: 'the relay plugin opened the whole connection with it; relay.to admits this destination only.',
    effect: stricter,
  },
  'haraka-any-route': {
    kind: 'left-out',
    message: 'a next hop for all mail is not part of this policy.',
    effect: 'nothing changes for who may relay.',
    suggestion: 'set it in Haraka: queue/smtp_forward, or a get_mx plugin.',
  },
};

export function kindOf(code: RemarkCode): RemarkKind {
  return words[code].kind;
}

export interface Description {
  readonly kind: RemarkKind;
  readonly message: string;
  readonly effect: string;
  readonly suggestion?: string;
}

/** The remark in words. */
export function describeRemark(remark: Remark): Description {
  const { kind, message, effect, suggestion } = words[remark.code];
  const shown = remark.problem ? describeProblem(remark, remark.problem) : (remark.detail ?? '');
  return {
    kind,
    message: message.replace('{detail}', () => shown),
    effect: effect,
    ...(suggestion ? { suggestion: suggestion } : {}),
  };
}

function describeProblem({ at, text, detail }: Remark, { problem, ...more }: Problem): string {
  return describeFault(fault(problem, at, detail ?? text, more));
}
