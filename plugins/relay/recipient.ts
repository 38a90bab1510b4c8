/** The recipient of an RCPT command as the decisions ask for it. */
import { isAscii } from '../../core/characters';
import { canonicalDomain } from '../../core/domain-name';
import type { Recipient } from '../../core/entry-tables';
import { parseAddressLiteral } from '../../core/ip-address';
import type { Suite } from '../../runtime/suite';
import type { Address } from '../../types/haraka';

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
