/** From a hook to a decision and back: gathers the policy in force, records what was decided, answers Haraka. */
import type { Decision, Permit } from '../core';
import type { Address, Connection, Next, Plugin } from '../types/haraka';
import { answerWith, guard, type Hook, type HookAnswer, localProblem, noOpinion } from './guard';
import type { PluginName, Policy } from './policy';
import { record, recordFault } from './record';
import { type Suite, suiteFor } from './suite';

/** A plugin of the suite once it is registered. */
export interface SuitePlugin extends Plugin {
  smtpcheck?: Suite;
}

/** Joins the suite: called by each plugin's `register`. Throws where the suite cannot start or the plugin is there twice. */
export function join(plugin: SuitePlugin, name: PluginName): void {
  const suite = suiteFor(plugin);
  suite.claim(name, plugin.name);
  plugin.smtpcheck = suite;
}

/** Leaves the suite: called at shutdown. */
export function leave(plugin: SuitePlugin): void {
  plugin.smtpcheck?.release(plugin.name);
}

export function suiteOf(plugin: SuitePlugin): Suite {
  if (!plugin.smtpcheck) throw new Error(`${plugin.name} is not registered`);
  return plugin.smtpcheck;
}

export interface Context {
  readonly plugin: SuitePlugin;
  readonly name: PluginName;
  readonly hook: Hook;
  readonly connection: Connection;
  readonly recipient?: Address;
}

/**
 * Decides and answers. A permit says nothing to Haraka unless `onPermit` does; refusals and deferrals send their reply;
 * no opinion is no opinion. A plugin that only observes does all but answer.
 */
export function answer<D extends Decision>(
  context: Context,
  next: Next,
  decide: (policy: Policy) => D | Promise<D>,
  onPermit: (decision: Extract<D, Permit>) => HookAnswer = () => noOpinion,
): void {
  const { plugin, name, hook, connection } = context;
  guarded(context, next, (suite, policy) => {
    const observing = policy.mode[name] === 'observe';
    const finish = (decision: D): HookAnswer => {
      const { recipient } = context;
      const { generation } = suite.policy;
      record({ plugin, suite, hook, connection, generation, observing, recipient }, decision);
      if (observing) return noOpinion;
      switch (decision.outcome) {
        case 'permit':
          return onPermit(decision as Extract<D, Permit>);
        case 'refuse':
        case 'defer':
          return answerWith(hook, decision.reply);
        case 'pass':
          return noOpinion;
      }
    };
    const decision = decide(policy);
    return decision instanceof Promise ? decision.then(finish) : finish(decision);
  });
}

/** Runs the body of a hook that is no plain decision, under the same guard. */
export function guarded(
  context: Omit<Context, 'connection'> & { readonly connection: { logerror(...args: unknown[]): void } },
  next: Next,
  body: (suite: Suite, policy: Policy) => HookAnswer | Promise<HookAnswer>,
): void {
  const { plugin, name, hook, connection } = context;
  const observing = plugin.smtpcheck?.policy.mode[name] === 'observe';
  guard(
    {
      hook,
      limit: limitOf(plugin, hook),
      onFault: observing ? noOpinion : faultAnswer(hook),
      report: (error) => recordFault(plugin, connection, plugin.smtpcheck?.counters ?? {}, hook, error),
    },
    next,
    () => {
      const suite = suiteOf(plugin);
      return body(suite, suite.policy);
    },
  );
}

const faultAnswers = new Map<Hook, HookAnswer>();

/** Made once: it is at hand at every hook and hardly ever given. */
function faultAnswer(hook: Hook): HookAnswer {
  const known = faultAnswers.get(hook) ?? answerWith(hook, localProblem);
  faultAnswers.set(hook, known);
  return known;
}

/** A second before Haraka's own limit, which would say no more than "plugin timeout". Queueing has no limit but that one. */
function limitOf(plugin: Plugin, hook: Hook): number {
  if (hook === 'queue') return 0;
  const seconds = plugin.timeout || 30;
  return seconds > 2 ? (seconds - 1) * 1000 : seconds * 800;
}
