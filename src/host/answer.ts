/**
 * From a hook to a decision and back. A plugin describes what it does at each hook once, as a task, and registers it:
 * the method that Haraka calls gathers the policy in force, records what was decided and answers, under the guard.
 */

import type { Policy } from '../lists/policy';
import type { Decision, Opinion, Permit } from '../policy/decision';
import type { PluginName } from '../policy/settings/settings';
import type { Address, Connection, Next, Plugin } from '../types/haraka';
import { answerWith, askInTurn, type Guarded, type Hook, type HookAnswer, localProblem, noOpinion } from './guard';
import { type Occasion, record, recordFault } from './record';
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

/**
 * What a plugin does at a hook. `C` is what Haraka hands over first, `P` what comes with it, `D` what may be decided.
 * A decision is recorded and answered; an answer in Haraka's own words goes there as it is.
 */
export interface Task<C = Connection, P = unknown, D extends Decision = Decision> {
  readonly plugin: PluginName;
  readonly hook: Hook;
  run(call: Call<C>, params: P): D | HookAnswer | Promise<D | HookAnswer>;
  /** What a permit says to Haraka: nothing, where this is left out. */
  onPermit?(decision: Extract<D, Permit>, params: P, call: Call<C>): HookAnswer;
  /** For the log. */
  recipient?(params: P): Address;
  /** The hook that makes a permit final records it, by `recordOpinion`. */
  readonly permitIsFinalLater?: true;
  /** How many times the limit of one plugin the answer may take: others are asked within, each with its own limit. */
  readonly limitFactor?: number;
}

/** One call of a hook, and what is at hand for it. */
export interface Call<C = Connection> {
  readonly plugin: SuitePlugin;
  readonly connection: C;
  readonly suite: Suite;
  /** In force when the task was asked. */
  readonly policy: Policy;
  /** Takes the policy in force by now, and returns this call: a reload while DNS was asked has changed it. */
  renew(): Call<C>;
}

interface Logs {
  logerror(...args: unknown[]): void;
}

/** The earliest and the latest place among the plugins of a hook. */
export const first = -100;
export const last = 100;

/**
 * Registers with Haraka the tasks of a hook, to be asked in turn until one has an opinion, and puts their method on the
 * plugin, where Haraka looks for it by name. A plugin that only observes does all but answer.
 */
export function registerHook<C extends Logs, P>(
  plugin: SuitePlugin,
  hook: Hook | 'ehlo',
  method: string,
  priority: number,
  ...tasks: readonly Task<C, P>[]
): void {
  const { smtpcheck: suite } = plugin;
  if (!suite) throw new Error(`${plugin.name} has not joined the suite`);
  const ask = (next: Next, connection: C, params: P) =>
    askInTurn(new HookCall<C, P>(plugin, suite, connection, params), tasks, next);
  Object.assign(plugin, { [method]: ask });
  plugin.register_hook(hook, method, priority);
}

/** What is only needed after a fault is found out then: a call costs one object. */
class HookCall<C extends Logs, P> implements Guarded<Task<C, P>>, Call<C> {
  policy!: Policy;

  constructor(
    readonly plugin: SuitePlugin,
    readonly suite: Suite,
    readonly connection: C,
    private readonly params: P,
  ) {}

  ask(task: Task<C, P>): HookAnswer | Promise<HookAnswer> {
    const result = task.run(this.renew(), this.params);
    return result instanceof Promise
      ? result.then((late) => this.renew().answer(task, late))
      : this.answer(task, result);
  }

  renew(): this {
    this.policy = this.suite.policy;
    return this;
  }

  private answer(task: Task<C, P>, result: Decision | HookAnswer): HookAnswer {
    // No task has an opinion on most mail: that is recorded nowhere, and costs no more.
    if (result === noOpinion) return noOpinion;
    if (!isDecision(result)) return result;
    const { plugin, suite, policy, params } = this;
    if (result.outcome === 'pass') {
      suite.onDecision?.(task.hook, result, policy.mode[task.plugin] === 'observe');
      if (result.at) suite.events.passed(suite.entryAt(result.at));
      return noOpinion;
    }
    const observing = policy.mode[task.plugin] === 'observe';
    // Decisions are made of connections alone: what is in the outbound queue is only routed.
    const connection = this.connection as unknown as Connection;
    const { hook } = task;
    const { generation } = policy;
    const recipient = task.recipient?.(params);
    const isFinal = observing || result.outcome !== 'permit' || !task.permitIsFinalLater;
    if (isFinal) record({ plugin, by: task.plugin, suite, hook, connection, generation, observing, recipient }, result);
    if (observing) return noOpinion;
    switch (result.outcome) {
      case 'permit':
        return task.onPermit?.(result, params, this) ?? noOpinion;
      case 'refuse':
      case 'defer':
        return answerWith(hook, result.reply);
    }
  }

  limitOf({ limitFactor = 1 }: Task<C, P>): number {
    return (this.plugin.smtpcheckLimit ?? 0) * limitFactor;
  }

  onFault(task: Task<C, P>): HookAnswer {
    try {
      if (this.renew().policy.mode[task.plugin] === 'observe') return noOpinion;
    } catch {
      // That there is no policy to ask may be the fault itself; it must not pass for "no opinion".
    }
    return answerWith(task.hook, localProblem);
  }

  report(task: Task<C, P>, error: unknown): void {
    recordFault(this.plugin, this.connection, this.suite.events, task.hook, error);
  }
}

/** Records an opinion of the relay plugin that is not the answer of a task. */
export function recordOpinion(
  { plugin, suite, policy, connection }: Call,
  of: Pick<Occasion, 'hook' | 'observing' | 'recipient'>,
  opinion: Opinion,
): void {
  record({ plugin, by: 'relay', suite, connection, generation: policy.generation, ...of }, opinion);
}

function isDecision(result: Decision | HookAnswer): result is Decision {
  return 'outcome' in result;
}
