/**
 * One chain of rules, compiled so that the most specific rule decides. Where the order of a chain cannot be kept that way,
 * rules behind a denial are left out: the result permits nothing that the chain did not.
 */
import { EntryIndex, type Reach } from '../../../policy/entries/containment';
import type { RemarkCode } from '../remark';
import {
  type Barrier,
  type Chain,
  isListing,
  isOwnExclusion,
  type ListName,
  type RouteFact,
  type Rule,
  signedText,
  type TransportFact,
} from '../site-policy';

export type AddRemark = (code: RemarkCode, rule: Rule | RouteFact | TransportFact, detail?: string) => void;

/** `192.0.2.7 (access:12)`, for a remark that points at another line. */
export function locationOf(rule: Rule): string {
  return `${signedText(rule)} (${rule.origin.file}:${rule.origin.line})`;
}

export class CompiledChain {
  private readonly index = new EntryIndex<Rule>();
  /** Rules that decide nothing. */
  private readonly dropped = new Set<Rule>();
  /** Rules that are not permitted in spite of what they say, with the reason. */
  private readonly leftOut = new Map<Rule, string>();
  /** What decides where no rule does. */
  private readonly otherwise: Rule | undefined;

  constructor(
    readonly chain: Chain,
    rules: readonly Rule[],
    barriers: readonly Barrier[],
    private readonly addRemark: AddRemark,
  ) {
    if (chain.decides === 'first') this.addInOrder(rules, barriers);
    else this.addBySpecificity(rules);
    const [barrier] = barriers;
    this.otherwise = chain.decides === 'most-specific' && barrier ? denialOf(barrier) : undefined;
  }

  /** The rule that decides about all of it. */
  decide(reach: Reach): Rule | undefined {
    return this.index.covering(reach) ?? this.otherwise;
  }

  isDropped(rule: Rule): boolean {
    return this.dropped.has(rule);
  }

  /** Of rules with the same pattern the stricter one stands; one without an opinion yields to any other. */
  private addBySpecificity(rules: readonly Rule[]): void {
    for (const verdict of ['deny', 'permit', 'no-opinion'] as const) {
      for (const rule of rules) {
        if (rule.verdict !== verdict) continue;
        const before = this.index.same(rule);
        this.index.add(rule);
        if (!before || before.verdict === verdict) continue;
        this.dropped.add(rule);
        if (verdict === 'permit') this.addRemark('contradiction', rule, locationOf(before));
      }
    }
  }

  /**
   * Drops what an earlier, wider rule covers. Of the nested rules that remain the narrower comes first, so "the most
   * specific wins" decides as the first match did.
   */
  private addInOrder(rules: readonly Rule[], barriers: readonly Barrier[]): void {
    const steps = [...barriers, ...rules].sort((a, b) => compareOrder(a.order, b.order));
    /** What keeps a rule from being permitted that stands behind it, by the kind of entry that it cannot exclude. */
    const obstacles = new Map<'any' | Rule['entry']['kind'], string>();
    for (const step of steps) {
      if (!('entry' in step)) {
        if (!obstacles.has('any')) obstacles.set('any', `${step.text} (${step.origin.file}:${step.origin.line})`);
        continue;
      }
      const { kind } = step.entry;
      const before = this.index.covering(step);
      // Addresses and names stand in lists of their own, so an exclusion from the one does not hold in the other.
      const obstacle = obstacles.get('any') ?? obstacles.get(kind);
      if (before) this.dropCovered(step, before);
      else if (step.verdict === 'permit' && obstacle !== undefined) this.leaveOut(step, obstacle);
      else this.index.add(step);
      if (before || !isOwnExclusion(step)) continue;
      const other = kind === 'network' ? 'domain' : 'network';
      if (!obstacles.has(other)) obstacles.set(other, locationOf(step));
    }
  }

  private dropCovered(rule: Rule, before: Rule): void {
    this.dropped.add(rule);
    const obstacle = this.leftOut.get(before);
    if (obstacle !== undefined && rule.verdict === 'permit') this.leaveOut(rule, obstacle);
    else if (before.verdict !== rule.verdict) this.addRemark('postfix-never-reached', rule, locationOf(before));
    else if (isListing(rule) || isOwnExclusion(rule)) this.addRemark('already-covered', rule, locationOf(before));
  }

  private leaveOut(rule: Rule, obstacle: string): void {
    const withoutOpinion: Rule = { ...rule, verdict: 'no-opinion' };
    this.dropped.add(rule);
    this.leftOut.set(withoutOpinion, obstacle);
    this.index.add(withoutOpinion);
    this.addRemark('postfix-behind-exclusion', rule, obstacle);
  }
}

/** The barrier as a rule about everything. */
function denialOf({ chain, order, origin, text, question }: Barrier): Rule {
  const list: ListName = question === 'trust' ? 'localip' : question === 'destinations' ? 'relay.to' : 'host.deny';
  const entry = { kind: 'domain', name: '*', exact: false, excluded: false } as const;
  return { list, chain, order, verdict: 'deny', entry, text, origin, comments: [] };
}

/** The earlier place in a chain of first matches comes first. */
export function compareOrder(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
