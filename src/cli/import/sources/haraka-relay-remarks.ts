/** Remarks of the readers of Haraka's own relay plugin. */
import { changed, hadNoEffect, nextHop, note, notRelayedTo, strangersRefused, stricter, unlisted } from '../wording';

export const harakaRelayRemarks = {
  'haraka-all': strangersRefused('this makes an open relay.', "take the relay plugin's line out of config/plugins."),
  'haraka-acl-off': hadNoEffect('relay.ini says acl=false, so this list was not in force.'),
  'haraka-dest-off': notRelayedTo(
    'relaying to it needs dest_domains=true in relay.ini, and no such relay.ini was read.',
    'import relay.ini along with it, or write the domain into relay.to.',
  ),
  'haraka-acl-syntax': unlisted('not an address or network.'),
  'haraka-ini-syntax': unlisted('not a section, a setting or a comment in plain characters.'),
  'haraka-host-bits': changed('nothing changes.')(
    'has host bits set; written as {detail}, which is what the relay plugin matched.',
  ),
  'haraka-bare-ipv6': stricter(
    'the relay plugin read an IPv6 address without length as /32; written as the one host it names.',
  ),
  'haraka-dest-value': notRelayedTo('not a JSON value with an action of accept, continue or deny.'),
  'haraka-dest-relaying': note('stricter than the source.')(
    'the relay plugin opened the whole connection with it; relay.to admits this destination only.',
  ),
  'haraka-any-route': nextHop,
};
