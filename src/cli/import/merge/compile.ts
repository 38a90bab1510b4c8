/**
 * Compiles the chains of all sources into lists of which the most specific entry decides. Every pattern of a rule is a
 * region; the chains are asked what they say of it, and it becomes an entry where that is not what the region around it
 * says. Where sources disagree the stricter one wins.
 */
import { EntryIndex, type Reach } from '../../../policy/entries/containment';
import type { Entry } from '../../../policy/entries/entry';
import type { SourceLine } from '../../../policy/findings/finding';
import {
  isListing,
  isOwnExclusion,
  type ListEntry,
  type ListName,
  lists,
  type Question,
  type RouteFact,
  type Rule,
  type SitePolicy,
  type TransportFact,
} from '../site-policy';
import { type AddRemark, CompiledChain, locationOf } from './chain';
import { chainsOf, idOf, seriesOf } from './chains';
import { agreeing, domain, entryOf, type Region } from './region';

/** The entries of the lists that answer one question. */
export function compileLists(question: Question, site: SitePolicy, addRemark: AddRemark): ListEntry[] {
  return new Compiler(question, site, addRemark).compile();
}

/** By local name, the rule that refuses all mail for it. */
export function refusedLocalNames(site: SitePolicy): ReadonlyMap<string, Rule> {
  const rules = site.rules.filter(({ chain }) => chain.asksLocal);
  const barriers = site.barriers.filter(({ chain }) => chain.asksLocal);
  const compiler = new Compiler('destinations', { ...site, rules, barriers, localNames: [] }, () => {});
  return new Map(
    site.localNames.flatMap(({ name }) => {
      const rule = compiler.decisionOn(name);
      return rule?.verdict === 'deny' ? [[name, rule] as const] : [];
    }),
  );
}

class Compiler {
  private readonly rules: readonly Rule[];
  private readonly chains: ReadonlyMap<string, CompiledChain>;
  /** The chains of each series, in the order in which they are asked. */
  private readonly series: readonly (readonly CompiledChain[])[];
  private readonly regions = new EntryIndex<Region>();
  private readonly localNames: ReadonlySet<string>;
  private readonly routes: EntryIndex<RouteFact & Reach>;
  private readonly usedRoutes = new Set<RouteFact>();
  /** Next hops for whatever has no transport of its own. */
  private readonly usualRoutes: readonly RouteFact[];
  private readonly transports: EntryIndex<TransportFact & Reach>;
  /** Rules of gates that led to a permit. */
  private readonly passed = new Set<Rule>();

  constructor(
    question: Question,
    site: SitePolicy,
    private readonly addRemark: AddRemark,
  ) {
    const isAboutDomains = question === 'destinations';
    this.localNames = new Set(isAboutDomains ? site.localNames.map(({ name }) => name) : []);
    const routes = isAboutDomains ? site.routes : [];
    const transports = isAboutDomains ? site.transports : [];
    this.routes = new EntryIndex(routes.filter(isOfDomain).map((fact) => ({ ...fact, ...reachOf(fact) })));
    this.usualRoutes = routes.filter((fact) => !isOfDomain(fact));
    this.transports = new EntryIndex(transports.filter(isOfDomain).map((fact) => ({ ...fact, ...reachOf(fact) })));
    const chains = chainsOf(question, site);
    this.rules = site.rules.filter(({ list }) => lists[list].question === question);
    const compiled = chains.map(({ chain, rules, barriers }) => new CompiledChain(chain, rules, barriers, addRemark));
    this.chains = new Map(compiled.map((one) => [idOf(one.chain), one]));
    this.series = seriesOf(compiled);
  }

  /** The rule that decides about the name itself. */
  decisionOn(name: string): Rule | undefined {
    return this.decide({ entry: domain(name, true) });
  }

  compile(): ListEntry[] {
    const rules = this.rules.filter((rule) => !this.chains.get(idOf(rule.chain))?.isDropped(rule));
    for (const rule of rules) if (!rule.chain.isGate) this.addRegions(rule);
    // A gate that is narrower than a rule behind it ends what that permits.
    for (const rule of rules) if (rule.chain.isGate) this.addRegions(rule);
    for (const fact of this.routes.values()) this.addRoute(fact);
    for (const rule of rules) {
      if (rule.chain.isGate) this.remarkOnGate(rule);
      else if (rule.verdict !== 'no-opinion') this.remarkOn(rule);
    }
    return [...this.regions.values()].filter((region) => this.isWritten(region)).map(entryOf);
  }

  private addRegions(rule: Rule): void {
    const { list, entry, origin } = rule;
    const add = (written: Entry, asked: Reach) => {
      const region = this.addRegion(list, written, asked, origin);
      if (!rule.chain.isGate) region.rules.push(rule);
    };
    if (entry.kind !== 'domain' || entry.exact) {
      add(entry, { entry });
      return;
    }
    const { name } = entry;
    const below = { entry: domain(name, false), subdomainsOnly: true };
    add(below.entry, below);
    const hasOwn = rule.subdomainsOnly || this.localNames.has(name) || this.routes.same(below);
    if (hasOwn) this.addRegion(list, domain(name, true), { entry: domain(name, true) }, origin);
  }

