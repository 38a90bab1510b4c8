/**
 * From a hook to a decision and back. A plugin describes each of its hooks once, as a question or a task, and gets the
 * method that Haraka calls: it gathers the policy in force, records what was decided and answers, under `guard`.
 */
import type { Decision, Permit } from '../core/decision';
import type { Address, Connection, Next, Plugin } from '../types/haraka';
import { answerWith, type Guarded, guard, type Hook, type HookAnswer, localProblem, noOpinion } from './guard';
import type { PluginName, Policy } from './policy';
import { record, recordFault } from './record';
import { type Suite, suiteFor } from './suite';

/** A plugin of the suite once it is registered. */
export interface SuitePlugin extends Plugin {
  smtpcheck?: Suite;
  /** Milliseconds that a hook may wait for its answer: Haraka's timeout of the plugin. */
  smtpcheckLimit?: number;
}

/** Joins the suite: called by each plugin's `register`. Throws where the suite cannot start or the plugin is there twice. */
export function join(plugin: SuitePlugin, name: PluginName): void {
  const suite = suiteFor(plugin);
  suite.claim(name, plugin.name);
  plugin.smtpcheck = suite;
  plugin.smtpcheckLimit ??= (plugin.timeout || 30) * 1000;
  // The guard keeps the time where there is something to wait for. Haraka would start a timer at every hook of a message.
  plugin.timeout = 0;
}

/** Leaves the suite: called at shutdown. */
export function leave(plugin: SuitePlugin): void {
  plugin.smtpcheck?.release(plugin.name);
}

/** A hook with a body of its own. `C` is what Haraka hands over first, `P` what comes with it. */
export interface Task<C, P> {
  readonly plugin: PluginName;
  readonly hook: Hook;
  run(call: Call<C>, params: P): HookAnswer | Promise<HookAnswer>;
}

/** A hook that asks for a decision. */
export interface Question<P, D extends Decision> {
  readonly plugin: PluginName;
  readonly hook: Hook;
  decide(call: Call<Connection>, params: P): D | Promise<D>;
  /** What a permit says to Haraka: nothing, where this is left out. */
  onPermit?(decision: Extract<D, Permit>, params: P): HookAnswer;
  /** For the log. */
  recipient?(params: P): Address;
}

/** One call of a hook, and what is at hand for it. */
export interface Call<C> {
  readonly plugin: SuitePlugin;
  readonly connection: C;
  readonly suite: Suite;
  /** In force when the hook was called. */
  readonly policy: Policy;
  /** Takes the policy in force by now, and returns this call: a reload while DNS was asked has changed it. */
  renew(): Call<C>;
}

type Method<C, P> = (this: SuitePlugin, next: Next, connection: C, params: P) => void;

interface Logs {
  logerror(...args: unknown[]): void;
}

/** The method of a hook that is no plain decision. */
export function doing<P = unknown, C extends Logs = Connection>(task: Task<C, P>): Method<C, P> {
  return function (next, connection, params) {
    guard(new HookCall(this, task, connection, params), next);
  };
}

/**
 * The method that decides and answers. A permit says nothing to Haraka unless `onPermit` does; refusals and deferrals
 * send their reply; no opinion is no opinion. A plugin that only observes does all but answer.
 */
export function answering<P, D extends Decision>(question: Question<P, D>): Method<Connection, P> {
  const { plugin, hook } = question;
  return doing<P>({
    plugin,
    hook,
    run(call, params) {
      const decision = question.decide(call, params);
      if (!(decision instanceof Promise)) return finish(question, call, params, decision);
      return decision.then((decided) => finish(question, call.renew(), params, decided));
    },
  });
}

/** One method of two: the second is asked where the first has no opinion. Each stands under its own guard. */
export function inTurn<P>(first: Method<Connection, P>, second: Method<Connection, P>): Method<Connection, P> {
  return function (next, connection, params) {
    const answered: Next = (code, message) => {
      if (code === undefined) second.call(this, next, connection, params);
      else next(code, message);
    };
    first.call(this, answered, connection, params);
  };
}

function finish<P, D extends Decision>(
  question: Question<P, D>,
  { plugin, suite, policy, connection }: Call<Connection>,
  params: P,
  decision: D,
): HookAnswer {
  // Most of what passes by here is mail that nothing is to be said of: it leaves a count, and costs no more.
  if (decision.outcome === 'pass' && !suite.onDecision) {
    suite.counters.countPass(decision.rule);
    return noOpinion;
  }
  const { hook } = question;
  const { generation, mode } = policy;
  const observing = mode[question.plugin] === 'observe';
  const recipient = question.recipient?.(params);
  record({ plugin, suite, hook, connection, generation, observing, recipient }, decision);
  if (observing) return noOpinion;
  switch (decision.outcome) {
    case 'permit':
      return question.onPermit?.(decision as Extract<D, Permit>, params) ?? noOpinion;
    case 'refuse':
    case 'defer':
      return answerWith(hook, decision.reply);
    case 'pass':
      return noOpinion;
  }
}

/** What is only needed after a fault is found out then: a call costs one object. */
class HookCall<C extends Logs, P> implements Guarded, Call<C> {
  suite!: Suite;
  policy!: Policy;

  constructor(
    readonly plugin: SuitePlugin,
    private readonly task: Task<C, P>,
    readonly connection: C,
    private readonly params: P,
  ) {}

  get hook(): Hook {
    return this.task.hook;
  }

  run(): HookAnswer | Promise<HookAnswer> {
    return this.task.run(this.renew(), this.params);
  }

  /** Throws where the plugin is not registered. */
  renew(): this {
    if (!this.plugin.smtpcheck) throw new Error(`${this.plugin.name} is not registered`);
    this.suite = this.plugin.smtpcheck;
    this.policy = this.suite.policy;
    return this;
  }

  get limit(): number {
    return this.plugin.smtpcheckLimit ?? 0;
  }

  get onFault(): HookAnswer {
    try {
      if (this.renew().policy.mode[this.task.plugin] === 'observe') return noOpinion;
    } catch {
      // That there is no policy to ask may be the fault itself; it must not pass for "no opinion".
    }
    return answerWith(this.hook, localProblem);
  }

  report(error: unknown): void {
    recordFault(this.plugin, this.connection, this.plugin.smtpcheck?.counters, this.hook, error);
  }
}
