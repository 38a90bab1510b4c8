/** The checks that send a message, and so run only with a canary: an address of the operator's own. */

import type { SmtpCheck } from '../check';
import { deferred, type Outcome, report, safe, unknown, unsafe } from '../outcome';
import { isAccepted, isDeferred, type SmtpDialogue, shownReply } from '../session/smtp-dialogue';
import type { SmtpContext } from '../smtp-context';
import { shortened } from '../transcript';

async function toData(context: SmtpContext, canary: string): Promise<SmtpDialogue | Outcome> {
  const sender = await context.sender();
  if (sender === 'login-first') return safe('nothing is taken before AUTH: MAIL is answered with 530');
  const smtp = await context.greeted();
  for (const line of [`MAIL FROM:<${sender}>`, `RCPT TO:<${canary}>`]) {
    const reply = await context.command(smtp, line);
    if (isAccepted(reply)) continue;
    const shown = `${line} → ${shortened(shownReply(reply))}`;
    if ((await context.answerTo(reply)) === 'relaying-deferred') return deferred(shown);
    return isDeferred(reply) ? unknown(shown) : safe(`refused: ${shown}`);
  }
  const reply = await context.command(smtp, 'DATA');
  if (reply.code !== 354) return unknown(`DATA → ${shortened(shownReply(reply))}`);
  return smtp;
}

function message(context: SmtpContext, canary: string, subject: string): string {
  return [
    'From: <smtpcheck-audit@localhost>',
    `To: <${canary}>`,
    `Subject: smtpcheck audit: ${subject}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${Date.now()}.${process.pid}@${context.audit.helloName.replaceAll(/[[\]]/g, '')}>`,
    '',
    `Sent by smtpcheck audit through ${context.channel.host}, port ${context.channel.port}.`,
    '',
  ].join('\r\n');
}

const deliver: SmtpCheck = {
  id: 'canary',
  title: 'A message to the canary address',
  why: 'Accepted is not delivered: only a message that arrives proves that the server relays, and only one that is refused that it does not.',
  fix: {
    haraka: 'Load `smtpcheck` with `[relay] restriction=true`.',
    sendmail: 'See relay-plain.',
    postfix: 'See relay-plain.',
    dovecot: 'See relay-plain.',
  },
  applies: ({ audit }) => audit.canary !== undefined,
  async run(context) {
    const canary = context.audit.canary ?? '';
    const smtp = await toData(context, canary);
    if ('verdict' in smtp) return smtp;
    smtp.dialogue.write(`${message(context, canary, 'canary')}\r\n.\r\n`);
    const reply = await smtp.reply();
    const shown = `${canary}: ${shortened(shownReply(reply))}`;
    if (!isAccepted(reply)) return isDeferred(reply) ? unknown(shown) : safe(`refused after DATA, ${shown}`);
    const isLocal = context.localDomains.some((domain) => canary.toLowerCase().endsWith(`@${domain.toLowerCase()}`));
    if (isLocal) return report(`taken for local delivery, ${shown}; look whether it arrives`);
    return context.asStranger(unsafe(`taken for relaying, ${shown}; look whether it arrives`));
  },
};

const endings: ReadonlyArray<readonly [string, string]> = [
  ['LF . LF', '\n.\n'],
  ['LF . CRLF', '\n.\r\n'],
  ['CRLF . LF', '\r\n.\n'],
  ['CR . CR', '\r.\r'],
  ['CR . CRLF', '\r.\r\n'],
  ['CRLF . CR', '\r\n.\r'],
];

const smuggling: SmtpCheck = {
  id: 'smuggling',
  title: 'A message that ends where it should not',
  why: 'SMTP smuggling: a server that takes another line ending for the end of a message lets one message carry another, with a sender that was never checked.',
  fix: {
    haraka: 'Haraka 3 refuses a bare LF in DATA with 451; update older ones.',
    sendmail: 'Update to 8.18 with `SrvFeatures` o; keep O of CR and LF strict.',
    postfix: '`smtpd_forbid_bare_newline = normalize` (3.9; 3.8.4, 3.7.9 and later have it too).',
    dovecot: 'Update Dovecot submission; it passes mail on to a server that must check as well.',
  },
  applies: ({ audit }) => audit.smuggling && audit.canary !== undefined,
  async run(context) {
    const canary = context.audit.canary ?? '';
    // The reply time for a correct ending shows how long a silence must last to mean that the ending was ignored.
    const control = await toData(context, canary);
    if ('verdict' in control) {
      return unknown(`the canary is not accepted, so nothing could be tried: ${control.observed}`);
    }
    control.dialogue.write(`${message(context, canary, 'right ending')}\r\n.\r\n`);
    const right = await control.reply();
    if (!isAccepted(right)) return unknown(`a right ending → ${shortened(shownReply(right))}`);
    const waitMs = Math.min(context.audit.limits.replyMs, Math.max(1500, 4 * right.ms));
    const accepted: string[] = [];
    const open: string[] = [];
    for (const [name, ending] of endings) {
      const smtp = await toData(context, canary);
      if ('verdict' in smtp) {
        open.push(`${name}: ${smtp.observed}`);
        continue;
      }
      smtp.dialogue.write(message(context, canary, name) + ending);
      // The connection is dropped inside DATA, so whatever was not taken for an end is never sent.
      const line = await smtp.dialogue.readUnsolicited(waitMs);
      smtp.dialogue.close();
      if (line !== undefined && /^2/.test(line)) accepted.push(`${name} → ${shortened(line)}`);
    }
    if (accepted.length > 0) return unsafe(`taken for the end of a message: ${accepted.join('; ')}`);
    if (open.length > 0) return unknown(open.join('; '));
    return safe(`none of ${endings.length} wrong endings is taken for one`);
  },
};

export const smugglingChecks: readonly SmtpCheck[] = [deliver, smuggling];
