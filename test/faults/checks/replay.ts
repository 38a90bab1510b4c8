/** The log of what no fault has touched, replayed by `smtpcheck replay` under the policy it was written by: nothing may change. */
import fs from 'node:fs';
import path from 'node:path';
import { main } from '../../../src/cli/main';
import type { World } from '../world';

interface Report {
  readonly decisions: number;
  readonly unchanged: number;
  readonly unreadable: number;
  readonly firstUnreadable: string | null;
  readonly changes: readonly object[];
  readonly undetermined: readonly { readonly reason: string; readonly decisions: number }[];
}

/** docs/reference/cli-replay.md says when: names of clients that host.deny or a destination decided without, and 421 after a reload. */
const documented: readonly string[] = ['client-names', 'of-the-moment'];

/** Resolves with what was replayed, in a sentence. What is amiss goes into the ledger. */
export async function checkReplay({ haraka, aside, ledger }: World, log: string): Promise<string> {
  const file = path.join(aside, 'haraka.log');
  fs.writeFileSync(file, log);
  let stdout = '';
  let stderr = '';
  const code = await main(['replay', file, '-c', haraka.directory, '--json'], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    cwd: aside,
  });
  if (code === 2) {
    ledger.find(`the log cannot be replayed: ${stderr}`);
    return 'Nothing replayed.';
  }
  const report = JSON.parse(stdout) as Report;
  for (const change of report.changes) ledger.find(`a replay under the same policy changes ${JSON.stringify(change)}`);
  if (report.unreadable > 0)
    ledger.find(`${report.unreadable} decisions of the log cannot be read: ${report.firstUnreadable}`);
  for (const { reason, decisions } of report.undetermined) {
    if (!documented.includes(reason))
      ledger.find(`a replay under the same policy leaves ${decisions} undetermined: ${reason}`);
  }
  const undetermined =
    report.undetermined.map(({ reason, decisions }) => `${decisions} ${reason}`).join(', ') || 'none';
  return `Replayed ${report.decisions} decisions: ${report.unchanged} unchanged, undetermined ${undetermined}.`;
}