  private addRegion(list: ListName, entry: Entry, asked: Reach, cause: SourceLine): Region {
    const known = this.regions.same({ entry });
    if (known) return known;
    const decision = this.decide(asked);
    const isLocal = entry.kind === 'domain' && entry.exact && this.localNames.has(entry.name);
    const isListed = decision !== undefined && isListing(decision) && !isLocal;
    const fact = isListed && entry.kind !== 'network' && !decision.route ? this.routes.covering(asked) : undefined;
    if (fact) this.usedRoutes.add(fact);
    const route = isListed ? (decision.route ?? fact?.route ?? this.usualRoute(decision, asked)) : undefined;
    const region: Region = { list, entry, asked, rules: [], decision, isListed, route, cause };
    this.regions.add(region);
    return region;
  }

  private usualRoute({ chain, list }: Rule, asked: Reach): string | undefined {
    if (list !== 'relay.to' || this.transports.covering(asked)) return undefined;
    return this.usualRoutes.find(({ origin }) => origin.file === chain.server)?.route;
  }

  /** A next hop for one name of a wider entry, or for the names below one, makes it an entry of its own. */
  private addRoute(fact: RouteFact & Reach): void {
    const decision = this.decide(fact);
    if (!decision || !isListing(decision)) {
      if (!this.usedRoutes.has(fact)) this.addRemark(fact.remarks?.unused ?? 'postfix-route', fact);
      return;
    }
    for (const code of fact.remarks?.used ?? []) this.addRemark(code, fact);
    this.addRegion('relay.to', domain(fact.domain, !fact.subdomains), fact, fact.origin);
  }

  private decide(reach: Reach): Rule | undefined {
    let permit: Rule | undefined;
    for (const chains of this.series) {
      const rule = this.ask(chains, reach);
      if (rule?.verdict === 'deny') return rule;
      permit ??= rule;
    }
    return permit;
  }

  private ask(chains: readonly CompiledChain[], reach: Reach): Rule | undefined {
    for (const compiled of chains) {
      const { isGate, gate } = compiled.chain;
      const rule = compiled.decide(reach);
      if (isGate || !rule || rule.verdict === 'no-opinion') continue;
      if (!gate) return rule;
      const opened = this.chains.get(idOf(gate))?.decide(reach);
      if (opened?.verdict !== 'permit') continue;
      this.passed.add(opened);
      return rule;
    }
    return undefined;
  }

  /** Whether it differs from what is written around it. */
  private isWritten(region: Region): boolean {
    const around = this.regions.around(region);
    if (region.isListed !== (around?.isListed ?? false)) return true;
    return region.isListed && region.entry.kind !== 'network' && region.route !== around?.route;
  }

  private remarkOnGate(rule: Rule): void {
    if (rule.verdict === 'permit' && !this.passed.has(rule)) this.addRemark('postfix-no-recipients', rule);
  }

  /** Says what became of a rule that is not simply written. */
  private remarkOn(rule: Rule): void {
    const regions = this.regionsOf(rule);
    const region = regions.find(({ decision }) => decision?.verdict === rule.verdict);
    if (!region) {
      this.remarkOnOverruled(rule, regions[0]?.decision);
      return;
    }
    const { entry } = rule;
    if (isListing(rule) && entry.kind === 'domain' && this.localNames.has(entry.name)) {
      this.addRemark('also-local', rule);
      if (entry.exact) return;
    }
    const around = this.regions.around(region);
    const wider = around && (agreeing(around)[0] ?? around.decision);
    if (this.isWritten(region)) {
      if (rule.narrowingRemark && wider && !region.isListed)
        this.addRemark(rule.narrowingRemark, rule, locationOf(wider));
    } else if (wider && (isListing(rule) || isOwnExclusion(rule))) {
      this.addRemark('already-covered', rule, locationOf(wider));
    } else if (isOwnExclusion(rule)) {
      this.addRemark('excludes-nothing', rule);
    } else if (rule.loneRemark && !wider) {
      this.addRemark(rule.loneRemark, rule);
    }
  }

  private remarkOnOverruled(rule: Rule, decision: Rule | undefined): void {
    if (!decision) this.addRemark('postfix-recipient', rule);
    else {
      const isOfOneServer = decision.chain.server === rule.chain.server;
      const code = decision.list === 'host.deny' ? 'postfix-refused-elsewhere' : decision.chain.overruling;
      this.addRemark((isOfOneServer ? code : undefined) ?? 'contradiction', rule, locationOf(decision));
    }
  }

  private regionsOf({ entry, subdomainsOnly }: Rule): Region[] {
    const whole = this.regions.same({ entry });
    const hasOwn = entry.kind === 'domain' && !entry.exact && !subdomainsOnly;
    const own = hasOwn ? this.regions.same({ entry: domain(entry.name, true) }) : undefined;
    return [whole, own].filter((region) => region !== undefined);
  }
}

function isOfDomain({ domain: name }: RouteFact | TransportFact): boolean {
  return name !== '*';
}

function reachOf({ domain: name, subdomains }: RouteFact | TransportFact): Reach {
  return { entry: domain(name, !subdomains), subdomainsOnly: subdomains };
}
