/** The chains of all sources that answer one question, each with its rules and barriers. */
import { type Barrier, type Chain, lists, type Question, type Rule, type SitePolicy } from '../site-policy';

export interface ChainSteps {
  readonly chain: Chain;
  readonly rules: readonly Rule[];
  readonly barriers: readonly Barrier[];
}

export function chainsOf(question: Question, site: Pick<SitePolicy, 'rules' | 'barriers'>): ChainSteps[] {
  const rules = site.rules.filter(({ list }) => lists[list].question === question);
  const barriers = ofEachServer(
    site.barriers.filter((barrier) => barrier.question === question),
    rules,
  );
  return [...groupBy<Rule | Barrier>([...rules, ...barriers], ({ chain }) => idOf(chain)).values()].map((steps) => {
    const own = steps.filter((step) => 'entry' in step);
    const { chain } = (own[0] ?? steps[0]) as Rule | Barrier;
    return { chain, rules: own, barriers: steps.filter((step) => 'question' in step) };
  });
}

/** The chains of each series, in the order in which they are asked. */
export function seriesOf<T extends { readonly chain: Chain }>(chains: readonly T[]): T[][] {
  const inOrder = [...chains].sort((a, b) => a.chain.place - b.chain.place);
  return [...groupBy(inOrder, ({ chain: { server, series } }) => JSON.stringify([server, series])).values()];
}

export function idOf({ server, series, place }: Chain): string {
  return JSON.stringify([server, series, place]);
}

/** A barrier of no server stands in the chains of that name of every server. */
function ofEachServer(barriers: readonly Barrier[], rules: readonly Rule[]): Barrier[] {
  return barriers.flatMap((barrier) => {
    if (barrier.chain.server !== '') return [barrier];
    const chains = rules.map(({ chain }) => chain).filter(({ series }) => series === barrier.chain.series);
    return [...new Map(chains.map((chain) => [idOf(chain), chain])).values()].map((chain) => ({ ...barrier, chain }));
  });
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
