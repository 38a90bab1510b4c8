/** What is known of a client and its mail at a hook, as the decisions ask for it. */
import type { Call } from '../../src/host/answer';
import type { Client } from '../../src/host/client';
import { nullSender, type Sender } from '../../src/policy/attributes/sender-scope';
import { dependsOnSender } from '../../src/policy/client-trust';
import type { ClientFacts } from '../../src/policy/relay-policy';
import type { Connection } from '../../src/types/haraka';
import { writtenRecipientOf } from './recipient';

export function factsOf({ suite, policy, connection }: Call, client: Client): ClientFacts {
  return {
    clientAddress: client.address,
    clientNames: client.names,
    time: suite.timeFor(policy),
    // On most servers no entry asks for it.
    sender: dependsOnSender(policy.relay) ? senderOf(connection) : undefined,
  };
}

/** The domain of the sender in the form of a recipient's; absent before MAIL. */
export function senderOf({ transaction }: Connection): Sender | undefined {
  const address = transaction?.mail_from;
  if (!address) return undefined;
  return address.user ? writtenRecipientOf(address).domain : nullSender;
}
