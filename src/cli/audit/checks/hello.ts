/** Whether the server insists on a greeting, and on one that makes sense. */

import type { SmtpCheck } from '../check';
import { report, safe, unknown, unsafe } from '../outcome';
import { answered } from '../session/dialogue-fault';
import { isAccepted, isRefused, type SmtpDialogue, shownReply } from '../session/smtp-dialogue';
import type { SmtpContext } from '../smtp-context';
import { shortened } from '../transcript';

const mailBeforeHello: SmtpCheck = {
  id: 'mail-before-hello',
  title: 'MAIL without HELO',
  why: 'RFC 5321 §4.1.1.1: a client says who it is first. Only programs that skip the rules need a server that does not mind.',
  fix: {
    haraka: '`[privacy] flags=needmailhelo` (the default); Haraka itself answers 503 too.',
    sendmail: "define(`confPRIVACY_FLAGS', `needmailhelo') or `goaway`.",
    postfix: '`smtpd_helo_required = yes`.',
    dovecot: 'Dovecot submission asks for EHLO by itself.',
  },
  async run(context) {
    const smtp = await context.connect();
    const reply = await context.command(smtp, 'MAIL FROM:<>');
    const shown = shortened(shownReply(reply));
    if (isAccepted(reply)) {
      await context.command(smtp, 'RSET');
      // The client did send EHLO, in clear text before the handshake: the server forgot to reset its state.
      if (context.channel.security === 'starttls') return report(`after STARTTLS, by the EHLO before it: ${shown}`);
      return unsafe(shown);
    }
    return isRefused(reply) ? safe(shown) : unknown(shown);
  },
};

const junk: ReadonlyArray<readonly [string, string]> = [
  ['no name', 'HELO'],
  ['characters no name has', 'HELO !!no*such~name!!'],
  ['longer than a name can be', `HELO ${'a'.repeat(300)}`],
  ['a control character', 'HELO junk\x01name'],
  ['NUL', 'HELO junk\0name'],
];

/** Postfix takes the name and refuses the recipient for it: `smtpd_delay_reject`. */
async function refusedLater(context: SmtpContext, smtp: SmtpDialogue): Promise<boolean> {
  // Postfix exempts a bare postmaster from all restrictions.
  const domain = context.localDomains[0];
  const user = context.audit.likelyUsers[0] ?? 'root';
  for (const line of ['MAIL FROM:<>', `RCPT TO:<${domain === undefined ? user : `${user}@${domain}`}>`]) {
    const reply = await answered(context.command(smtp, line));
    if (reply === undefined) return false;
    if (isRefused(reply)) return /helo|ehlo|invalid name/i.test(reply.text);
  }
  return false;
}

const helloJunk: SmtpCheck = {
  id: 'hello-junk',
  title: 'HELO with a name that cannot be one',
  why: 'The name goes into the Received header and the log. Control characters there forge lines; other junk only marks a client that nobody needs.',
  fix: {
    haraka: 'Load `smtpcheck` (or its `helo` plugin): 501 for anything but a domain or an address literal.',
    sendmail: 'Stock sendmail refuses it unless `AllowBogusHELO` is set: unset it.',
    postfix: '`smtpd_helo_restrictions = reject_invalid_helo_hostname`, with `smtpd_helo_required = yes`.',
    dovecot: 'Not configurable; keep submission behind a server that checks.',
  },
  async run(context) {
    const accepted: string[] = [];
    let grave = false;
    let answeredCount = 0;
    for (const [name, line] of junk) {
      const smtp = await context.connect();
      const reply = await answered(context.command(smtp, line));
      if (reply === undefined || !(isAccepted(reply) || isRefused(reply))) continue;
      answeredCount += 1;
      if (!isAccepted(reply)) continue;
      // Accepting the name is one fault; repeating its control characters is a graver one.
      const echoed = /[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(reply.text);
      // sendmail and Postfix read up to the NUL, and the part before it is a valid name.
      if (!echoed && (name === 'NUL' || (await refusedLater(context, smtp)))) continue;
      accepted.push(name);
      grave ||= echoed;
    }
    if (grave) return unsafe(`taken, and control characters come back: ${accepted.join(', ')}`);
    if (accepted.length > 0) return report(`taken: ${accepted.join(', ')}`);
    if (answeredCount === 0) return unknown('no answer to any of them');
    return safe(`${answeredCount} of ${junk.length} answered, none taken for a name`);
  },
};

export const helloChecks: readonly SmtpCheck[] = [mailBeforeHello, helloJunk];
