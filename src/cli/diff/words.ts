/** What a change means for mail, in a sentence. */

import { formatLimit, formatLimits, type Limits } from '../../policy/attributes/limit';
import { formatReply } from '../../policy/decision';
import { formatRoute } from '../../policy/entries/route';
import type { Change } from '../../policy/sets/change';
import { isUndecided } from '../../policy/sets/change';
import { describeMail, type MailDecision } from '../../policy/sets/mail-decision';

export function describeChange(change: Change): string {
  if (change.kind === 'mx-hosts') return ofExchanges(change);
  const isOfClients = change.kind === 'client-addresses' || change.kind === 'client-names';
  return `${isOfClients ? ofClients(change) : ofRecipients(change)}${exceptionsOf(change)}`;
}

/** Exceptions of a wide set can be many; `--json` has all of them. */
const shownExceptions = 3;

function exceptionsOf({ except }: Change): string {
  if (except.length === 0) return '';
  const more = except.length - shownExceptions;
  return `, except ${except.slice(0, shownExceptions).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function ofClients(change: Change): string {
  const { before, after } = change;
  const who = clientsOf(change);
  const are = change.addresses === 1n ? 'is' : 'are';
  if (after.by === 'deny') return `${who} ${are} now refused`;
  if (after.by === 'trust') return `${who} ${relayWords(before, after)}`;
  if (after.by === 'map') {
    if (after.outcome === 'relay') return `${who} may now relay to anyone, unless relay.map refuses the recipient`;
    if (after.outcome === 'discard') return `mail of ${who} is now accepted and dropped`;
    return `${who} ${are} now ${after.outcome === 'defer' ? 'deferred' : 'refused'} by relay.map: ${replyOf(after)}`;
  }
  if (before.by === 'deny') return `${who} ${are} no longer refused`;
  if (before.outcome === 'relay')
    return `${who} may no longer relay${before.scope ? ` mail from ${before.scope.text}` : ''}`;
  if (before.outcome === 'discard') return `mail of ${who} is no longer dropped`;
  return `${who} ${are} no longer ${before.outcome === 'defer' ? 'deferred' : 'refused'} by relay.map`;
}

function relayWords(before: MailDecision, { scope, limits }: MailDecision): string {
  const isTrusted = before.by === 'trust';
  const most = limits ? `at most ${limitWords(limits)}` : '';
  if (isTrusted && before.scope?.text === scope?.text) return `may now relay ${most || 'without a limit'}`;
  const withMost = most && formatLimits(before.limits ?? {}) !== formatLimits(limits ?? {}) ? `, ${most}` : '';
  if (!scope) return `may now relay to anyone${withMost}`;
  const isNarrower = isTrusted && (!before.scope || before.scope.contains(scope));
  return `may now relay ${isNarrower ? 'only ' : ''}mail from ${scope.text}${withMost}`;
}

/** `200 recipients in 1h each, 5000 in 1d together`. */
function limitWords({ client, all }: Limits): string {
  const inWords = (limit: typeof client, whose: string) =>
    limit ? [`${formatLimit(limit).replace('/', ' recipients in ')} ${whose}`] : [];
  return [...inWords(client, 'each'), ...inWords(all, 'together')].join(', ');
}

function clientsOf({ kind, subject, addresses = 0n, question, before, after }: Change): string {
  // An answer that differs only with a sender that no scope covers is not that of all mail.
  const others = question === 1 && !before.scope && !after.scope ? ' with other senders' : '';
  if (kind === 'client-addresses') return `${formatCount(addresses)} address${addresses === 1n ? '' : 'es'}${others}`;
  return `${question === 2 ? 'clients whose unconfirmed name is' : 'clients named'} ${namesOf(subject)}${others}`;
}

/** `2^64` and the like beyond what anybody reads as a number. */
export function formatCount(count: bigint): string {
  if (count < 10n ** 12n) return String(count);
  const bits = count.toString(2).length - 1;
  return count === 1n << BigInt(bits) ? `2^${bits}` : `about 2^${bits}`;
}

/** `*.lab.example` in words. */
export function namesOf(subject: string): string {
  const user = subject.slice(0, subject.lastIndexOf('@') + 1);
  const names = subject.slice(user.length);
  if (names === '*') return user === '' ? 'any name' : `${user} at any domain`;
  return names.startsWith('*.') ? `${user}${names.slice(2)} and below` : subject;
}

function ofRecipients(change: Change): string {
  const { kind, subject, before, after, question } = change;
  const to =
    kind === 'recipient-literals' && !subject.includes('@') ? `address literals in ${subject}` : namesOf(subject);
  if (after.outcome === 'relay' && before.outcome === 'relay' && after.by === before.by) return nextHop(before, after);
  if (question === 1) {
    if (after.outcome === 'local') return `mail of clients that may relay to ${to} is now delivered here`;
    return `mail of clients that may relay to ${to} is now sent on`;
  }
  if (after.by === 'map' && after.outcome === 'discard') return `mail to ${to} is now accepted and dropped`;
  if (after.by === 'map' && after.outcome !== 'relay' && after.outcome !== 'local')
    return `mail to ${to} is now ${after.outcome === 'defer' ? 'deferred' : 'refused'} by relay.map: ${replyOf(after)}`;
  if (after.outcome === 'local') return `mail to ${to} is now delivered here`;
  if (after.outcome === 'relay') {
    const unless = after.by === 'map' ? ', unless relay.map refuses the client' : ifKnown(after);
    const isOpen = isUndecided(before) || after.by === 'map';
    return `${isOpen ? 'anyone may now send' : 'mail is now sent on'} to ${to}${unless}`;
  }
  if (before.outcome === 'relay') return `strangers may no longer send to ${to}`;
  if (before.outcome === 'local') return `mail to ${to} is no longer delivered here`;
  if (before.outcome === 'discard') return `mail to ${to} is no longer dropped`;
  return `mail to ${to} is no longer ${before.outcome === 'defer' ? 'deferred' : 'refused'} by relay.map`;
}

function ofExchanges({ subject, before, after }: Change): string {
  const domains = `domains that list this server behind MX hosts in ${subject}`;
  if (before.outcome === 'relay' && after.outcome === 'relay') return `${askedAbout(after)}, at ${domains}`;
  if (after.outcome !== 'relay') return `strangers may no longer send to ${domains}`;
  return `anyone may now send to ${domains}${ifKnown(after)}`;
}

/** `relay.to` permits it before and after. */
function nextHop(before: MailDecision, after: MailDecision): string {
  const [is, was] = [after, before].map(({ route }) => (route ? formatRoute(route) : "the domain's MX"));
  const words = [
    ...(is === was ? [] : [`next hop is ${is}, was ${was}`]),
    ...(after.verify === before.verify ? [] : [askedAbout(after)]),
  ];
  return words.join('; ');
}

function askedAbout({ verify }: MailDecision): string {
  return `the next hop is ${verify ? 'now asked' : 'no longer asked'} whether it knows a recipient`;
}

function ifKnown({ verify }: MailDecision): string {
  return verify ? ', unless the next hop does not know the recipient' : '';
}

function replyOf({ reply }: MailDecision): string {
  return reply ? formatReply(reply) : '';
}

/** For programs: what the server answers. */
export function verdictOf(decision: MailDecision): string {
  const isPermitOfMap = decision.by === 'map' && !decision.reply;
  // The reason behind the refusal names one client, and the verdict is that of a set.
  const text = describeMail(decision).replace(/\. IP name [^[]*\[[^\]]*\]$/, '');
  return `${text}${isPermitOfMap ? ' by relay.map' : ''}`;
}

/** The entry that decided before, in words: `was excluded by localip:2`. */
export function describeBefore(before: MailDecision): string {
  if (!before.at) return '';
  const { file, line } = before.at;
  const word = before.by === 'other' ? 'excluded' : before.by === 'deny' ? 'refused' : wordOf(before);
  return `was ${word} by ${file}:${line}`;
}

function wordOf({ outcome }: MailDecision): string {
  const words = {
    relay: 'permitted',
    local: 'local',
    discard: 'dropped',
    refuse: 'refused',
    defer: 'deferred',
    pass: 'passed',
  };
  return words[outcome];
}
