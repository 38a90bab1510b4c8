/** What a decision leaves behind: a log line with stable keys, results for other plugins, a counter. No opinion leaves nothing. */
import { inspect } from 'node:util';
import { formatReply } from '../policy/decision';
import { printable } from '../policy/findings/characters';
import type { Address, Connection, Plugin } from '../types/haraka';
import type { Counters, Opinion } from './counters';
import { type Hook, replyAt } from './guard';
import type { Suite } from './suite';

/** All results are stored under this name, whichever way the plugins are loaded. */
export const resultsName = { name: 'smtpcheck' } as const;

export interface Occasion {
  readonly plugin: Plugin;
  readonly suite: Pick<Suite, 'counters' | 'onDecision'>;
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
  const { connection, suite } = occasion;
  suite.counters.count(decision);
  suite.onDecision?.(occasion.hook, decision, occasion.observing);

  const results = connection.transaction?.results ?? connection.results;
  const at = decision.at && `${decision.at.file}:${decision.at.line}`;
  results.add(resultsName, { [resultKeyOf(decision)]: decision.rule, ...(at && { at }) });
  const log = decision.outcome === 'permit' ? 'loginfo' : 'lognotice';
  connection[log](occasion.plugin, `smtpcheck ${decision.outcome}`, {
    action: decision.outcome,
    rule: decision.rule,
    at: shown(at),
    generation: occasion.generation,
    ip: shown(connection.remote.ip),
    ptr: shown(connection.remote.host),
    helo: shown(connection.hello.host),
    from: shown(connection.transaction?.mail_from?.format()),
    rcpt: shown(occasion.recipient?.format()),
    reason: 'reply' in decision ? shown(formatReply(replyAt(occasion.hook, decision.reply))) : '',
    ...(occasion.observing && { observed: true }),
  });
}

function shown(text: string | null | undefined): string {
  return text ? printable(text) : '';
}

/** A fault of ours: one line of the log, its stack included, and counted. */
export function recordFault(
  plugin: Plugin,
  context: { logerror(...args: unknown[]): void },
  counters: Counters | undefined,
  hook: string,
  error: unknown,
): void {
  if (counters) counters.faults++;
  const text = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
  context.logerror(plugin, `smtpcheck fault in ${hook}, answered with a temporary refusal: ${printable(text)}`);
}
