/** Runs every check on every channel, one after the other, and collects the results. */

import type { Check } from './check';
import { popChecks, smtpChecks } from './checks';
import type { Outcome, Verdict } from './outcome';
import { unknown } from './outcome';
import { PopContext } from './pop3-context';
import type { Security } from './session/channel';
import { type Audit, type Channel, channelName } from './session/channel';
import { DialogueFault } from './session/dialogue-fault';
import { SmtpContext } from './smtp-context';

export interface Result extends Outcome {
  readonly check: Check<never>;
  readonly channel: Channel;
}

export interface RunnerOptions {
  /** Ids to ask; all without it. */
  readonly only: ReadonlySet<string> | undefined;
  /** Checks about TLS have no sense for a server that has none on purpose. */
  readonly tls: boolean;
  progress(done: number, all: number, what: string): void;
}

/** Checks that ask for TLS on a channel without it. */
const aboutTls: ReadonlySet<string> = new Set(['starttls-offered', 'pop3-stls-offered']);

interface Question {
  readonly check: Check<never>;
  readonly channel: Channel;
  ask(): Promise<Outcome>;
  end(): Promise<void>;
}

export async function runChecks(channels: readonly Channel[], audit: Audit, options: RunnerOptions): Promise<Result[]> {
  const questions = channels.flatMap((channel) => questionsFor(channel, audit, options));
  const results: Result[] = [];
  for (const [index, { check, channel, ask, end }] of questions.entries()) {
    options.progress(index, questions.length, `${channelName(channel)} ${check.id}`);
    const outcome = await outcomeOf(ask);
    results.push({ check, channel, ...outcome });
    if (questions[index + 1]?.channel !== channel) await end();
  }
  options.progress(questions.length, questions.length, 'done');
  return results;
}

function questionsFor(channel: Channel, audit: Audit, options: RunnerOptions): Question[] {
  if (channel.protocol === 'smtp') return questions(smtpChecks, new SmtpContext(channel, audit), options);
  return questions(popChecks, new PopContext(channel, audit), options);
}

function questions<Context extends SmtpContext | PopContext>(
  checks: ReadonlyArray<Check<Context>>,
  context: Context,
  { only, tls }: RunnerOptions,
): Question[] {
  const { channel } = context;
  return checks
    .filter((check) => only === undefined || only.has(check.id))
    .filter((check) => asksOn(check, channel.security) && (tls || !aboutTls.has(check.id)))
    .filter((check) => check.applies?.(context) ?? true)
    .map((check) => ({
      check: check as Check<never>,
      channel,
      ask: async () => await check.run(context),
      end: async () => await context.end(),
    }));
}

function asksOn({ on }: Check<never>, security: Security): boolean {
  return on === undefined || on.includes(security);
}

/** A dialogue fault leaves the question open (`unknown`); any other exception is a bug of ours and not a result. */
async function outcomeOf(ask: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DialogueFault) return unknown(`could not be asked: ${error.message}`);
    throw error;
  }
}

/** Grave first: one weakness makes a server unsafe, one open question keeps it from being called safe. */
export function overall(results: ReadonlyArray<{ readonly verdict: Verdict }>): 'safe' | 'unsafe' | 'unknown' {
  if (results.some(({ verdict }) => verdict === 'unsafe')) return 'unsafe';
  if (results.length === 0 || results.some(({ verdict }) => verdict === 'unknown')) return 'unknown';
  return 'safe';
}
