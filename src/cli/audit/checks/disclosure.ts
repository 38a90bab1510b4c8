/** Whether a stranger can learn from the server which users and lists it has. */

import type { Fix, SmtpCheck } from '../check';
import { type Outcome, report, safe, unknown, unsafe, worstOf } from '../outcome';
import { randomUser } from '../session/channel';
import { DialogueFault, endsAll } from '../session/dialogue-fault';
import { isAccepted, isDeferred, type SmtpDialogue, shownReply } from '../session/smtp-dialogue';
import { answerOf, type SmtpContext } from '../smtp-context';
import { shortened } from '../transcript';
import { compareReplies, judgeUsers, type Sample, timesDiffer } from '../users';

const fix: Fix = {
  haraka: '`[privacy] flags=noexpn,novrfy` (the default) in config/smtpcheck.ini.',
  sendmail: "define(`confPRIVACY_FLAGS', `goaway') or at least `novrfy,noexpn`.",
  postfix: '`disable_vrfy_command = yes`; Postfix knows no EXPN.',
  dovecot: 'Dovecot submission answers VRFY with 252; LMTP must not be reachable from outside.',
};

type State = 'before HELO' | 'after HELO' | 'inside a transaction';
const states: readonly State[] = ['before HELO', 'after HELO', 'inside a transaction'];

async function inState(context: SmtpContext, state: State): Promise<SmtpDialogue | undefined> {
  const smtp = await context.connect();
  if (state === 'before HELO') return smtp;
  await context.hello(smtp);
  if (state === 'after HELO') return smtp;
  const reply = await context.command(smtp, 'MAIL FROM:<>');
  return isAccepted(reply) ? smtp : undefined;
}

/** Likely and random names take turns, so that a server that tires of us does so with both. */
function namesFor(context: SmtpContext, count: number): Array<{ readonly name: string; readonly likely: boolean }> {
  const domain = context.localDomains[0];
  return context.audit.likelyUsers.slice(0, count).flatMap((user, index) => {
    const at = index % 2 === 1 && domain !== undefined ? `@${domain}` : '';
    return [
      { name: `${user}${at}`, likely: true },
      { name: `${randomUser()}${at}`, likely: false },
    ];
  });
}

async function sample(
  context: SmtpContext,
  smtp: SmtpDialogue,
  verb: string,
  { name, likely }: { readonly name: string; readonly likely: boolean },
): Promise<Sample> {
  const reply = await context.command(smtp, verb.includes('%') ? verb.replace('%', name) : `${verb} ${name}`);
  // Postfix judges VRFY like RCPT: a name under no domain of its own is denied relaying, and that is the answer.
  if (isDeferred(reply) && answerOf(reply) !== 'relaying-deferred')
    throw new DialogueFault('unanswered', `${verb}: ${shortened(shownReply(reply))}`);
  return {
    name,
    likely,
    reply: shortened(shownReply(reply)),
    accepted: isAccepted(reply) && reply.code !== 252,
    ms: reply.ms,
  };
}

function asking(verb: 'VRFY' | 'EXPN'): (context: SmtpContext) => Promise<Outcome> {
  return async (context) => {
    const outcomes: Outcome[] = [];
    for (const state of states) {
      try {
        const smtp = await inState(context, state);
        if (smtp === undefined) {
          outcomes.push(unknown(`${state}: MAIL FROM:<> is refused`));
          continue;
        }
        const samples: Sample[] = [];
        for (const name of namesFor(context, 3)) samples.push(await sample(context, smtp, verb, name));
        outcomes.push(judgeReplies(state, samples));
      } catch (error) {
        if (!(error instanceof DialogueFault) || endsAll(error)) throw error;
        outcomes.push(unknown(`${state}: ${error.message}`));
      }
    }
    return worstOf(outcomes);
  };
}

function judgeReplies(state: State, samples: readonly Sample[]): Outcome {
  const { verdict, observed } = judgeUsers(samples, 'unsafe');
  if (verdict !== 'safe') return { verdict, observed: `${state}: ${observed}` };
  const revealed = samples.find(({ accepted }) => accepted);
  if (revealed !== undefined) return unsafe(`${state}: ${revealed.name} → ${revealed.reply}`);
  return safe(observed);
}

const vrfy: SmtpCheck = {
  id: 'vrfy-users',
  title: 'VRFY tells users from others',
  why: 'A list of users is what password guessing and targeted mail begin with. RFC 5321 §7.3 offers 252 for servers that will not say.',
  fix,
  run: asking('VRFY'),
};

const expn: SmtpCheck = {
  id: 'expn-lists',
  title: 'EXPN tells list members',
  why: 'One command may hand out every address behind an alias.',
  fix,
  run: asking('EXPN'),
};

const timing: SmtpCheck = {
  id: 'vrfy-timing',
  title: 'VRFY takes longer for some names',
  why: 'Equal words are no help where the server looks the user up first and takes visibly longer for one that exists.',
  fix,
  async run(context) {
    const samples = await interleaved(context, 'VRFY');
    if (samples === undefined) return unknown('VRFY could not be asked');
    if (compareReplies(samples).difference !== undefined) return report('the replies differ already, see vrfy-users');
    const { differs, shown } = timesDiffer(samples);
    return differs ? unsafe(`likely and random names: ${shown}`) : safe(`no difference beyond noise: ${shown}`);
  },
};

