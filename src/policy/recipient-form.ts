/** Recipients that are refused for their form, whatever the lists say of them. */

import { canDecideTrust, canLookUpNames, decideTrust, nameMightBeTrusted } from './client-trust';
import { type Decision, defer, type Permit, pass, refuse, reply } from './decision';
import type { Recipient } from './entries/entry-tables';
import { parseAddressLiteral } from './entries/ip-address';
import { isAscii } from './findings/characters';
import { carriesRoute } from './mailbox';
import {
  type ClientFacts,
  cannotResolve,
  type RelayPolicy,
  relayingDenied,
  relayingUnavailable,
  type TrustPolicy,
} from './relay-policy';

export interface FormRequest extends ClientFacts {
  readonly recipient: Recipient & { readonly writtenDomain?: string };
  /** `connection.relaying`, whoever has set it. */
  readonly relaying: boolean;
}

export type FormRule =
  | 'routed-local-part'
  | 'impossible-domain'
  | 'list-unavailable'
  | 'name-unknown'
  | 'trust-withdrawn'
  | 'plain-recipient';

export type FormDecision = Exclude<Decision<FormRule>, Permit>;

type FormPolicy = TrustPolicy & Pick<RelayPolicy, 'restriction'>;

/**
 * From anyone a domain that cannot be one is refused; from an untrusted client a local part that carries a route, whatever
 * the domain behind it. A route asks for relaying, and is not refused without restriction.
 */
export function decideRecipientForm(policy: FormPolicy, request: FormRequest): FormDecision {
  if (hasImpossibleDomain(request)) {
    return refuse('impossible-domain', reply(550, '5.1.2', 'Bad destination system address'));
  }
  if (!isUntrustedRoute(policy, request)) return plainRecipient;
  if (!canDecideTrust(policy)) return defer('list-unavailable', relayingUnavailable);
  if (nameMightBeTrusted(policy, request)) return defer('name-unknown', cannotResolve(request));
  return refuse('routed-local-part', relayingDenied);
}

/** Whether the names of the client must be looked up before `decideRecipientForm` is asked. */
export function formNeedsClientName(policy: FormPolicy, request: FormRequest): boolean {
  if (!policy.clientDomains.holdsNames(request.time) || !canLookUpNames(request)) return false;
  return !hasImpossibleDomain(request) && isUntrustedRoute(policy, request);
}

function isUntrustedRoute(policy: FormPolicy, request: FormRequest): boolean {
  if (request.relaying || !policy.restriction || !carriesRoute(request.recipient.localPart)) return false;
  return decideTrust(policy, request) === undefined;
}

function hasImpossibleDomain({ recipient }: FormRequest): boolean {
  const { domain, writtenDomain = '' } = recipient;
  return isImpossibleDomain(domain) || isDisguised(writtenDomain, domain);
}

const plainRecipient = pass('plain-recipient');

/**
 * No DNS name has a label over 63 octets (RFC 1035 §2.3.4). And `constructor` and its like, which every JavaScript
 * object has as a property, pass for listed domains and end the process where a host keeps domains in plain objects.
 */
function isImpossibleDomain(domain: string): boolean {
  if (!domain.includes('.') && domain in Object.prototype) return true;
  // An IPv4-mapped address is a form for programs and no address on the wire (RFC 4291 §2.5.5.2).
  if (domain.startsWith('[')) return /^\[ipv6:/i.test(domain) && parseAddressLiteral(domain)?.family === 4;
  return domain.length > 63 && /[^.]{64}/.test(domain);
}

/**
 * Haraka maps a domain beyond ASCII before anybody sees it: full-width letters and the ideographic full stop become
 * plain ones, and another name becomes ours. A label beyond ASCII is an A-label afterwards, or it was a disguise.
 */
function isDisguised(written: string, domain: string): boolean {
  if (isAscii(written)) return false;
  const labels = domain.split('.');
  return written.split('.').some((label, i) => !isAscii(label) && !labels[i]?.startsWith('xn--'));
}
