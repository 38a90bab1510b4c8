/** Recipients in every spelling that has made a server relay, asked one transaction each, and what the answers add up to. */
import { deferred, type Outcome, report, safe, unknown, unsafe } from './outcome';
import { DialogueFault, endsAll } from './session/dialogue-fault';
import { isAccepted, type Reply, shownReply } from './session/smtp-dialogue';
import type { SmtpContext } from './smtp-context';
import { shortened } from './transcript';

export interface Form {
  readonly name: string;
  /** What follows `RCPT TO:`, brackets included. */
  readonly rcpt: string;
  /** What follows `MAIL FROM:`; without it, a sender that is known to get past MAIL. */
  readonly mail?: string;
  /** The whole lines, where their very spelling is the trick. */
  readonly lines?: { readonly mail: string; readonly rcpt: string };
  /**
   * The domain whose server would have to follow the route. Where it takes any local part, that it takes this one shows
   * nothing; `''` is a recipient without a domain.
   */
  readonly under?: string;
}

export type FormAnswer = 'accepted' | 'refused' | 'deferred' | 'open-question' | 'any-local-part';

export interface Asked {
  readonly form: Form;
  readonly answer: FormAnswer;
  readonly shown: string;
}

export async function askForms(
  context: SmtpContext,
  forms: readonly Form[],
): Promise<readonly Asked[] | 'login-first'> {
  const sender = await context.sender();
  if (sender === 'login-first') return 'login-first';
  const asked: Asked[] = [];
  for (const form of forms) asked.push(await ask(context, form, sender));
  return asked;
}

async function ask(context: SmtpContext, form: Form, sender: string): Promise<Asked> {
  const mail = form.lines?.mail ?? `MAIL FROM:${form.mail ?? `<${sender}>`}`;
  const rcpt = form.lines?.rcpt ?? `RCPT TO:${form.rcpt}`;
  try {
    const transaction = await context.transact(mail, [rcpt]);
    const reply = transaction.rcpts[0] ?? transaction.mail;
    const shown = `${shortened(transaction.rcpts.length > 0 ? rcpt : mail, 90)} → ${shortened(shownReply(reply))}`;
    return { form, answer: await formAnswer(context, form, reply), shown };
  } catch (error) {
    if (!(error instanceof DialogueFault) || endsAll(error)) throw error;
    return { form, answer: 'open-question', shown: `${shortened(rcpt, 90)} → ${error.message}` };
  }
}

async function formAnswer(context: SmtpContext, form: Form, reply: Reply): Promise<FormAnswer> {
  if (isAccepted(reply)) {
    return form.under !== undefined && (await context.acceptsAnyone(form.under)) ? 'any-local-part' : 'accepted';
  }
  const answer = await context.answerTo(reply);
  if (answer === 'relaying-deferred') return 'deferred';
  // A parameter or a spelling the server does not know is a refusal too: the form did not work.
  if (answer === 'refused' || answer === 'login-first') return 'refused';
  // The route's own domain is the last one, and that one is ours: it cannot be what was not found.
  if (answer === 'no-such-domain' && (form.under !== undefined || form.mail !== undefined)) return 'refused';
  return 'open-question';
}

export function judgeForms(asked: readonly Asked[] | 'login-first'): Outcome {
  if (asked === 'login-first') return safe('nothing is taken before AUTH: MAIL is answered with 530');
  if (asked.length === 0) return unknown('nothing could be asked');
  const of = (answer: FormAnswer): readonly Asked[] => asked.filter((one) => one.answer === answer);
  const accepted = of('accepted');
  if (accepted.length > 0) return unsafe(`accepted ${accepted.length} of ${asked.length}: ${listed(accepted)}`);
  const open = of('open-question');
  if (open.length > 0) return unknown(`not told by ${open.length} of ${asked.length}: ${listed(open)}`);
  const anyone = of('any-local-part');
  if (anyone.length > 0) {
    return report(
      `taken as a local part by a domain that takes any, ${anyone.length} of ${asked.length}: ${listed(anyone)}; ` +
        'whoever delivers it must not follow the route',
    );
  }
  const later = of('deferred');
  if (later.length > 0) {
    return deferred(`deferred instead of refused, ${later.length} of ${asked.length}: ${listed(later, 1)}`);
  }
  return safe(`all ${asked.length} forms refused, the first with ${asked[0]?.shown.split(' → ')[1] ?? ''}`);
}

function listed(asked: readonly Asked[], inFull = 4): string {
  const shown = asked.slice(0, inFull).map(({ form, shown: what }) => `${form.name}: ${what}`);
  if (asked.length > inFull)
    shown.push(
      `and ${asked
        .slice(inFull)
        .map(({ form }) => form.name)
        .join(', ')}`,
    );
  return shown.join('; ');
}
