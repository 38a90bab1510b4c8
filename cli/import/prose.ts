/**
 * What a remark says: what became of the line, what that means for relaying, and what to do instead. One table, so
 * that no code goes without an answer.
 */
import { describeFault, fault, type Problem } from '../../core';
import type { Remark, RemarkCode } from './remark';

/** `left-out`: nothing of it was carried over. `changed`: it was, and acts differently. `note`: nothing was lost. */
export type RemarkKind = 'left-out' | 'changed' | 'note';

interface Words {
  readonly kind: RemarkKind;
  readonly says: string;
  /** What it means for who may relay. */
  readonly relaying: string;
  readonly instead?: string;
}

const noRelaying = 'nothing: it never let anyone relay.';
const stricter = 'stricter than the source.';

/** `{detail}` stands for the remark's detail. */
const words: Readonly<Record<RemarkCode, Words>> = {
  'refused-entry': {
    kind: 'left-out',
    says: 'the lists do not take it: {detail}.',
    relaying:
      'what it would have matched is treated as unlisted: not relayed for; and, had it been a refusal, not refused.',
    instead: 'write what is meant by hand; `smtpcheck lint` explains each form.',
  },
  loopback: {
    kind: 'left-out',
    says: 'loopback is not trusted unless you insist.',
    relaying:
      'programs of this machine that speak SMTP to it must log in, or send to local and relay.to domains only. A proxy or port forward in front would otherwise hand every client a trusted address.',
    instead: '--keep-loopback carries it over.',
  },
  'loopback-kept': {
    kind: 'note',
    says: 'loopback is carried over as you asked.',
    relaying:
      'everything that reaches Haraka from this machine may relay; never put a proxy or port forward in front of it.',
  },
  'not-a-host-name': {
    kind: 'left-out',
    says: 'not a domain name that host_list can hold.',
    relaying: 'mail for it is not taken as local; strangers get "Relaying denied".',
  },
  'already-covered': {
    kind: 'note',
    says: 'already covered by {detail}.',
    relaying: 'nothing changes.',
  },
  'excludes-nothing': {
    kind: 'note',
    says: 'an exclusion inside nothing: no wider entry is in the list.',
    relaying: 'nothing changes.',
  },
  contradiction: {
    kind: 'changed',
    says: 'one source lists it and another excludes it ({detail}); the refusal stands.',
    relaying: stricter,
    instead: 'decide which one is meant and write it by hand.',
  },
  'also-local': {
    kind: 'note',
    says: 'host_list holds this domain: it is local, so relay.to does without it.',
    relaying: 'nothing changes: local delivery comes first.',
  },
  'file-missing': {
    kind: 'left-out',
    says: '{detail} was not found and --skip-missing was given.',
    relaying: 'who was listed there is unlisted here: not relayed for; and, where it was a deny list, not refused.',
    instead: 'import again with the file.',
  },
  'subdomains-only': {
    kind: 'note',
    says: 'means the names below {detail} and not the name itself, which has an entry of its own where it needs one.',
    relaying: 'nothing changes.',
  },

  'access-line': {
    kind: 'left-out',
    says: 'a line without a value.',
    relaying: noRelaying,
  },
  'access-value': {
    kind: 'left-out',
    says: 'a value that relay.map does not know.',
    relaying: 'sendmail took it for an error text; who it names is not relayed for, and not refused for local mail.',
    instead: 'write REJECT or `ERROR:5.7.1:550 text`.',
  },
  'access-from-relay': {
    kind: 'left-out',
    says: 'a sender address is only a claim: anyone can write it.',
    relaying: 'nobody may relay by naming this sender.',
    instead: 'list the client in localip or localdomain, or let it log in (AUTH).',
  },
  'access-from': {
    kind: 'left-out',
    says: 'a check of the sender address; the suite does not look at senders.',
    relaying: noRelaying,
    instead: "Haraka's access plugin has lists for senders.",
  },
  'access-sender-half': {
    kind: 'changed',
    says: 'without a tag it was for senders too; carried over for {detail} only.',
    relaying: noRelaying,
    instead: "Haraka's access plugin has lists for senders.",
  },
  'access-certificate': {
    kind: 'left-out',
    says: 'relaying by TLS client certificate.',
    relaying: 'clients known by their certificate may not relay.',
    instead: 'let them log in (AUTH), or list their addresses in localip.',
  },
  'access-other-tag': {
    kind: 'left-out',
    says: 'the tag {detail} is not about relaying.',
    relaying: noRelaying,
    instead: 'see the Haraka plugins limit, early_talker, tls and auth.',
  },
  'access-never-matches': {
    kind: 'left-out',
    says: 'sendmail never finds this key: {detail}.',
    relaying: 'nothing changes; it had no effect before.',
    instead: 'write what is meant into the list by hand.',
  },
  'access-cidr': {
    kind: 'left-out',
    says: 'sendmail knows no CIDR; cidrexpand turns such lines into octet prefixes.',
    relaying: 'the network is treated as unlisted.',
    instead:
      'if your Makefile runs cidrexpand, import its output; or write this network into the list, which takes CIDR.',
  },
  'access-quarantine': {
    kind: 'left-out',
    says: 'Haraka has no quarantine queue of this kind.',
    relaying: 'who it names is treated as unlisted; their mail to local domains is not held back.',
  },
  'access-reply-lost': {
    kind: 'changed',
    says: 'host.deny refuses with its own reply; the text is not kept.',
    relaying: noRelaying,
  },
  'access-refused-outright': {
    kind: 'changed',
    says: 'the old server {detail} from this client; host.deny refuses it outright, for nothing else covers all of its mail.',
    relaying: stricter,
  },
  'access-full-address': {
    kind: 'left-out',
    says: "sendmail uses such an entry only with FEATURE(`access_db', …, `relaytofulladdress'), which no source sets.",
    relaying: 'the mailbox is not relayed to.',
    instead: 'import sendmail.mc along with it if the feature is on, or write the mailbox into relay.to.',
  },
  'access-user-relay': {
    kind: 'left-out',
    says: 'a user name at any domain cannot open a relay: it would open it to every domain.',
    relaying: 'it lets nobody relay.',
  },
  'access-user': {
    kind: 'left-out',
    says: 'sendmail asks for a user at any domain only where the recipient is local, and host_list takes those before relay.map is asked.',
    relaying: 'nothing changes for relayed domains; mail to this user at your own domains is taken.',
    instead: "Haraka's access plugin has lists of recipients that hold for everybody.",
  },
  'access-ok': {
    kind: 'note',
    says: 'OK and SKIP never let anyone relay; kept as an exclusion where a wider entry stands, otherwise dropped.',
    relaying: 'nothing changes.',
  },
  'access-recipient': {
    kind: 'changed',
    says: 'in relay.map it holds for strangers; clients of localip and localdomain, and recipients of host_list domains, are decided before.',
    relaying: 'it lets nobody relay.',
    instead: "Haraka's access plugin has lists of recipients that hold for everybody.",
  },
  'user-before-domain': {
    kind: 'changed',
    says: 'relay.to would permit the user before relay.map is asked; its domains stand in relay.map instead, so that this line decides.',
    relaying: stricter,
  },
  'user-behind-domain': {
    kind: 'left-out',
    says: 'it does not hold at the names below {detail}: relay.to permits them before relay.map is asked.',
    relaying: 'mail to this user at a name below is relayed.',
    instead: 'exclude the mailboxes from relay.to by their full addresses: !user@name.',
  },
  'class-option': {
    kind: 'left-out',
    says: 'not a domain or an address that the lists can hold.',
    relaying: 'it lets nobody relay.',
  },

  'promiscuous-relay': {
    kind: 'left-out',
    says: 'this makes an open relay.',
    relaying: 'strangers may not relay: restriction=true stays.',
    instead: 'list the clients that need it in localip or localdomain.',
  },
  'relay-entire-domain': {
    kind: 'left-out',
    says: 'opens relaying from and to everything in the domains of class m, which this file does not name.',
    relaying: 'hosts of your domain are treated as strangers unless listed.',
    instead: 'write your domain into localdomain (clients) and, if its other hosts get mail through you, relay.to.',
  },
  'relay-by-mx': {
    kind: 'left-out',
    says: 'anyone who points an MX record at you could use you as relay.',
    relaying: 'domains that you are backup MX for are refused unless listed.',
    instead: 'write each of them into relay.to.',
  },
  'relay-by-sender': {
    kind: 'left-out',
    says: 'a sender address is only a claim: anyone can write it.',
    relaying: 'nobody may relay by naming a local sender.',
    instead: 'list the clients in localip or localdomain, or let them log in (AUTH).',
  },
  'loose-relay-check': {
    kind: 'left-out',
    says: 'routed local parts (user%host@domain) from strangers are always refused here.',
    relaying: stricter,
  },
  'sender-checks': {
    kind: 'left-out',
    says: 'the suite does not check senders.',
    relaying: noRelaying,
    instead: "see Haraka's mail_from.is_resolvable plugin.",
  },
  'smart-host': {
    kind: 'left-out',
    says: 'where outgoing mail goes is not part of this policy.',
    relaying: 'nothing changes for who may relay.',
    instead: 'set it in Haraka: queue/smtp_forward, or a get_mx plugin.',
  },
  'other-plugin': {
    kind: 'left-out',
    says: 'the work of another Haraka plugin: {detail}.',
    relaying: noRelaying,
  },
  'mc-include': {
    kind: 'left-out',
    says: 'names another file of m4 definitions, which was not read.',
    relaying: 'what it switches on is unknown here; nothing was assumed to be allowed.',
    instead: 'import the finished sendmail.cf too: it holds what all files add up to.',
  },
  'own-rulesets': {
    kind: 'left-out',
    says: 'rules of your own cannot be carried over.',
    relaying: 'relaying that only they allowed is refused; refusals that only they made are not made.',
  },
  'trusted-auth': {
    kind: 'note',
    says: 'relaying for authenticated users.',
    relaying: 'users who log in may relay here too, once an auth plugin is set up in Haraka.',
  },
  'map-unreadable': {
    kind: 'left-out',
    says: 'the table {detail} has no source text that can be read here.',
    relaying: 'what it lists is treated as unlisted.',
    instead: 'print its content into a file and import that.',
  },
  'flag-without-meaning': {
    kind: 'note',
    says: 'the flag {detail} does not apply to Haraka.',
    relaying: noRelaying,
  },
  'flag-unknown': {
    kind: 'left-out',
    says: 'sendmail knows no flag {detail}, and ignores it.',
    relaying: noRelaying,
  },
  'flags-public': {
    kind: 'left-out',
    says: 'it asks for no privacy at all.',
    relaying: noRelaying,
    instead: 'the shipped flags stay; see [privacy] flags in smtpcheck.ini.',
  },

  'cf-unrestricted': {
    kind: 'left-out',
    says: 'this makes an open relay.',
    relaying: 'strangers may not relay: restriction=true stays.',
    instead: 'list the clients that need it in localip or localdomain.',
  },
  'cf-key': {
    kind: 'left-out',
    says: 'a setting of CF that has no counterpart in the suite.',
    relaying: 'what it allowed is not allowed here; what only it refused is not refused.',
  },
  'cf-shell': {
    kind: 'left-out',
    says: 'shell code; only assignments are read.',
    relaying: 'what it would set is unknown here; nothing was assumed to be allowed.',
    instead: 'write the resulting assignment into the file.',
  },
  'cf-variable': {
    kind: 'left-out',
    says: 'uses {detail}, which no earlier line sets.',
    relaying: 'the value is treated as unlisted.',
  },
  'cf-trusted-in-spite': {
    kind: 'changed',
    says: 'a list counts who is found and not the value, so the source permits in spite of "{detail}"; excluded here, as its author meant.',
    relaying: stricter,
  },
  'map-ends-list': {
    kind: 'changed',
    says: '{detail} would permit before relay.map is asked; excluded from that list, so that this line decides.',
    relaying: stricter,
  },

  'postfix-syntax': {
    kind: 'left-out',
    says: 'not `name = value`.',
    relaying: 'the line is ignored.',
  },
  'postfix-mynetworks-unset': {
    kind: 'left-out',
    says: 'mynetworks is not set; Postfix then guesses it from the network interfaces ({detail}), which a file cannot tell.',
    relaying: 'no client is trusted by its address.',
    instead: 'take the value that `postconf mynetworks` prints on the old server into localip.',
  },
  'postfix-mynetworks-unused': {
    kind: 'left-out',
    says: 'no permit_mynetworks stands before {detail}, so mynetworks lets nobody relay.',
    relaying: 'nothing changes.',
  },
  'postfix-relay-domains-unused': {
    kind: 'left-out',
    says: '{detail} refuses strangers whatever the recipient, so relay_domains admits nothing from them.',
    relaying: 'nothing changes.',
  },
  'postfix-variable': {
    kind: 'left-out',
    says: 'uses {detail}, which main.cf does not set.',
    relaying: 'the value is treated as unlisted.',
    instead: 'for $myhostname and $mydomain give --hostname.',
  },
  'postfix-table-line': {
    kind: 'left-out',
    says: 'not `key value`.',
    relaying: 'the line is ignored.',
  },
  'postfix-table-value': {
    kind: 'left-out',
    says: 'the action {detail} has no counterpart here.',
    relaying: 'the client is neither trusted nor refused by this line.',
  },
  'postfix-table-condition': {
    kind: 'left-out',
    says: 'patterns with `!`, `if` and what stands inside `if` are not carried over.',
    relaying: 'what they match is treated as unlisted.',
  },
  'postfix-table-pattern': {
    kind: 'left-out',
    says: 'not an address, network or name that the lists can hold.',
    relaying: 'what it would match is treated as unlisted.',
  },
  'postfix-trusted-in-spite': {
    kind: 'changed',
    says: 'mynetworks does not look at a table\'s results, so Postfix trusts this client in spite of "{detail}"; excluded here, as its author meant.',
    relaying: stricter,
  },
  'postfix-never-reached': {
    kind: 'note',
    says: 'never reached in Postfix, where the first match decides: {detail} stands before it.',
    relaying: 'nothing changes.',
  },
  'postfix-never-matches': {
    kind: 'left-out',
    says: 'Postfix never matches this: {detail}.',
    relaying: 'nothing changes; it had no effect before.',
  },
  'postfix-behind-exclusion': {
    kind: 'left-out',
    says: 'stands behind the exclusion {detail}, which the lists cannot hold for it.',
    relaying: 'stricter than the source: what only this permits is not relayed, excluded there or not.',
    instead: 'write into the list by hand what the exclusion does not touch.',
  },
  'postfix-mx-backup': {
    kind: 'left-out',
    says: 'anyone who points an MX record at you could use you as relay.',
    relaying: 'domains that you are backup MX for are refused unless listed.',
    instead: 'write each of them into relay.to.',
  },
  'postfix-permits': {
    kind: 'left-out',
    says: '{detail} can permit or refuse by a rule of its own.',
    relaying: 'relaying that only it allowed is refused; what only it refused is not.',
    instead: 'list the clients in localip or localdomain, the domains in relay.to.',
  },
  'postfix-unrestricted': {
    kind: 'left-out',
    says: 'it permits before anything refuses strangers, which makes an open relay.',
    relaying: 'strangers may not relay: restriction=true stays.',
  },
  'postfix-client-order': {
    kind: 'changed',
    says: 'Postfix asks {detail} before this table and skips the table for whom it permits; host.deny holds for everyone.',
    relaying: stricter,
  },
  'postfix-client-permits': {
    kind: 'left-out',
    says: 'stands where an OK lets the client relay; of this table only what it refuses is carried over.',
    relaying: 'a client that only this line let relay may not.',
    instead: 'list it in localip or localdomain.',
  },
  'postfix-refused-elsewhere': {
    kind: 'note',
    says: 'the client is refused in spite of it, by {detail} of another table.',
    relaying: 'nothing changes.',
  },
  'postfix-check': {
    kind: 'left-out',
    says: 'the work of another Haraka plugin: {detail}.',
    relaying: 'it lets nobody relay; whom only it refused is not refused, and relays where a list permits it.',
    instead: 'set up that plugin before you take the server into use.',
  },
  'postfix-refuses-all': {
    kind: 'left-out',
    says: 'refuses every client that nothing permitted before; a list cannot say "everyone else".',
    relaying: 'nothing: it never let anyone relay. Strangers may send to your own domains here.',
    instead: 'let a firewall, or the address Haraka listens on, keep them out.',
  },
  'postfix-auth': {
    kind: 'note',
    says: 'relaying for authenticated users.',
    relaying: 'users who log in may relay here too, once an auth plugin is set up in Haraka.',
  },
  'postfix-virtual': {
    kind: 'left-out',
    says: 'domains that Postfix delivers by itself; how Haraka is to deliver them is not part of this policy.',
    relaying: 'mail for them is refused until they are listed.',
    instead: 'write the domains into host_list and set up a queue plugin for them.',
  },
  'postfix-route': {
    kind: 'left-out',
    says: 'only `smtp:[host]:port` and `relay:[host]:port` for a relayed domain become next hops.',
    relaying: 'nothing changes for who may relay; the mail follows the MX records.',
  },
  'postfix-recipient': {
    kind: 'left-out',
    says: 'not a mailbox or @domain within relay_domains.',
    relaying: 'it is not relayed to.',
  },
  'postfix-no-recipients': {
    kind: 'note',
    says: 'relay_recipient_maps lists no mailbox of this domain, so Postfix refuses all mail for it.',
    relaying: 'nothing changes: the domain is not in relay.to.',
  },

  'postfix-trusted-recipients': {
    kind: 'changed',
    says: 'Postfix refuses unknown mailboxes of relay_domains to everybody; here trusted clients may send to any, as to any domain.',
    relaying: 'the same as before for strangers; a trusted client gets a bounce in place of a refusal.',
  },

  'haraka-all': {
    kind: 'left-out',
    says: 'this makes an open relay.',
    relaying: 'strangers may not relay: restriction=true stays.',
    instead: "take the relay plugin's line out of config/plugins.",
  },
  'haraka-acl-off': {
    kind: 'left-out',
    says: 'relay.ini says acl=false, so this list was not in force.',
    relaying: 'nothing changes.',
  },
  'haraka-dest-off': {
    kind: 'left-out',
    says: 'relaying to it needs dest_domains=true in relay.ini, and no such relay.ini was read.',
    relaying: 'the domain is not relayed to.',
    instead: 'import relay.ini along with it, or write the domain into relay.to.',
  },
  'haraka-acl-syntax': {
    kind: 'left-out',
    says: 'not an address or network.',
    relaying: 'what it was meant to match is not relayed for.',
  },
  'haraka-ini-syntax': {
    kind: 'left-out',
    says: 'not a section, a setting or a comment in plain characters.',
    relaying: 'what it was meant to permit is not permitted.',
  },
  'haraka-host-bits': {
    kind: 'changed',
    says: 'host bits behind the prefix; written as {detail}, which is what the relay plugin matched.',
    relaying: 'nothing changes.',
  },
  'haraka-bare-ipv6': {
    kind: 'changed',
    says: 'the relay plugin read an IPv6 address without length as /32; written as the one host it names.',
    relaying: stricter,
  },
  'haraka-dest-value': {
    kind: 'left-out',
    says: 'not a JSON value with an action of accept, continue or deny.',
    relaying: 'the domain is not relayed to.',
  },
  'haraka-dest-relaying': {
    kind: 'note',
    says: 'the relay plugin opened the whole connection with it; relay.to admits this destination only.',
    relaying: stricter,
  },
  'haraka-any-route': {
    kind: 'left-out',
    says: 'a next hop for all mail is not part of this policy.',
    relaying: 'nothing changes for who may relay.',
    instead: 'set it in Haraka: queue/smtp_forward, or a get_mx plugin.',
  },
};

export function kindOf(code: RemarkCode): RemarkKind {
  return words[code].kind;
}

export interface Description {
  readonly kind: RemarkKind;
  readonly says: string;
  readonly relaying: string;
  readonly instead?: string;
}

/** The remark in words. */
export function describeRemark(remark: Remark): Description {
  const { kind, says, relaying, instead } = words[remark.code];
  const shown = remark.problem ? describeProblem(remark, remark.problem) : (remark.detail ?? '');
  return { kind, says: says.replace('{detail}', () => shown), relaying, ...(instead ? { instead } : {}) };
}

function describeProblem({ at, written, detail }: Remark, { problem, ...more }: Problem): string {
  return describeFault(fault(problem, at, detail ?? written, more));
}
