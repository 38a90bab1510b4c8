/** Entries that would cover the client or a recipient of a played session, and have ended: why it is not decided as it was. */
import type { Policy } from '../../lists/policy';
import type { Recipient } from '../../policy/entries/entry-tables';
import type { IpAddress } from '../../policy/entries/ip-address';
import type { SourceLine } from '../../policy/findings/finding';
import { beforeAllEnds } from '../../policy/tables/ends';

export interface Subjects {
  readonly address: IpAddress;
  readonly names: readonly string[];
  readonly recipients: readonly Recipient[];
}

type Found = { readonly source: SourceLine } | undefined;

/** The lines of those that the entries in force have taken the place of. */
export function findEnded({ relay, deny }: Policy, subjects: Subjects, time: number): SourceLine[] {
  const { address, names, recipients } = subjects;
  const { clientNetworks, clientDomains, destinations, map } = relay;
  const questions: ((asked: number) => Found)[] = [
    (asked) => clientNetworks.findAddress(address, asked),
    (asked) => deny.clients.findAddress(address, asked),
    (asked) => map.findClientAddress(address, asked),
    ...names.flatMap((name) => [
      (asked: number) => clientDomains.findDomain(name, asked),
      (asked: number) => deny.clients.findDomain(name, asked),
      (asked: number) => map.findClientName(name, asked),
    ]),
    ...recipients.flatMap((recipient) => [
      (asked: number) => destinations.findRecipient(recipient, asked),
      (asked: number) => map.findRecipient(recipient, asked),
    ]),
  ];
  const ended = new Map<string, SourceLine>();
  for (const ask of questions) {
    const [listed, found] = [ask(beforeAllEnds)?.source, ask(time)?.source];
    if (listed && listed.line !== found?.line) ended.set(`${listed.file}:${listed.line}`, listed);
  }
  return [...ended.values()];
}
