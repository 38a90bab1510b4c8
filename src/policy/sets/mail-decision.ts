/** What becomes of one recipient of one client, by the decisions of all plugins in the order in which a session meets them. */
import { formatLimits, type Limits } from '../attributes/limit';
import type { SenderScope } from '../attributes/sender-scope';
import { decideTrust } from '../client-trust';
import { formatReply, type Reply } from '../decision';
import { type DenyPolicy, decideDeny, denyNeedsClientName } from '../deny-decision';
import { decideDisposition } from '../disposition';
import { formatRoute, type Route } from '../entries/route';
import type { SourceLine } from '../findings/finding';
import type { DomainExchanges } from '../mx-backup';
import { decideRecipientForm, type FormRequest, formNeedsClientName } from '../recipient-form';
import { decideRelay, findRoute, needsClientName, needsExchanges } from '../relay-decision';
import type { ClientFacts, RelayPermit, RelayPolicy } from '../relay-policy';

export interface MailPolicy {
  readonly relay: RelayPolicy;
  readonly deny: DenyPolicy;
  /** `rcpt_to.in_host_list` is loaded: it accepts what is sent to a local domain, before the lists are asked. */
  readonly acceptsLocal: boolean;
}

export interface MailRequest extends ClientFacts {
  readonly recipient: FormRequest['recipient'];
  /** The recipient's domain is an address literal of this host. */
  readonly recipientIsHere?: boolean;
  /** Absent: nobody has looked for MX records, and no entry by them decides. */
  readonly exchanges?: DomainExchanges;
}

export interface MailDecision {
  /** `pass`: no rule decides, and other plugins may. */
  readonly outcome: 'relay' | 'local' | 'discard' | 'refuse' | 'defer' | 'pass';
  readonly by: 'deny' | 'trust' | 'destination' | 'map' | 'local-domain' | 'other';
  readonly at?: SourceLine;
  /** With `refuse` and `defer`. */
  readonly reply?: Reply;
  /** With `relay`: the next hop of the entry, where it has one. */
  readonly route?: Route;
  /** With `by: 'trust'`: the senders that the entry trusts, where it does not trust all of them. */
  readonly scope?: SenderScope;
  /** Likewise: for how many recipients, where the entry has a limit. */
  readonly limits?: Limits;
  /** With `by: 'destination'`: only if the next hop does not say that there is no such recipient. */
  readonly verify?: true;
}

export function decideMail(policy: MailPolicy, request: MailRequest): MailDecision {
  const { recipient, recipientIsHere = false } = request;
  const denied = decideDeny(policy.deny, request);
  if ('reply' in denied) return { ...lineOf(denied), ...replyOf(denied), by: 'deny' };
  const relaying = decideTrust(policy.relay, request) !== undefined;
  const form = decideRecipientForm(policy.relay, { ...request, relaying });
  if ('reply' in form) return { ...lineOf(form), ...replyOf(form), by: 'other' };

  if (policy.acceptsLocal && policy.relay.localDomains.has(recipient.domain)) {
    return accepted(policy, request, relaying, undefined);
  }
  const decision = decideRelay(policy.relay, { ...request, recipientIsHere, vouched: false });
  switch (decision.outcome) {
    case 'permit':
      return accepted(policy, request, relaying, decision);
    case 'pass':
      return { outcome: 'pass', by: 'other' };
    default:
      return { ...lineOf(decision), ...replyOf(decision), by: decision.rule === 'relay-map' ? 'map' : 'other' };
  }
}

/** Whether the names of the client must be known before `decideMail` is asked: they could change who gets the mail. */
export function mailNeedsClientName(policy: MailPolicy, request: MailRequest): boolean {
  if (denyNeedsClientName(policy.deny, request)) return true;
  if ('reply' in decideDeny(policy.deny, request)) return false;
  const { recipient, recipientIsHere = false } = request;
  const relaying = decideTrust(policy.relay, request) !== undefined;
  if (formNeedsClientName(policy.relay, { ...request, relaying })) return true;
  if ('reply' in decideRecipientForm(policy.relay, { ...request, relaying })) return false;
  if (policy.acceptsLocal && policy.relay.localDomains.has(recipient.domain)) return false;
  return needsClientName(policy.relay, { ...request, recipientIsHere, vouched: false });
}

/** Whether MX records must be known. To be asked where the names are. */
export function mailNeedsExchanges(policy: MailPolicy, request: MailRequest): boolean {
  const { recipientIsHere = false } = request;
  if ('reply' in decideDeny(policy.deny, request)) return false;
  if (policy.acceptsLocal && policy.relay.localDomains.has(request.recipient.domain)) return false;
  return needsExchanges(policy.relay, { ...request, recipientIsHere, vouched: false });
}

function accepted(
  { relay }: MailPolicy,
  { recipient, recipientIsHere = false, time }: MailRequest,
  relaying: boolean,
  permit: RelayPermit | undefined,
): MailDecision {
  const outcome = decideDisposition(relay, {
    recipient,
    recipientIsHere,
    relaying,
    permit,
    knownMailbox: permit === undefined,
  });
  const route = outcome === 'relay' ? findRoute(relay, recipient, time) : undefined;
  return { outcome, by: groundOf(permit), ...lineOf(permit), ...(route && { route }), ...boundsOf(permit) };
}

function groundOf(permit: RelayPermit | undefined): MailDecision['by'] {
  switch (permit?.rule) {
    case undefined:
      return 'local-domain';
    case 'client-network':
    case 'client-domain':
      return 'trust';
    case 'destination':
    case 'backup-mx':
      return 'destination';
    case 'relay-map':
      return 'map';
    default:
      return 'other';
  }
}

type Narrowed = Pick<MailDecision, 'scope' | 'limits' | 'verify'>;

function boundsOf({ scope, limits, verify }: Narrowed = {}): Narrowed {
  return { ...(scope && { scope }), ...(limits && { limits }), ...(verify && { verify }) };
}

function lineOf(decision: { readonly at?: SourceLine } | undefined): { readonly at?: SourceLine } {
  return decision?.at ? { at: decision.at } : {};
}

function replyOf(decision: { readonly outcome: 'refuse' | 'defer'; readonly reply: Reply }) {
  return { outcome: decision.outcome, reply: decision.reply };
}

/** `relay via [192.0.2.5] verify`, `relay from dept.example limit=200/1h`, `refuse 550 5.7.1 Relaying denied`. */
export function describeMail({ outcome, by, reply, route, scope, limits, verify }: MailDecision): string {
  if (reply) return `${by === 'deny' ? 'deny' : outcome} ${formatReply(reply)}`;
  const words = [
    outcome,
    route && `via ${formatRoute(route)}`,
    scope && `from ${scope.text}`,
    limits && formatLimits(limits),
    verify && 'verify',
  ];
  return words.filter((word) => word).join(' ');
}
