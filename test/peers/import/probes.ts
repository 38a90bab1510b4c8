/** Who is asked about, and how the answers of an old server and of the imported policy are held against each other. */
import assert from 'node:assert/strict';
import type { Client, ImportedPolicy, Verdict } from '../../cli/import/imported-policy';

export interface Probe {
  readonly client: Client;
  readonly localPart: string;
  readonly domain: string;
}

export function probesOf(clients: readonly Client[], recipients: readonly string[]): Probe[] {
  return clients.flatMap((client) =>
    recipients.map((recipient) => {
      const at = recipient.lastIndexOf('@');
      return { client, localPart: recipient.slice(0, at), domain: recipient.slice(at + 1) };
    }),
  );
}

export function describeProbe({ client, localPart, domain }: Probe): string {
  return `${client.ip} (${client.name ?? 'no name'}) to ${localPart}@${domain}`;
}

/**
 * Holds both against each other: never laxer, and different only where `stricter` says so. Gives the number of probes
 * that both relay, for a test to see that there are any.
 */
export function compareVerdicts(
  probes: readonly Probe[],
  original: readonly Verdict[],
  imported: ImportedPolicy,
  stricter: (probe: Probe) => boolean = () => false,
): number {
  let relayed = 0;
  const laxer: string[] = [];
  const unlike: string[] = [];
  for (const [number, probe] of probes.entries()) {
    const theirs = original[number] ?? assert.fail('a probe without an answer');
    const ours = imported.decide(probe.client, probe.localPart, probe.domain);
    const words = `${describeProbe(probe)}: ${theirs}, imported ${ours}`;
    if (ours === 'relayed' && theirs === 'relayed') relayed++;
    if (ours === 'relayed' && theirs !== 'relayed') laxer.push(words);
    else if (ours !== theirs && !stricter(probe)) unlike.push(words);
  }
  assert.deepEqual(laxer, [], 'laxer than the server it comes from');
  assert.deepEqual(unlike, [], 'unlike the server it comes from');
  return relayed;
}
