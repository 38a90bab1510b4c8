/** The policy that a running server has in force, by its status socket. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suiteVersion } from '../status/package';
import { decodePolicy, type TransferredPolicy } from '../status/policy-transfer';
import type { HarakaFolder } from './haraka-folder';
import { CannotRun } from './io';
import { type FolderPolicy, policyOf } from './policy-content';
import { StatusClient } from './status-client';

/** What an operator calls it, in place of a folder. */
export const running = 'running';

/** Milliseconds. Workers apply an edit one after the other, and report once a second. */
const timeout = 5000;
const between = 500;

/** Throws `CannotRun` where no server answers, or where its processes do not decide by the same lists. */
export async function readRunning(folder: HarakaFolder, time: number): Promise<FolderPolicy> {
  const client = new StatusClient(folder);
  const until = performance.now() + timeout;
  for (;;) {
    const policy = read(await client.bytes('policy'));
    const { plugins, disagreements } = policy;
    if (disagreements.length === 0) return policyOf(policy, plugins, time);
    if (performance.now() > until) {
      throw new CannotRun(
        'the processes of the server have different lists in force; smtpcheck status says why:',
        ...disagreements.map(({ worker, list }) => `worker ${worker} has another version of ${list} than the master`),
      );
    }
    await sleep(between);
  }
}

function read(bytes: Uint8Array): TransferredPolicy {
  let suite = 'in another version';
  try {
    const policy = decodePolicy(bytes);
    if (policy.suite === suiteVersion) return policy;
    suite = policy.suite;
  } catch {
    // Another version may hold its lists otherwise.
  }
  throw new CannotRun(
    `the server runs smtpcheck ${suite}, and this is ${suiteVersion}: restart the server, or run the command that it was started with`,
  );
}
