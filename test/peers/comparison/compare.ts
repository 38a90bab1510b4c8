/** How two outcomes of one case compare, and what no explanation can excuse. */
import type { Outcome, Verdict } from './play';

/** Seen from this suite; the gravest first. */
export const differences = ['laxer', 'stricter', 'other time', 'other class'] as const;
export type Difference = (typeof differences)[number];

/** The gravest difference of the two, by the replies and by what was queued; `undefined` where there is none. */
export function compareOutcomes(ours: Outcome, theirs: Outcome): Difference | undefined {
  const found = new Set([
    ...ours.verdicts.map(({ verdict }, index) => compareVerdicts(verdict, theirs.verdicts[index]?.verdict)),
    ...ours.queued.filter((recipient) => !theirs.queued.includes(recipient)).map(() => 'laxer'),
    ...theirs.queued.filter((recipient) => !ours.queued.includes(recipient)).map(() => 'stricter'),
  ]);
  return differences.find((difference) => found.has(difference));
}

function compareVerdicts(ours: Verdict, theirs: Verdict = 'none'): Difference | undefined {
  if (ours === theirs) return undefined;
  if (ours === 'accept') return 'laxer';
  if (theirs === 'accept') return 'stricter';
  return ours === 'temporary' || theirs === 'temporary' ? 'other time' : 'other class';
}

/** What we accept, or have queued, and neither of the others. */
export function laxerThanAll(ours: Outcome, peers: readonly Outcome[]): readonly string[] {
  const accepted = ours.verdicts.flatMap(({ command, verdict }, index) =>
    verdict === 'accept' && !peers.some(({ verdicts }) => verdicts[index]?.verdict === 'accept') ? [command] : [],
  );
  const queued = ours.queued.filter((recipient) => !peers.some((peer) => peer.queued.includes(recipient)));
  return [...accepted, ...queued];
}
