/** Whom an operator asks about: a client, a mailbox, or a domain with what is below it. */
import { canonicalDomain, parseDomainName } from '../../policy/entries/domain-name';
import { isTextOf, parseAddress } from '../../policy/entries/ip-address';
import { CannotRun } from '../io';
import type { ShownDecision } from '../shown-decision';

export type Subject = (decision: Pick<ShownDecision, 'ip' | 'ptr' | 'from' | 'rcpt'>) => boolean;

/** Whether a decision concerns the subject. What a client says at HELO is not looked at. */
export function parseSubject(text: string): Subject {
  const address = parseAddress(text.replace(/^\[(.*)\]$/, '$1'));
  if (address) return ({ ip }) => isTextOf(address, ip);
  const mailbox = text.replace(/^<(.*)>$/, '$1');
  if (mailbox.lastIndexOf('@') > 0) {
    const wanted = canonical(mailbox);
    return ({ from, rcpt }) => [from, rcpt].some((path) => canonical(path.slice(1, -1)) === wanted);
  }
  const domain = parseDomainName(mailbox.replace(/^@/, ''));
  if (domain === undefined) {
    throw new CannotRun(`${text}: write an IP address, a mailbox such as user@example.org, or a domain`);
  }
  const isWithin = (name: string) => name === domain || name.endsWith(`.${domain}`);
  return ({ ptr, from, rcpt }) =>
    isWithin(ptr.toLowerCase()) || [from, rcpt].some((path) => isWithin(domainOf(path.slice(1, -1))));
}

function canonical(mailbox: string): string {
  return `${mailbox.slice(0, mailbox.lastIndexOf('@')).toLowerCase()}@${domainOf(mailbox)}`;
}

function domainOf(mailbox: string): string {
  const at = mailbox.lastIndexOf('@');
  return at < 0 ? '' : canonicalDomain(mailbox.slice(at + 1));
}
