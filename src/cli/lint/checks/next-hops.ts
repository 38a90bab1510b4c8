/** Next hops of `relay.to` that lead back to the Haraka which is to send the mail on, or know every recipient. */
import { resolve } from 'node:path';
import type { Entry } from '../../../policy/entries/entry';
import { parseAddress } from '../../../policy/entries/ip-address';
import type { Route } from '../../../policy/entries/route';
import type { Settings } from '../../../policy/settings/settings-description';
import { readAnswers } from '../../../verify/answer-file';
import { acceptingAll } from '../../../verify/answers';
import type { HarakaFolder } from '../../haraka-folder';
import type { LintFinding } from '../finding';
import { isVerified, type LocatedEntry, report } from './entries';
import type { ThisHost } from './this-host';

export function lintNextHops(destinations: readonly LocatedEntry[], host: ThisHost): LintFinding[] {
  return destinations.flatMap((p) =>
    p.entry.kind !== 'network' && p.entry.route && leadsBack(p.entry.route, host) ? [report('next-hop-here', p)] : [],
  );
}

/** By what the server has found out within the last day: with `verify` it asks them in vain. */
export async function lintAcceptAll(
  destinations: readonly LocatedEntry[],
  { path }: HarakaFolder,
  { verify }: Pick<Settings, 'verify'>,
): Promise<LintFinding[]> {
  const verified = destinations.filter(({ entry }) => isVerified(entry));
  if (verified.length === 0 || verify.cache_file === '') return [];
  // The server says what is wrong with the file.
  const answers = await readAnswers(resolve(path, verify.cache_file)).catch(() => []);
  const domains = acceptingAll(answers, Date.now());
  return verified.flatMap((p) => {
    const found = domains.filter((domain) => isOf(domain, p.entry));
    return found.length === 0 ? [] : [report('next-hop-accepts-all', p, found.join(', '))];
  });
}

function isOf(domain: string, entry: Entry): boolean {
  if (entry.kind === 'mailbox') return entry.domain === domain;
  return entry.kind === 'domain' && (entry.name === domain || (!entry.exact && domain.endsWith(`.${entry.name}`)));
}

function leadsBack({ host, port }: Route, here: ThisHost): boolean {
  const address = parseAddress(host);
  const isOurs = address ? here.isOurAddress(address) : here.names.includes(host.toLowerCase());
  return isOurs && here.listensOn(host, port);
}
