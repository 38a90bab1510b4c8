/** Lint that asks the DNS: only with `--dns`. */
import { hostname } from 'node:os';
import type { Settings } from '../../core';
import { createResolver, type Resolver } from '../../runtime/resolver';
import { entriesOf } from './entries';
import { type LintFinding, lintFinding } from './finding';

export interface DnsSubject {
  readonly settings: Settings;
  /** `config/me`, if there is one. */
  readonly me: string;
  /** Texts of the two lists, under the names of their files. */
  readonly relayTo: { readonly file: string; readonly text: string };
  readonly localDomain: { readonly file: string; readonly text: string };
}

export async function lintDns(subject: DnsSubject): Promise<LintFinding[]> {
  const resolver = createResolver(subject.settings.dns);
  const { relayTo, localDomain } = subject;
  const ourNames = [subject.me, hostname(), ...subject.settings.relay.this_host].map((name) => name.toLowerCase());
  const findings: LintFinding[] = [];
  for (const { entry, line, column, written } of entriesOf('relay_to', relayTo.text)) {
    if (entry.kind !== 'domain' || entry.excluded || entry.route) continue;
    const detail = await mxProblem(resolver, entry.name, ourNames);
    if (detail) findings.push(lintFinding('destination-mx', { file: relayTo.file, line, column }, written, { detail }));
  }
  for (const { entry, line, column, written } of entriesOf('local_domain', localDomain.text)) {
    if (entry.kind !== 'domain' || entry.excluded) continue;
    const detail = await resolveProblem(resolver, entry.name);
    if (detail) {
      findings.push(lintFinding('domain-unresolved', { file: localDomain.file, line, column }, written, { detail }));
    }
  }
  return findings;
}

async function mxProblem(resolver: Resolver, domain: string, ourNames: readonly string[]): Promise<string | undefined> {
  const answer = await resolver.exchanges(domain);
  if (answer.state === 'unknown') return 'the DNS could not tell';
  if (answer.state === 'none') return 'it has no MX records';
  const names = answer.value.map(({ exchange }) => exchange.toLowerCase());
  return names.some((name) => ourNames.includes(name)) ? undefined : `they name ${names.join(', ')}`;
}

async function resolveProblem(resolver: Resolver, domain: string): Promise<string | undefined> {
  for (const family of [4, 6] as const) {
    const answer = await resolver.addresses(domain, family);
    if (answer.state === 'found') return undefined;
    if (answer.state === 'unknown') return 'the DNS could not tell';
  }
  // A domain need not have addresses of its own; its mail exchanges show that it exists.
  const exchanges = await resolver.exchanges(domain);
  return exchanges.state === 'none' ? 'no such name' : undefined;
}
