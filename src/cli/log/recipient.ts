/** The recipient of a decision, from the path that the log has of it. */
import { canonicalDomain } from '../../policy/entries/domain-name';
import type { MailRequest } from '../../policy/sets/mail-decision';

/** `undefined` where a backslash may be an escape of the log's as well as the client's own. */
export function recipientOf(path: string): MailRequest['recipient'] | undefined {
  if (/\\(?:[tnr]|u[0-9a-f]{4})/.test(path)) return undefined;
  const mailbox = path.slice(1, -1);
  const at = mailbox.lastIndexOf('@');
  if (at < 0) return { localPart: mailbox, domain: '' };
  const writtenDomain = mailbox.slice(at + 1);
  return { localPart: mailbox.slice(0, at), domain: canonicalDomain(writtenDomain), writtenDomain };
}
