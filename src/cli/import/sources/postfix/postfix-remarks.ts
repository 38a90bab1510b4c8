/** Remarks of the readers of Postfix's files, and of the merge about the order of Postfix's lists. */
import {
  authenticatedUsers,
  changed,
  folded,
  hadNoEffect,
  leftOut,
  nobodyByIt,
  notChecked,
  note,
  nothingChanges,
  notInForce,
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
  'postfix-relay-default': notRelayedTo(
    'below compatibility_level 2 relay_domains is $mydestination where it is not set, and Postfix relays to any name below its own domains.',
    'write the domains whose subdomains you relay to into relay.to.',
  ),
  'postfix-virtual': changed('mail to any mailbox of them is taken as local.')(
    'its domains are in host_list; which mailboxes exist, and where their mail goes, is not part of this policy.',
    'set up a queue plugin for them, and one that knows their mailboxes (rcpt_to.*).',
  ),
  'postfix-names-unused': nothingChanges('Postfix then looks up no names of clients, so no name in its lists matches.'),
  'postfix-unknown': folded(
    nothingChanges(
      'not a parameter of Postfix 3.7, and nothing in main.cf refers to it; master.cf may.',
      'is its name misspelt?',
    ),
  ),
  'postfix-service': leftOut('on that port it is decided as on port 25.')(
    'has rules of its own: {detail}.',
    'let another Haraka, or other plugins, serve that port; users who log in may relay by an auth plugin.',
  ),
  'postfix-port-25': leftOut(
    'what main.cf permits and it replaces is not permitted here; what only it refused is not refused.',
  )(
    'the service for strangers does not go by main.cf alone: {detail}.',
    'write the lists by hand as this service has them.',
  ),

  // parameters about who may send that no list can hold
  'postfix-listens': folded(
    leftOut('whoever reaches the addresses that Haraka listens on may connect.')(
      "which addresses are the server's own, and which it serves, is set up in Haraka itself.",
      'set `listen` in smtp.ini.',
    ),
  ),
  'postfix-client-address': leftOut(
    'clients behind it have its address here, and relay if a list trusts that address.',
  )(
    'a proxy or filter says which address the client has.',
    'name it in [haproxy] hosts of connection.ini, or set up the xclient plugin, before the server is used.',
  ),
  'postfix-other-ways': nobodyByIt('a way to hand in mail other than SMTP.'),
  'postfix-login': folded(
    note('users who log in may relay here too, once an auth plugin is set up in Haraka.')(
      'how users log in.',
      'set up an auth plugin that does the same.',
    ),
  ),
  'postfix-tls': folded(
    notChecked('what TLS is demanded of clients is set up in Haraka itself.', 'set up the tls plugin.'),
  ),
  'postfix-recipients': folded(
    notChecked(
      'which mailboxes exist in local domains is not part of this policy.',
      'set up a plugin that knows them (rcpt_to.*).',
    ),
  ),
  'postfix-rewrite': folded(sameClients('rewriting and copying of mail is not part of this policy.')),
  'postfix-filter': folded(
    notChecked('checks what a message holds.', 'set up a filter in Haraka before you take the server into use.'),
  ),
  'postfix-limit': folded(
    notChecked(
      'a limit on how much or how often a client may send.',
      'set up the limit plugin, and [max] in connection.ini.',
    ),
  ),
  'postfix-recipient-limit': changed(
    'it counts recipients of trusted clients that leave the site; strangers are not limited by it.',
  )(
    'a limit of recipients, as client={detail} in [limits] of smtpcheck.ini; Postfix has it for every client that smtpd_client_event_limit_exceptions does not name, and counts each RCPT.',
    'give the entries of clients that were exempt a limit= of their own; for strangers set up the limit plugin.',
  ),
  'postfix-limit-exempt': leftOut('nobody is limited by it.')(
    'Postfix exempts mynetworks from this limit, and a limit here is one of trusted clients: {detail} in [limits] would limit those.',
    'for strangers set up the limit plugin.',
  ),
  'postfix-postscreen': folded(
    notChecked('a test of postscreen.', 'set up the plugins dns-list and early_talker, which do the same.'),
  ),
  'postfix-protocol': folded(notChecked('checks how a client speaks SMTP.')),
  'postfix-denylist-ignored': hadNoEffect(
    'postscreen_denylist_action is ignore, so postscreen refuses nobody by this list.',
  ),

  // where mail goes
  'postfix-relay-transport': leftOut('nothing changes for who may relay; relayed mail goes by MX records.')(
    'all domains of relay_domains are sent to it, and no entry can name it as a next hop.',
    'give each entry of relay.to its next hop.',
  ),
  'postfix-delivery': folded(
    sameClients(
      'how local mail is delivered is not part of this policy.',
      'set up a queue plugin, such as queue/lmtp.',
    ),
  ),
  'postfix-undeliverable': changed(
    'strangers are refused as before; clients that may relay can send to it here. Laxer than the source for these.',
  )(
    'Postfix takes no mail for it, or drops it; it is excluded from relay.to and host_list.',
    'refuse the recipients with another plugin (rcpt_to.*) if your own clients must not send to them.',
  ),
  'postfix-nowhere': leftOut('no client is trusted by its address or name.')(
    'Postfix delivers nothing but what has a transport of its own, so its trusted clients could send to few.',
    'list in relay.to whatever they may send to.',
  ),
  'postfix-not-delivered': nothingChanges('it is not relayed to in spite of it: {detail} refuses it.'),
  'postfix-delivers-here': changed('mail to any mailbox of it is taken as local.')(
    'relayed to by name, and delivered by the server itself; its mail would come back by the MX records. It is in host_list.',
    'set up a queue plugin for it, such as queue/lmtp.',
  ),
  'postfix-would-loop': leftOut('nothing changes for who may relay.')(
    'delivered by the server itself; by the MX records its mail may come back.',
    'give its entries in relay.to a next hop.',
  ),
  'postfix-trusted-recipients': changed(
    'the same as before for strangers; a trusted client gets a bounce in place of a refusal.',
  )(
    'Postfix refuses unknown mailboxes of relay_domains to everybody; here trusted clients may send to any, as to any domain.',
  ),

  // restriction lists
  'postfix-mx-backup': relayByMx,
  'postfix-mx-backup-carried': stricter(
    'carried over as mx: entries; here every MX host before this one must be in these networks, in Postfix the most preferred ones.',
  ),
  'postfix-mx-unused': hadNoEffect('{detail} lets nobody reach permit_mx_backup, so these networks admit nothing.'),
  'postfix-permits': notInForce(
    '{detail} can permit or refuse by a rule of its own.',
    'list the clients in localip or localdomain, the domains in relay.to.',
  ),
  'postfix-unrestricted': strangersRefused('it permits before anything refuses strangers, which makes an open relay.'),
  'postfix-client-order': stricter(
    'Postfix asks {detail} before this table and skips the table for whom it permits; host.deny holds for everyone.',
  ),
  'postfix-check': folded(
    leftOut('whom only it refused is not refused, and relays where a list permits it.')(
      'the work of another Haraka plugin: {detail}.',
      'set up that plugin before you take the server into use.',
    ),
  ),
  'postfix-unverified': leftOut('a recipient that only the server behind refused is accepted, and bounced later.')(
    'asks the server behind whether it knows a recipient; here an entry of relay.to does so where it says verify.',
    'write verify behind the entries of relay.to whose next hop knows its mailboxes (docs/guides/backup-mx.md).',
  ),
  'postfix-warns-only': hadNoEffect('stands behind warn_if_reject, so Postfix only logs what it would refuse.'),
  'postfix-restriction': notInForce('not a restriction that is known here.'),
  'postfix-exempting': stricter('spares a client what stands behind it in the same list; here all of that holds.'),
  'postfix-refuses-all': leftOut('none: it never let anyone relay. Strangers may send to your own domains here.')(
    'refuses every client that nothing permitted before; a list cannot say "everyone else".',
    'let a firewall, or the address Haraka listens on, keep them out.',
  ),
  'postfix-auth': folded(authenticatedUsers),

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
  'postfix-exempts': folded(
    nothingChanges(
      'spares a client what stands behind it in the same list; no list here refuses this client.',
      'exempt the client in the plugins that do such checks.',
    ),
  ),
  'postfix-recipient-permits': leftOut('strangers may not send to it by this.')(
    'stands where an OK lets anybody send to this recipient.',
    'write the recipient into relay.to.',
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
