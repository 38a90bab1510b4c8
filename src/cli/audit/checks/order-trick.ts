/** Whether one accepted recipient lets the next one in: a permission that leaks from a recipient to a transaction. */
import type { Fix, SmtpCheck } from '../check';
import { deferred, type Outcome, safe, unknown, unsafe } from '../outcome';
import { DialogueFault, endsAll } from '../session/dialogue-fault';
import { isAccepted, type Reply, type SmtpDialogue, shownReply } from '../session/smtp-dialogue';
import type { SmtpContext } from '../smtp-context';
import { shortened } from '../transcript';

const fix: Fix = {
  haraka:
    'Load `smtpcheck` last among the rcpt plugins; do not let a plugin set `connection.relaying` or answer OK for a whole transaction because one recipient was good.',
  sendmail: 'Keep the stock check_rcpt ruleset; a local LOCAL_CHECK_RCPT must not remember.',
  postfix: 'Keep `reject_unauth_destination` before any `permit` that looks at more than this recipient.',
  dovecot: 'Not a matter of Dovecot; look at the server it hands mail to.',
};

interface Step {
  readonly name: string;
  /** `OURS` and `FOREIGN` stand for the recipients, `HELO` for a fresh greeting. */
  readonly between: readonly string[];
  readonly foreignFirst?: boolean;
}

const steps: readonly Step[] = [
  { name: 'same transaction', between: [] },
  { name: 'foreign first, then ours, then foreign again', between: [], foreignFirst: true },
  { name: 'next transaction after RSET', between: ['RSET', 'MAIL'] },
  { name: 'after EHLO again', between: ['EHLO', 'MAIL'] },
  { name: 'after HELO again', between: ['HELO', 'MAIL'] },
  { name: 'after VRFY', between: ['VRFY postmaster'] },
  { name: 'after NOOP', between: ['NOOP'] },
];

/** A recipient this server takes from anyone: ours, what it is backup MX for, or its postmaster. */
export async function acceptedRecipients(context: SmtpContext): Promise<readonly string[] | 'login-first'> {
  const sender = await context.sender();
  if (sender === 'login-first') return 'login-first';
  const users = ['postmaster', ...context.audit.likelyUsers.filter((user) => user !== 'postmaster').slice(0, 2)];
  const groups: string[][] = [
    context.audit.site.backupRecipients.map(({ address }) => address),
    context.localDomains.flatMap((domain) => users.map((user) => `${user}@${domain}`)),
    ['postmaster'],
  ];
  const accepted: string[] = [];
  for (const group of groups) {
    for (const address of group) {
      const { rcpts } = await context.transact(`MAIL FROM:<${sender}>`, [`RCPT TO:<${address}>`]);
      if (rcpts[0] !== undefined && isAccepted(rcpts[0])) {
        accepted.push(address);
        break;
      }
    }
  }
  return accepted;
}

async function play(context: SmtpContext, step: Step, sender: string, ownRecipient: string): Promise<Outcome> {
  const foreign = `RCPT TO:<${context.audit.foreign.user}@${context.audit.foreign.domain}>`;
  const smtp = await context.greeted();
  const mail = `MAIL FROM:<${sender}>`;
  await must(context, smtp, mail);
  if (step.foreignFirst === true) {
    const early = await context.command(smtp, foreign);
    if (isAccepted(early)) return unsafe(`${step.name}: the foreign recipient is taken at once, ${shownReply(early)}`);
  }
  await must(context, smtp, `RCPT TO:<${ownRecipient}>`);
  for (const line of step.between) {
    if (line === 'MAIL') await must(context, smtp, mail);
    else if (line === 'EHLO' || line === 'HELO') await must(context, smtp, `${line} ${context.audit.helloName}`);
    else await context.command(smtp, line);
  }
  const last = await context.command(smtp, foreign);
  const shown = `${step.name}, after ${ownRecipient}: ${shortened(shownReply(last))}`;
  if (smtp.isOpen && last.code !== 421) await context.command(smtp, 'RSET');
  const answer = await context.answerTo(last);
  if (answer === 'accepted') return unsafe(shown);
  if (answer === 'refused' || answer === 'login-first') return safe(shown);
  return answer === 'relaying-deferred' ? deferred(shown) : unknown(shown);
}

/** A command that has to succeed before the trick can be tried. */
async function must(context: SmtpContext, smtp: SmtpDialogue, line: string): Promise<Reply> {
  const reply = await context.command(smtp, line);
  if (!isAccepted(reply)) throw new DialogueFault('unanswered', `${line} → ${shortened(shownReply(reply))}`);
  return reply;
}

const orderTrick: SmtpCheck = {
  id: 'order-trick',
  title: 'A foreign recipient after an accepted one',
  why: 'Where permission for one recipient sticks to the transaction or the connection, a spammer names a good recipient first and then anyone.',
  fix,
  async run(context) {
    const accepted = await acceptedRecipients(context);
    if (accepted === 'login-first') return safe('nothing is taken before AUTH: MAIL is answered with 530');
    const sender = await context.sender();
    if (accepted.length === 0) {
      return unknown('no recipient was accepted to begin with: say --local DOMAIN or --backup DOMAIN');
    }
    const outcomes: Outcome[] = [];
    for (const ownRecipient of accepted) {
      for (const step of steps) {
        try {
          outcomes.push(await play(context, step, sender, ownRecipient));
        } catch (error) {
          if (!(error instanceof DialogueFault) || endsAll(error)) throw error;
          outcomes.push(unknown(`${step.name}, after ${ownRecipient}: ${error.message}`));
        }
      }
    }
    const open = outcomes.filter(({ verdict }) => verdict === 'unsafe');
    if (open.length > 0) return context.asStranger(unsafe(fewOf(open)));
    const untold = outcomes.filter(({ verdict }) => verdict === 'unknown');
    if (untold.length > 0) return unknown(fewOf(untold));
    const later = outcomes.filter(({ verdict }) => verdict === 'deferred');
    if (later.length > 0)
      return deferred(
        `deferred instead of refused, ${later.length} of ${outcomes.length}: ${later[0]?.observed ?? ''}`,
      );
    return safe(`refused in all ${outcomes.length} orders, after ${accepted.join(', ')}`);
  },
};

function fewOf(outcomes: readonly Outcome[]): string {
  const more = outcomes.length > 3 ? [`and ${outcomes.length - 3} more`] : [];
  return [...outcomes.slice(0, 3).map(({ observed }) => observed), ...more].join('; ');
}

export const orderTrickChecks: readonly SmtpCheck[] = [orderTrick];
