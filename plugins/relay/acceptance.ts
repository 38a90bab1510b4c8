/**
 * Which plugin accepts a recipient of a client that may relay, and on what grounds. Some plugins accept whatever such a
 * client sends, and say nothing of the mailbox by it; one that knows the mailbox notes it as a `pass` of its results.
 */
import type { Connection, Results } from '../../src/types/haraka';

export class Acceptance {
  private readonly toAsk: readonly string[];
  private readonly left: readonly unknown[];
  private readonly passes: readonly number[];

  /** To be made at the first rcpt hook. Haraka takes each plugin off its list as it asks it, and starts a new list for the next hook. */
  constructor(connection: Connection) {
    this.left = connection.hooks_to_run;
    this.toAsk = connection.hooks_to_run.map(([plugin]) => plugin.name);
    const results = resultsOf(connection);
    this.passes = this.toAsk.map((name) => passesOf(results, name).length);
  }

  /** Whether the plugin that answered OK, the last that was asked, has vouched for this very recipient. */
  vouchesForMailbox(connection: Connection): boolean {
    const last = this.toAsk.length - this.left.length - 1;
    const passes = passesOf(resultsOf(connection), this.toAsk[last] ?? '');
    // rcpt_to.in_host_list, qmail-deliverable and queue/smtp_forward note so that they accept for the client's sake.
    return passes.length > (this.passes[last] ?? 0) && !String(passes.at(-1)).startsWith('relaying');
  }
}

function resultsOf({ transaction, results }: Connection): Results {
  return transaction?.results ?? results;
}

function passesOf(results: Results, plugin: string): readonly unknown[] {
  const passes = results.get(plugin)?.pass;
  return Array.isArray(passes) ? passes : [];
}
