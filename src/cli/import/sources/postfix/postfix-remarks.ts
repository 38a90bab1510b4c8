/** Remarks of the readers of Postfix's files, and of the merge about the order of Postfix's lists. */
import {
  authenticatedUsers,
  changed,
  hadNoEffect,
  leftOut,
  nobodyByIt,
  nothingChanges,
  notInForce,
  notLocal,
  notRelayedTo,
  relayByMx,
  sameClients,
  strangersRefused,
  stricter,
  unlisted,
} from '../../wording';

export const postfixRemarks = {
  // main.cf
  'postfix-syntax': unlisted('not `name = value`.'),
  'postfix-mynetworks-unset': leftOut('no client is trusted by its address.')(
    'mynetworks is not set; Postfix then guesses it from the network interfaces ({detail}), which a file cannot tell.',
    'take the value that `postconf mynetworks` prints on the old server into localip.',
  ),
  'postfix-mynetworks-unused': hadNoEffect(
    'no permit_mynetworks stands before {detail}, so mynetworks lets nobody relay.',
  ),
  'postfix-relay-domains-unused': hadNoEffect(
    '{detail} refuses strangers whatever the recipient, so relay_domains admits nothing from them.',
  ),
  'postfix-variable': unlisted(
    'uses {detail}, which main.cf does not set.',
    'for $myhostname and $mydomain give --hostname.',
  ),
  'postfix-virtual': notLocal(
    'domains that Postfix delivers by itself; how Haraka is to deliver them is not part of this policy.',
    'write the domains into host_list and set up a queue plugin for them.',
  ),
  'postfix-trusted-recipients': changed(
    'the same as before for strangers; a trusted client gets a bounce in place of a refusal.',
  )(
    'Postfix refuses unknown mailboxes of relay_domains to everybody; here trusted clients may send to any, as to any domain.',
  ),

  // restriction lists
  'postfix-mx-backup': relayByMx,
  'postfix-permits': notInForce(
    '{detail} can permit or refuse by a rule of its own.',
    'list the clients in localip or localdomain, the domains in relay.to.',
  ),
  'postfix-unrestricted': strangersRefused('it permits before anything refuses strangers, which makes an open relay.'),
  'postfix-client-order': stricter(
    'Postfix asks {detail} before this table and skips the table for whom it permits; host.deny holds for everyone.',
  ),
  'postfix-check': leftOut('whom only it refused is not refused, and relays where a list permits it.')(
    'the work of another Haraka plugin: {detail}.',
    'set up that plugin before you take the server into use.',
  ),
  'postfix-refuses-all': leftOut('none: it never let anyone relay. Strangers may send to your own domains here.')(
    'refuses every client that nothing permitted before; a list cannot say "everyone else".',
    'let a firewall, or the address Haraka listens on, keep them out.',
  ),
  'postfix-auth': authenticatedUsers,

  // tables
  'postfix-table-line': unlisted('not `key value`.'),
  'postfix-table-value': unlisted('the action {detail} has no counterpart here.'),
  'postfix-table-condition': unlisted('patterns with `!`, `if` and what stands inside `if` are not carried over.'),
  'postfix-table-pattern': unlisted('not an address, network or name that the lists can hold.'),
  'postfix-trusted-in-spite': stricter(
    'mynetworks does not look at a table\'s results, so Postfix trusts this client in spite of "{detail}"; excluded here, as its author meant.',
  ),
  'postfix-never-matches': hadNoEffect('Postfix never matches this: {detail}.'),
  'postfix-client-permits': nobodyByIt(
    'stands where an OK lets the client relay; of this table only what it refuses is carried over.',
  ),
  'postfix-route': sameClients(
    'only `smtp:[host]:port` and `relay:[host]:port` for a relayed domain become next hops; other mail follows the MX records.',
  ),
  'postfix-recipient': notRelayedTo('not a mailbox or @domain within relay_domains.'),

  // the merge
  'postfix-never-reached': nothingChanges(
    'never reached in Postfix, where the first match decides: {detail} stands before it.',
  ),
  'postfix-behind-exclusion': leftOut('stricter than the source.')(
    'stands behind the exclusion {detail}, which the lists cannot hold for it; excluded there or not, it permits nothing here.',
    'write into the list by hand what the exclusion does not touch.',
  ),
  'postfix-refused-elsewhere': nothingChanges('the client is refused in spite of it, by {detail} of another table.'),
  'postfix-no-recipients': nothingChanges(
    'relay_recipient_maps lists no mailbox of this domain, so Postfix refuses all mail for it; it is not in relay.to.',
  ),
};
