/** Remarks of the readers of sendmail's files. */
import {
  authenticatedUsers,
  hadNoEffect,
  leftOut,
  neverRelayed,
  nobodyByIt,
  note,
  nothingChanges,
  notInForce,
  notRelayedTo,
  onlyRefused,
  relayByMx,
  strangersRefused,
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
  'access-from': neverRelayed('a check of the sender address; the suite does not look at senders.', accessPlugin),
  'access-sender-half': onlyRefused(
    'without a tag it was for senders too; carried over for {detail} only.',
    accessPlugin,
  ),
  'access-certificate': nobodyByIt('relaying by TLS client certificate.'),
  'access-other-tag': neverRelayed(
    'the tag {detail} is not about relaying.',
    'see the Haraka plugins limit, early_talker, tls and auth.',
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
  'access-recipient': onlyRefused(
    'in relay.map it holds for strangers; clients of localip and localdomain, and recipients of host_list domains, are decided before.',
    accessPlugin,
  ),

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
  'sender-checks': neverRelayed('the suite does not check senders.', "see Haraka's mail_from.is_resolvable plugin."),
  'other-plugin': neverRelayed('the work of another Haraka plugin: {detail}.'),
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
