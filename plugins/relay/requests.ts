/** The requests that are made of one RCPT. */
import type { Call } from '../../src/host/answer';
import { clientOf } from '../../src/host/client';
import type { FormRequest } from '../../src/policy/recipient-form';
import type { RelayRequest } from '../../src/policy/relay-policy';
import type { Address } from '../../src/types/haraka';
import { factsOf } from './facts';
import { isThisHost, recipientOf, writtenRecipientOf } from './recipient';
import { isOurGrant } from './trust';

export function formRequest(call: Call, address: Address): FormRequest {
  const { policy, connection } = call;
  const recipient = writtenRecipientOf(address);
  // What is decided on is where the mail must go, and what the other plugins must see.
  if (policy.mode.relay === 'enforce' && address.host && address.host !== recipient.domain) {
    address.host = recipient.domain;
  }
  return { ...factsOf(call, clientOf(connection)), recipient, relaying: connection.relaying };
}

export function relayRequest(call: Call, address: Address): RelayRequest {
  const { suite, policy, connection } = call;
  const client = clientOf(connection);
  return {
    ...factsOf(call, client),
    // Where the suite decides, the guard has put the host right.
    recipient: policy.mode.relay === 'enforce' ? recipientOf(address) : writtenRecipientOf(address),
    recipientIsHere: isThisHost(suite, address),
    vouched: connection.relaying && !isOurGrant(connection, client),
  };
}
