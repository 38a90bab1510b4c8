/**
 * The one wrapper of every hook. Haraka takes a hook that throws as having no opinion, and one that never answers
 * leaves the client waiting; here a throw, a rejection and a hang all end in a temporary refusal of that command, and
 * `next` is called exactly once.
 */
import constants from 'haraka-constants';
import DSN from 'haraka-dsn';
import { type Reply, reply } from '../policy/decision';
import type { hooks } from '../status/rules';
import type { Next } from '../types/haraka';

export type Hook = (typeof hooks)[number];

/** What a hook says to Haraka: nothing at all, or a code and a message. */
export interface HookAnswer {
  readonly code?: number;
  readonly message?: unknown;
}

export const noOpinion: HookAnswer = {};

/** A call of a hook, in which one or several tasks are asked. All but `ask` is needed only when something is amiss. */
export interface Guarded<T> {
  /** Milliseconds until a pending answer counts as a fault; 0 for no limit. */
  limitOf(task: T): number;
  ask(task: T): HookAnswer | Promise<HookAnswer>;
  /** What to answer where the answer could not be made. */
  onFault(task: T): HookAnswer;
  /** Tells the log. */
  report(task: T, error: unknown): void;
}

/** Asks the tasks in turn until one has an opinion, and calls `next` once. Where a fault ends in none, the others are asked. */
export function askInTurn<T>(call: Guarded<T>, tasks: readonly T[], next: Next, from = 0): void {
  for (let i = from; i < tasks.length; i++) {
    const task = tasks[i] as T;
    const answer = askGuarded(call, task);
    if (answer === noOpinion) continue;
    if (isPromise(answer)) {
      answer
        .then(({ code, message }) => (code === undefined ? askInTurn(call, tasks, next, i + 1) : next(code, message)))
        // What `next` leads to is Haraka's and other plugins'; their throw must not end the process as unhandled.
        .catch((error: unknown) => call.report(task, error));
      return;
    }
    if (answer.code !== undefined) {
      next(answer.code, answer.message);
      return;
    }
  }
  next();
}

/** The answer, whatever happens: this throws nothing, and a promise of it settles in time and is not rejected. */
function askGuarded<T>(call: Guarded<T>, task: T): HookAnswer | Promise<HookAnswer> {
  try {
    const answer = answered(call.ask(task));
    return isPromise(answer) ? settle(call, task, answer) : answer;
  } catch (error) {
    return faulty(call, task, error);
  }
}

function settle<T>(call: Guarded<T>, task: T, promise: Promise<HookAnswer>): Promise<HookAnswer> {
  const limit = call.limitOf(task);
  return new Promise((resolve) => {
    const late = () => resolve(faulty(call, task, new Error(`no answer within ${limit} ms`)));
    const timer = limit > 0 ? setTimeout(late, limit) : undefined;
    promise
      .then(answered)
      .catch((error: unknown) => faulty(call, task, error))
      .then((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
  });
}

function faulty<T>(call: Guarded<T>, task: T, error: unknown): HookAnswer {
  try {
    call.report(task, error);
  } catch {
    // That nothing can be said of the fault is no reason to let it pass.
  }
  return call.onFault(task);
}

/** A task that ends without an answer is at fault too; it must not pass for "no opinion". */
function answered<A extends HookAnswer | Promise<HookAnswer>>(answer: A): A {
  if (typeof answer !== 'object' || answer === null) throw new TypeError('the hook ended without an answer');
  return answer;
}

function isPromise(answer: HookAnswer | Promise<HookAnswer>): answer is Promise<HookAnswer> {
  return typeof (answer as Promise<HookAnswer>).then === 'function';
}

/** The reply as the client reads it: at some hooks Haraka has codes of its own. */
export function replyAt(hook: Hook, said: Reply): Reply {
  switch (hook) {
    case 'connect':
      // RFC 5321 §4.3.2 knows 554 and 421 here; after 554 the server waits for QUIT (§3.1), after 421 it closes.
      return { ...said, code: isTemporary(said) ? 421 : 554 };
    case 'queue':
    case 'queue_outbound':
      // Haraka takes the text alone of a DSN.
      return { ...said, code: isTemporary(said) ? 450 : 550 };
    default:
      return said;
  }
}

/** A refusal or deferral in the form that each hook of Haraka's needs, so that the client reads exactly this reply. */
export function answerWith(hook: Hook, said: Reply): HookAnswer {
  const message = dsnOf(said);
  switch (hook) {
    case 'connect_init':
    case 'bounce':
      // Verdicts are ignored at the former, and any but none would drop the bounce at the latter.
      return noOpinion;
    case 'connect':
      return {
        code: isTemporary(said) ? constants.denysoftdisconnect : constants.deny,
        message: dsnOf(replyAt(hook, said)),
      };
    case 'vrfy':
      // DENY would reset the transaction; with OK the code of the DSN is sent and nothing else happens.
      return { code: constants.ok, message };
    case 'unrecognized_command':
      // OK would mean that a reply has been sent; DENY leaves the transaction alone here.
      return { code: constants.deny, message };
    case 'get_mx':
      return { code: isTemporary(said) ? constants.denysoft : constants.deny, message: said.text };
    case 'helo':
    case 'mail':
    case 'rcpt':
    case 'rcpt_ok':
    case 'data_post':
    case 'queue':
    case 'queue_outbound':
      // RFC 5321 §3.8: after 421 the server closes the connection.
      if (said.code === 421) return { code: constants.denysoftdisconnect, message };
      return { code: isTemporary(said) ? constants.denysoft : constants.deny, message };
  }
}

function isTemporary({ code }: Reply): boolean {
  return code < 500;
}

/** The reply to a command that could not be decided on. */
export const localProblem = reply(451, '4.3.0', 'Temporary local problem, please try again');

function dsnOf({ code, enhanced, text }: Reply): unknown {
  return DSN.create(code, text, enhanced[1], enhanced[2]);
}
