/** What the next hop of a recipient says of it, and what we answer by it. Only recipients that a list admits are asked about. */
import { type Defer, defer, type Refuse, refuse, reply } from './decision';
import type { SourceLine } from './findings/finding';

/**
 * `unsure`: no answer, or one that says nothing of the recipient. `unasked`: the next hop is there, and has been asked enough for
 * now.
 */
export type Verified = 'known' | 'unknown' | 'unsure' | 'unasked';

/** A reply of the next hop to RCPT. */
export interface HopReply {
  readonly code: number;
  readonly text: string;
}

/**
 * What a reply to RCPT says of the recipient. By its enhanced code (RFC 3463 §3.2), 5.1.x says that there is none, unless it is
 * of the sender (5.1.7, 5.1.8); 5.7.x is a matter of policy, and 5.2.2 a full mailbox, which exists. Without an enhanced code,
 * 55x speaks of the mailbox (RFC 5321 §4.2.1).
 */
export function judgeReply({ code, text }: HopReply): Verified {
  if (code >= 200 && code < 300) return 'known';
  if (code < 500 || code > 599) return 'unsure';
  const [, subject, detail] = /^5\.([0-9]{1,3})\.([0-9]{1,3})(?![.0-9])/.exec(text) ?? [];
  if (subject === undefined) return code >= 550 && code <= 559 ? 'unknown' : 'unsure';
  return subject === '1' && detail !== '7' && detail !== '8' ? 'unknown' : 'unsure';
}

export type VerifyRule = 'unknown-recipient' | 'recipient-unverified' | 'unknown-recipients';

const noSuchUser = reply(550, '5.1.1', 'No such user');
const unverified = reply(450, '4.4.1', 'Recipient cannot be verified just now, try again later');
const goAway = reply(421, '4.7.1', 'Too many unknown recipients');

/** Our own words: nothing of an internal host gets out. `undefined` where the recipient stays permitted. */
export function decideVerified(
  verified: Verified,
  unsure: 'accept' | 'defer',
  at: SourceLine | undefined,
): Refuse<VerifyRule> | Defer<VerifyRule> | undefined {
  if (verified === 'unknown') return refuse('unknown-recipient', noSuchUser, at);
  const isDeferred = verified === 'unasked' || (verified === 'unsure' && unsure === 'defer');
  return isDeferred ? defer('recipient-unverified', unverified, at) : undefined;
}

/** After so many unknown recipients on one connection: whoever goes on is guessing names. */
export function tooManyUnknown(at: SourceLine | undefined): Defer<VerifyRule> {
  return defer('unknown-recipients', goAway, at);
}
