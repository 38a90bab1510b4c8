/** The recipient of an RCPT command as the decisions ask for it. */

import type { Suite } from '../../src/host/suite';
import { canonicalDomain } from '../../src/policy/entries/domain-name';
import type { Recipient } from '../../src/policy/entries/entry-tables';
import { parseAddressLiteral } from '../../src/policy/entries/ip-address';
import { isAscii } from '../../src/policy/findings/characters';
import type { Address } from '../../src/types/haraka';

export interface WrittenRecipient extends Recipient {
  readonly writtenDomain: string;
}

/** The recipient as the client wrote it, with its domain in canonical form. */
export function writtenRecipientOf(address: Address): WrittenRecipient {
  const { user, original_host: written = '' } = address;
  const domain = isAscii(written) ? hostOf(address) : canonicalDomain(written);
  return { localPart: user ?? '', domain, writtenDomain: written };
}

/** The recipient as it stands: a plugin can have rewritten it since. */
export function recipientOf(address: Address): Recipient {
  return { localPart: address.user ?? '', domain: hostOf(address) };
}

/** Whether the recipient's domain is an address literal of this host. */
export function isThisHost(suite: Suite, { host }: Address): boolean {
  const literal = host?.startsWith('[') ? parseAddressLiteral(host) : undefined;
  return literal !== undefined && suite.isOurAddress(literal);
}

function hostOf({ host }: Address): string {
  return (host ?? '').toLowerCase();
}
