/** Where an accepted recipient goes: to Haraka's outbound queue, to the queue plugins, or nowhere. */
import type { Recipient } from './entries/entry-tables';
import { type Disposition, isBarePostmaster, type RelayPermit, type RelayPolicy } from './relay-policy';

/** What is known of a recipient that has been accepted. */
export interface AcceptedRecipient {
  readonly recipient: Recipient;
  /** The recipient's domain is an address literal of this host. */
  readonly recipientIsHere: boolean;
  /** The client may relay to anyone: by our lists, by AUTH or by another plugin's word. */
  readonly relaying: boolean;
  /** What `decideRelay` gave; absent where another plugin has accepted the recipient. */
  readonly permit: RelayPermit | undefined;
  /** The plugin that accepted the recipient has vouched for this mailbox, and not only for the client. */
  readonly knownMailbox: boolean;
}

/**
 * Where an accepted recipient goes, each on its own: our domains are delivered here whoever sends to them. A plugin that
 * accepts a recipient from a client without the right to relay says by this that the recipient is ours.
 */
export function decideDisposition(policy: RelayPolicy, accepted: AcceptedRecipient): Disposition {
  const { permit, relaying, recipient } = accepted;
  if (permit && permit.disposition !== 'relay') return permit.disposition;
  if (!permit && !relaying) return 'local';
  // No other host could take these.
  if (isBarePostmaster(recipient) || accepted.recipientIsHere) return 'local';
  if (!policy.localDelivery) return 'relay';
  return accepted.knownMailbox || policy.localDomains.has(recipient.domain) ? 'local' : 'relay';
}
