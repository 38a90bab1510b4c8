/**
 * What the old server decides about one client or recipient: its rules, asked in its own order. Nothing here knows what
 * became of them in the lists, so what is expected by it checks the import.
 */
import { containsNetwork } from '../../policy/entries/containment';
import { isProblem } from '../../policy/entries/entry';
import type { EntryKey } from '../../policy/entries/entry-tables';
import { type IpAddress, parseAddressLiteral, widthOf } from '../../policy/entries/ip-address';
import { type MapRow, parseMapLine } from '../../policy/entries/map-line';
import { asLine } from './collector';
import { compareOrder } from './merge/chain';
import { type ChainSteps, chainsOf, idOf, seriesOf } from './merge/chains';
import type { Question, SitePolicy, TransportFact, Verdict } from './site-policy';

/** A client without a name, by its address; one with a confirmed name, whose address is in no rule; or a recipient. */
export type Asked =
  | { readonly address: IpAddress }
  | { readonly name: string }
  | { readonly localPart: string; readonly domain: string };

export type Result = 'relay' | 'local' | 'discard' | 'refuse' | 'defer';

export class OldServer {
  private readonly series: Readonly<Record<Question, readonly (readonly ChainSteps[])[]>>;
  private readonly gates = new Map<string, ChainSteps>();
  private readonly localSeries: readonly (readonly ChainSteps[])[];
  private readonly localNames: ReadonlySet<string>;
  private readonly map: readonly MapRow[];
  private readonly transports: readonly TransportFact[];

  constructor({ rules, barriers, localNames, map, transports }: SitePolicy) {
    const ofQuestion = (question: Question) => {
      const chains = chainsOf(question, { rules, barriers });
      for (const { chain, ...steps } of chains) if (chain.isGate) this.gates.set(idOf(chain), { chain, ...steps });
      return seriesOf(chains);
    };
    this.series = {
      trust: ofQuestion('trust'),
      destinations: ofQuestion('destinations'),
      refusals: ofQuestion('refusals'),
    };
    this.localSeries = this.series.destinations.map((chains) => chains.filter(({ chain }) => chain.asksLocal));
    this.localNames = new Set(localNames.map(({ name }) => name));
    this.transports = transports;
    this.map = map.flatMap(({ key, value }) => {
      const row = parseMapLine(asLine(`${key} ${value}`));
      return isProblem(row) ? [] : [row];
    });
  }

  /** Whether all mail of the client is refused, whomever it is for. */
  denies(client: Asked): boolean {
    return this.decide(this.series.refusals, client) === 'deny';
  }

  /** What becomes of mail of the client to a recipient that no rule is about. */
  ofClient(client: Asked): Result {
    if (this.denies(client)) return 'refuse';
    if (this.decide(this.series.trust, client) === 'permit') return 'relay';
    return this.byMap('connect', client) ?? 'refuse';
  }

  /** What becomes of mail of a client that no rule is about. */
  ofRecipient(recipient: Asked & { readonly domain: string }): Result {
    const byMap = this.byMap('to', recipient);
    if (byMap === 'refuse' || byMap === 'defer') return byMap;
    const transport = this.transportOf(recipient.domain);
    if (this.localNames.has(recipient.domain)) {
      const isRefused = transport?.kind === 'refused' || this.decide(this.localSeries, recipient) === 'deny';
      return isRefused ? 'refuse' : 'local';
    }
    const verdict = this.decide(this.series.destinations, recipient);
    if (verdict === 'permit')
      return transport?.kind === 'here' && transport.domain === recipient.domain ? 'local' : 'relay';
    if (verdict === 'deny') return 'refuse';
    return byMap ?? 'refuse';
  }

  /** The narrowest for this domain. */
  private transportOf(name: string): TransportFact | undefined {
    const isFor = ({ domain, subdomains }: TransportFact) =>
      domain === '*' || (subdomains ? name.endsWith(`.${domain}`) : name === domain);
    return this.transports.filter(isFor).sort((a, b) => b.domain.length - a.domain.length)[0];
  }

  /** A denial of any server or series stands. */
  private decide(series: readonly (readonly ChainSteps[])[], asked: Asked): Verdict {
    const verdicts = series.map((chains) => this.decideSeries(chains, asked));
    return (['deny', 'permit'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'no-opinion';
  }

  private decideSeries(chains: readonly ChainSteps[], asked: Asked): Verdict {
    for (const one of chains) {
      const { isGate, gate } = one.chain;
      const verdict = isGate ? 'no-opinion' : decideChain(one, asked);
      if (verdict === 'no-opinion') continue;
      const opening = gate && this.gates.get(idOf(gate));
      if (!gate || (opening && decideChain(opening, asked) === 'permit')) return verdict;
    }
    return 'no-opinion';
  }

  private byMap(side: 'connect' | 'to', asked: Asked): Result | undefined {
    const [row] = this.map
      .filter((one) => (one.side === side || one.side === 'both') && matches(one.key, asked))
      .sort(
        (a, b) => rankOf(a.key, asked) - rankOf(b.key, asked) || Number(a.side === 'both') - Number(b.side === 'both'),
      );
    switch (row?.value.action) {
      case 'relay':
      case 'discard':
        return row.value.action;
      case 'reply':
        return row.value.reply.code < 500 ? 'defer' : 'refuse';
      default:
        return undefined;
    }
  }
}

const strictness = { deny: 0, permit: 1, 'no-opinion': 2 } as const;

function decideChain({ chain, rules, barriers }: ChainSteps, asked: Asked): Verdict {
  const matching = rules.filter(({ entry, subdomainsOnly }) => matches(entry, asked, subdomainsOnly));
  const isFirstMatch = chain.decides === 'first';
  const [decisive] = matching.sort((a, b) =>
    isFirstMatch
      ? compareOrder(a.order, b.order)
      : rankOf(a.entry, asked, a.subdomainsOnly) - rankOf(b.entry, asked, b.subdomainsOnly) ||
        strictness[a.verdict] - strictness[b.verdict],
  );
  return decisive?.verdict ?? (!isFirstMatch && barriers.length > 0 ? 'deny' : 'no-opinion');
}

function domainOf(asked: Asked): string {
  return 'domain' in asked ? asked.domain : 'name' in asked ? asked.name : '';
}

function matches(pattern: EntryKey, asked: Asked, subdomainsOnly = false): boolean {
  const domain = domainOf(asked);
  switch (pattern.kind) {
    case 'network': {
      const address = 'address' in asked ? asked.address : parseAddressLiteral(domain);
      return address !== undefined && containsNetwork(pattern, { address, length: widthOf(address.family) });
    }
    case 'domain':
      if (domain === pattern.name) return !subdomainsOnly;
      return !pattern.exact && domain.endsWith(`.${pattern.name}`);
    case 'mailbox':
      return 'localPart' in asked && asked.localPart === pattern.localPart && domain === pattern.domain;
    case 'user':
      return 'localPart' in asked && asked.localPart === pattern.localPart;
  }
}

/** Of patterns that all match it: less for the more specific one. */
function rankOf(pattern: EntryKey, asked: Asked, subdomainsOnly = false): number {
  switch (pattern.kind) {
    case 'mailbox':
      return -3;
    case 'user':
      return -2;
    case 'network':
      return widthOf(pattern.address.family) - pattern.length;
    case 'domain':
      if (pattern.exact) return -1;
      return 2 * (domainOf(asked).length - pattern.name.length) + (subdomainsOnly ? 0 : 1);
  }
}
