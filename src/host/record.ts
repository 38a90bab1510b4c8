/** What a decision leaves behind: a log line with stable keys, results for other plugins, an event. No opinion leaves nothing. */
import { inspect } from 'node:util';
import { formatNames } from '../policy/client-names';
import { formatReply, type Opinion } from '../policy/decision';
import { printable } from '../policy/findings/characters';
import type { PluginName } from '../policy/settings/settings';
import type { EventRecord } from '../status/event-record';
import type { Address, Connection, Plugin } from '../types/haraka';
import { clientOf } from './client';
import { type Hook, replyAt } from './guard';
import type { Suite } from './suite';

/** All results are stored under this name, whichever way the plugins are loaded. */
export const resultsName = { name: 'smtpcheck' } as const;

export interface Occasion {
  readonly plugin: Plugin;
  /** The plugin of the suite that decided, whichever way it is loaded. */
  readonly by: PluginName;
  readonly suite: Pick<Suite, 'events' | 'onDecision' | 'entryAt' | 'noteOf'>;
  readonly hook: Hook;
  readonly connection: Connection;
  readonly generation: number;
  readonly observing: boolean;
  readonly recipient?: Address | undefined;
}

/** Under which of Haraka's result keys a decision is stored: a client that is told to come again has not failed. */
function resultKeyOf(decision: Opinion): 'pass' | 'fail' | 'skip' | 'err' {
  switch (decision.outcome) {
    case 'permit':
      return 'pass';
    case 'refuse':
      return 'fail';
    case 'defer':
      return /-(?:unknown|unavailable)$/.test(decision.rule) ? 'err' : 'skip';
  }
}

export function record(occasion: Occasion, decision: Opinion): void {
  const { connection, suite, hook, generation, observing } = occasion;
  suite.onDecision?.(hook, decision, observing);

  const results = connection.transaction?.results ?? connection.results;
  const at = decision.at && `${decision.at.file}:${decision.at.line}`;
  results.add(resultsName, { [resultKeyOf(decision)]: decision.rule, ...(at && { at }) });
  const log = decision.outcome === 'permit' ? 'loginfo' : 'lognotice';
  const client = {
    ip: shown(connection.remote.ip),
    ptr: shown(connection.remote.host),
    helo: shown(connection.hello.host),
    from: shown(connection.transaction?.mail_from?.format()),
    rcpt: shown(occasion.recipient?.format()),
  };
  const entry = suite.entryAt(decision.at);
  const note = suite.noteOf(entry);
  const reply = 'reply' in decision ? shown(formatReply(replyAt(hook, decision.reply))) : '';
  const names = namesText(connection);
  const isDropped = 'disposition' in decision && decision.disposition === 'discard';
  connection[log](occasion.plugin, `smtpcheck ${decision.outcome}`, {
    action: decision.outcome,
    rule: decision.rule,
    at: shown(at),
    generation,
    ...client,
    reason: reply,
    ...(names && { names }),
    ...(isDropped && { disposition: 'discard' }),
    ...('verified' in decision && { verified: decision.verified }),
    ...(note && { note: shown(note) }),
    ...(observing && { observed: true }),
  });
  const facts = { hook, generation, ...client, reply };
  suite.events.decided(occasion.by, decision, observing, facts, entry);
}

/** The names that have been looked up by now: without them nobody can find out later what another list would have decided. */
function namesText(connection: Connection): string {
  const { names, claims } = clientOf(connection);
  return names.state === 'unasked' ? formatNames(claims, 'claimed') : formatNames(names);
}

function shown(text: string | null | undefined): string {
  return text ? printable(text) : '';
}

/** A fault of ours: one line of the log, its stack included, and counted. */
export function recordFault(
  plugin: Plugin,
  context: { logerror(...args: unknown[]): void },
  events: Pick<EventRecord, 'failed'>,
  hook: string,
  error: unknown,
): void {
  events.failed(hook);
  const text = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
  context.logerror(plugin, `smtpcheck fault in ${hook}, answered with a temporary refusal: ${printable(text)}`);
}