const rounds = 7;
/** Servers slow down who asks often on one connection, sendmail after six VRFY: each is left before that. */
const roundsPerConnection = 2;

/** One likely name against random ones, in turn. Ends at once where the replies differ already. */
async function interleaved(context: SmtpContext, verb: string): Promise<readonly Sample[] | undefined> {
  const user = context.audit.likelyUsers[0] ?? 'root';
  const samples: Sample[] = [];
  let smtp: SmtpDialogue | undefined;
  for (let round = 0; round < rounds; round += 1) {
    const domain = context.localDomains[0];
    const at = domain !== undefined ? `@${domain}` : '';
    if (smtp === undefined || round % roundsPerConnection === 0) {
      smtp = await context.greeted();
      if (verb.startsWith('RCPT') && !isAccepted(await context.command(smtp, 'MAIL FROM:<>'))) return undefined;
      // The first question of a connection also waits for the server's one-time look-ups.
      await sample(context, smtp, verb, { name: `${randomUser()}${at}`, likely: false });
    }
    const pair = [
      { name: `${user}${at}`, likely: true },
      { name: `${randomUser()}${at}`, likely: false },
    ];
    // Likely and random names alternate in who comes second.
    for (const name of round % 2 === 0 ? pair : pair.reverse()) samples.push(await sample(context, smtp, verb, name));
    if (compareReplies(samples).difference !== undefined) return samples;
  }
  return samples;
}

const rcpt: SmtpCheck = {
  id: 'rcpt-users',
  title: 'RCPT tells users from others',
  why: 'A server that refuses unknown users at RCPT, as it should to send no bounces to the innocent, tells by that which exist. It is seen here, and not a fault; limit how many may be tried.',
  fix: {
    haraka: 'Limit refused recipients a connection (haraka-plugin-limit `[errors]`), rather than accept and bounce.',
    sendmail: "define(`confBAD_RCPT_THROTTLE', `3').",
    postfix: '`smtpd_soft_error_limit`, `smtpd_hard_error_limit` and `smtpd_recipient_limit`.',
    dovecot: 'Limits belong into the server in front.',
  },
  async run(context) {
    const smtp = await context.greeted();
    const mail = await context.command(smtp, 'MAIL FROM:<>');
    if (!isAccepted(mail)) {
      if (mail.code === 530) return safe('nothing is taken before AUTH: MAIL is answered with 530');
      return unknown(`MAIL FROM:<> → ${shortened(shownReply(mail))}`);
    }
    const domain = context.localDomains[0];
    const samples: Sample[] = [];
    for (const { name, likely } of namesFor(context, 3)) {
      const bare = name.split('@')[0] ?? name;
      const address = domain === undefined ? bare : `${bare}@${domain}`;
      samples.push(await sample(context, smtp, 'RCPT TO:<%>', { name: address, likely }));
    }
    if (smtp.isOpen) await context.command(smtp, 'RSET');
    return judgeUsers(samples, 'report');
  },
};

const rcptTiming: SmtpCheck = {
  id: 'rcpt-timing',
  title: 'RCPT takes longer for some names',
  why: 'As with VRFY; a callout to the machine behind can be seen in the time it takes.',
  fix: rcpt.fix,
  async run(context) {
    const samples = await interleaved(context, 'RCPT TO:<%>');
    if (samples === undefined) return report('MAIL FROM:<> is refused, so RCPT was not timed');
    if (compareReplies(samples).difference !== undefined) return report('the replies differ already, see rcpt-users');
    const { differs, shown } = timesDiffer(samples);
    return differs ? report(`likely and random names: ${shown}`) : safe(`no difference beyond noise: ${shown}`);
  },
};

const oldCommands: SmtpCheck = {
  id: 'old-commands',
  title: 'Commands of another age: ETRN, TURN, VERB, DEBUG, WIZ',
  why: 'They start deliveries, show them, or opened servers of 1988; a stranger has no use for any.',
  fix: {
    haraka: '`[privacy] flags=…,noetrn,noverb` in config/smtpcheck.ini.',
    sendmail: "define(`confPRIVACY_FLAGS', `goaway,noetrn').",
    postfix: '`smtpd_etrn_restrictions = reject`, or `smtpd_discard_ehlo_keywords = etrn`.',
    dovecot: 'Dovecot knows none of them.',
  },
  async run(context) {
    const smtp = await context.greeted();
    const domain = context.localDomains[0] ?? 'localhost';
    const accepted: string[] = [];
    let grave = false;
    for (const line of [`ETRN ${domain}`, 'TURN', 'VERB', 'DEBUG', 'WIZ']) {
      const reply = await context.command(smtp, line);
      // RFC 1985: 459 means that this client may not use ETRN; it is not a temporary failure.
      if (reply.code === 459) continue;
      if (isDeferred(reply)) return unknown(`${line} → ${shortened(shownReply(reply))}`);
      if (!isAccepted(reply)) continue;
      accepted.push(`${line} → ${shortened(shownReply(reply))}`);
      grave ||= /^(?:TURN|DEBUG|WIZ)/.test(line);
    }
    if (accepted.length === 0) return safe('none is taken');
    return grave ? unsafe(accepted.join('; ')) : report(accepted.join('; '));
  },
};

export const disclosureChecks: readonly SmtpCheck[] = [vrfy, expn, timing, rcpt, rcptTiming, oldCommands];
