/** Recipients that their next hop is asked about before they are accepted, by `verify` of their entry. */
import type { Call } from '../../src/host/answer';
import { clientOf } from '../../src/host/client';
import { findRoute } from '../../src/policy/relay-decision';
import type { RelayDecision } from '../../src/policy/relay-policy';
import { decideVerified, tooManyUnknown, type Verified } from '../../src/policy/verify';
import type { Address } from '../../src/types/haraka';
import { recipientOf } from './recipient';

/** Of the time that Haraka gives a plugin, so much is for the question: the DNS was asked before. */
const share = 0.8;

/** `decide`: under the policy that is in force when it is called. */
export function verifyRecipient(
  call: Call,
  address: Address,
  decide: () => RelayDecision,
): RelayDecision | Promise<RelayDecision> {
  const decision = decide();
  if (decision.outcome !== 'permit' || !decision.verify) return decision;
  const client = clientOf(call.connection);
  if (client.unknownRecipients >= call.policy.settings.verify.unknown) return tooManyUnknown(decision.at);
  return ask(call, address).then((verified) => {
    if (verified === 'unknown') client.unknownRecipients++;
    const { policy } = call.renew();
    const now = decide();
    if (now.outcome !== 'permit') return now;
    const refusal = decideVerified(verified, policy.settings.verify.unsure, now.at);
    return refusal ?? { ...now, verified: verified === 'known' ? 'known' : 'unsure' };
  });
}

function ask({ plugin, suite, policy }: Call, address: Address): Promise<Verified> {
  const { localPart, domain } = recipientOf(address);
  const route = findRoute(policy.relay, { localPart, domain }, suite.timeFor(policy));
  const limit = (plugin.smtpcheckLimit ?? 0) * share || Number.POSITIVE_INFINITY;
  const timeout = Math.min(policy.settings.verify.timeout, limit);
  return suite.verifier.verify({ recipient: `<${localPart}@${domain}>`, domain, route, timeout });
}
