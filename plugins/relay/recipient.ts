/** The recipient of an RCPT command as the decisions ask for it. */
import { parseAddressLiteral } from '../../core/ip-address';
import type { Recipient } from '../../core/list';
import type { Suite } from '../../runtime/suite';
import type { Address } from '../../types/haraka';

export function recipientOf({ user, host, original_host }: Address): Recipient & { readonly writtenDomain: string } {
  return { localPart: user ?? '', domain: (host ?? '').toLowerCase(), writtenDomain: original_host ?? '' };
}

/** Whether the recipient's domain is an address literal of this host. */
export function isThisHost(suite: Suite, { host }: Address): boolean {
  const literal = host?.startsWith('[') ? parseAddressLiteral(host) : undefined;
  return literal !== undefined && suite.isOurAddress(literal);
}
