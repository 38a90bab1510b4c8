/** Remarks of the readers of sendmail's files. */
import {
  authenticatedUsers,
  changed,
  folded,
  hadNoEffect,
  leftOut,
  neverRelayed,
  nobodyByIt,
  note,
  nothingChanges,
  notInForce,
  notLocal,
  notRelayedTo,
  onlyItRefused,
  onlyRefused,
  relayByMx,
  sameClients,
  strangersRefused,
  stricter,
  unknownEffect,
  unlisted,
} from '../../wording';

const accessPlugin = "Haraka's access plugin has lists of senders and of recipients that hold for everybody.";
const claimedSender = nobodyByIt('a sender address is only a claim: anyone can write it.');

export const sendmailRemarks = {
  // the access map
  'access-line': neverRelayed('a line without a value.'),
  'access-value': unlisted(
    'a value that relay.map does not know; sendmail took it for an error text.',
    'write REJECT or `ERROR:5.7.1:550 text`.',
  ),
  'access-from-relay': { ...claimedSender, effect: 'nobody may relay by naming this sender.' },
  'access-from': folded(
    onlyItRefused('a check of the sender address; the suite does not look at senders.', accessPlugin),
  ),
  'access-from-ok': folded(nothingChanges('spares a sender from checks of senders, of which the suite makes none.')),
  'access-sender-half': changed(
    'laxer than the source: as a sender, and as a recipient of trusted clients, it is not refused.',
  )('without a tag it was for senders and recipients too; carried over for {detail} only.', accessPlugin),
  'access-refused-as-text': onlyRefused(
    'sendmail does not know this value and takes it for the text of a refusal; refused here as well.',
    'write RELAY, OK or REJECT alone if that was meant.',
  ),
  'access-skip': changed(
    "the same as before; stricter than the source if its FEATURE(`access_db') has the argument `skip'.",
  )(
    "without the argument `skip' of FEATURE(`access_db') sendmail takes SKIP for the text of a refusal; refused here as well.",
    'import sendmail.mc along with it, or write OK.',
  ),
  'access-certificate': nobodyByIt('relaying by TLS client certificate.'),
  'access-other-tag': folded(
    onlyItRefused(
      'the tag {detail} is not about relaying.',
      'see the Haraka plugins limit, early_talker, tls and auth.',
    ),
  ),
  'access-never-matches': hadNoEffect(
    'sendmail never finds this key: {detail}.',
    'write what is meant into the list by hand.',
  ),
  'access-cidr': unlisted(
    'sendmail knows no CIDR; cidrexpand turns such lines into octet prefixes.',
    'if your Makefile runs cidrexpand, import its output; or write this network into the list, which takes CIDR.',
  ),
  'access-quarantine': unlisted('Haraka has no quarantine queue of this kind; mail to local domains is not held back.'),
  'access-full-address': notRelayedTo(
    "sendmail uses such an entry only with FEATURE(`access_db', …, `relaytofulladdress'), which no source sets.",
    'import sendmail.mc along with it if the feature is on, or write the mailbox into relay.to.',
  ),
  'access-user-relay': nobodyByIt(
    'a user name at any domain cannot open a relay: it would open it to every domain.',
    'write the full addresses into relay.to.',
  ),
  'access-user': leftOut('nothing changes for relayed domains; mail to this user at your own domains is taken.')(
    'sendmail asks for a user at any domain only where the recipient is local, and host_list takes those before relay.map is asked.',
    accessPlugin,
  ),
  'access-ok': nothingChanges(
    'OK and SKIP never let anyone relay; kept as an exclusion where a wider entry stands, otherwise dropped.',
  ),
  'access-recipient': folded(
    changed(
      'laxer than the source for clients of localip and localdomain, and for recipients of your own domains: here they are permitted. The same as before for strangers.',
    )('in relay.map it holds for strangers only; the old server refused this recipient to everybody.', accessPlugin),
  ),
  'access-recipient-strangers': stricter(
    "without FEATURE(`blocklist_recipients') sendmail only does not relay to it; in relay.map it is refused to strangers, with this reply.",
  ),

  // mailertable and virtusertable
  'mailertable-refuses': changed(
    'the same as before for strangers; laxer than the source for clients of localip and localdomain, who may send to it here.',
  )('sendmail refuses all mail for it; excluded from relay.to, and refused in relay.map.', accessPlugin),
  'mailertable-discards': changed(
    'stricter than the source for strangers, who are refused; laxer for clients of localip and localdomain, whose mail is sent on.',
  )('sendmail drops all mail for it; excluded from relay.to.', accessPlugin),
  'mailertable-local': changed('the same as before: anybody may send to it.')(
    'the mailer {detail} of the old server delivered it, and by MX its mail would come back here; in host_list in place of relay.to.',
    'set up a queue plugin that delivers it.',
  ),
  'mailertable-mailer': leftOut(
    'stricter than the source: it is not relayed to, for by MX its mail would come back here.',
  )(
    'a mailer of the old server delivered it: {detail}.',
    'write its domains into host_list and set up a queue plugin for them.',
  ),
  'mailertable-route': sameClients(
    'only smtp, esmtp, smtp8, dsmtp and relay with a host, for a domain of relay.to, become next hops; other mail follows the MX records.',
    'write the next hop beside the domain in relay.to, or set it in Haraka: queue/smtp_forward, or a get_mx plugin.',
  ),
  'mailertable-mx': changed('nothing changes for who may relay.')(
    'without brackets sendmail follows the MX records of this host; the route of relay.to leads to the host itself.',
    'write another host into relay.to if it does not take the mail itself.',
  ),
  'mailertable-fallback': changed('nothing changes for who may relay.')(
    'of several next hops the first is carried over: a route of relay.to holds one.',
  ),
  'mailertable-syntax': sameClients('not `domain mailer:host`.'),
  'mailer-arguments': sameClients(
    'the next hops of this mailer are written without it, which means port 25.',
    'write the port into relay.to where its next hops need one: [host]:587.',
  ),
  'virtual-users': leftOut('nothing changes for who may relay; a recipient that only the table refuses is taken.')(
    'which mailbox gets the mail of a virtual user is not part of this policy.',
    'see the Haraka plugins aliases and recipient-routes.',
  ),
  'virtual-refused': folded(
    leftOut('laxer than the source: mail to it is taken. It lets nobody relay.')(
      'refuses a recipient of your own domains, and those are in host_list.',
      accessPlugin,
    ),
  ),
  'virtual-subdomains': notLocal(
    'host_list holds exact names: a name below a domain of VIRTUSER_DOMAIN is relayed to, and not local.',
    'write each name into host_list.',
  ),

  'local-refused': changed(
    'the same as before for strangers; laxer than the source for clients of localip and localdomain, whose mail for it is sent on.',
  )('{detail} refuses all mail for it; not in host_list, so that it is refused here as well.'),

  // sendmail.mc and sendmail.cf
  'promiscuous-relay': strangersRefused('this makes an open relay.'),
  'relay-entire-domain': leftOut('hosts of your domain are treated as strangers unless listed.')(
    'opens relaying from and to everything in the domains of class m, which this file does not name.',
    'write your domain into localdomain (clients) and, if its other hosts get mail through you, relay.to.',
  ),
  'relay-by-mx': relayByMx,
  'relay-by-sender': claimedSender,
  'loose-relay-check': leftOut('stricter than the source.')(
    'routed local parts (user%host@domain) from strangers are always refused here.',
  ),
  'sender-checks': onlyItRefused(
    'sendmail refuses senders without a domain, or with one that does not resolve; the suite does not check senders.',
    "see Haraka's mail_from.is_resolvable plugin.",
  ),
  'other-plugin': onlyItRefused('the work of another Haraka plugin: {detail}.'),
  'best-mx-local': notLocal(
    'takes every domain as local whose MX record leads here.',
    'write each of them into host_list.',
  ),
  'domain-rewriting': notLocal(
    'rewrites domains into others; here a domain stands for itself.',
    'write the old domains into host_list or relay.to.',
  ),
  'pop-before-smtp': nobodyByIt(
    'relaying for clients that have just read their mail (POP before SMTP).',
    'let them log in (AUTH).',
  ),
  'ldap-routing': onlyItRefused(
    'where LDAP sends mail, and which recipients it does not know, is not part of this policy.',
    "see Haraka's rcpt-ldap and recipient-routes plugins.",
  ),
  'mail-filter': onlyItRefused(
    'a filter (milter) decided about mail; Haraka has no milters.',
    'find the Haraka plugin that does its work: rspamd, spamassassin, clamd, dkim.',
  ),
  'delay-checks-exempt': folded(
    stricter(
      'some recipients ({detail}) could be exempt from the checks of client and sender; here all are subject to them.',
    ),
  ),
  'deferred-mode': strangersRefused(
    'in this mode sendmail makes no check of clients and recipients, which makes an open relay.',
  ),
  'loopback-only': leftOut('laxer than the source until Haraka listens there only: others could not connect at all.')(
    'the old server listened on loopback only; where Haraka listens is not part of this policy.',
    'write listen=127.0.0.1:25 into [main] of smtp.ini.',
  ),
  'daemon-address': leftOut(
    'laxer than the source until Haraka listens there only: by other addresses nobody could connect.',
  )(
    'the old server listened at {detail}; where Haraka listens is not part of this policy.',
    'set listen in [main] of smtp.ini.',
  ),
  'daemon-auth': leftOut('laxer than the source: at this port only users who had logged in could send.')(
    'M=a asks every client to log in.',
    'let this port be served by a Haraka of its own with an auth plugin and empty lists.',
  ),
  'submission-only': note('nothing changes: take the lists from the configuration of the server itself.')(
    'the configuration of local submission (submit.mc): it serves no clients.',
  ),
  'auth-setting': folded(
    note('nothing changes for who may relay.')('how users log in is set up in a Haraka auth plugin.'),
  ),
  'server-limit': folded(
    leftOut('nothing changes for who may relay.')('a limit of the old server; Haraka has {detail} for it.'),
  ),
  'reply-text': folded(neverRelayed('replies and greetings are those of Haraka and the suite.')),
  'own-name': notLocal(
    'the name of the old server, for which it takes mail itself, is made of what a file does not tell.',
    'write it into host_list if it gets mail, and into me for Haraka to use it.',
  ),
  'feature-unknown': notInForce('sendmail 8.17 has no FEATURE {detail}.'),
  'mc-setting-unknown': unknownEffect('{detail} is nothing that sendmail 8.17 describes.'),
  'mc-variable': unlisted(
    '{detail} is a variable that no file defines which was read.',
    'write its value in its place.',
  ),
  'mc-condition': unknownEffect(
    'depends on what another file defines; neither branch was read.',
    'import the finished sendmail.cf, or write the branch alone that holds.',
  ),
  'mc-code': unknownEffect('runs a program or a macro by name, which an import does not.'),
  'mc-include': unknownEffect(
    'names another file of m4 definitions, which was not read.',
    'import the finished sendmail.cf too: it holds what all files add up to.',
  ),
  'own-rulesets': notInForce('rules of your own cannot be carried over.'),
  'trusted-auth': authenticatedUsers,
  'flag-without-meaning': note('none: it never let anyone relay.')('the flag {detail} does not apply to Haraka.'),
  'flag-unknown': neverRelayed('sendmail knows no flag {detail}, and ignores it.'),
  'flags-public': neverRelayed(
    'it asks for no privacy at all.',
    'the shipped flags stay; see [privacy] flags in smtpcheck.ini.',
  ),
};
