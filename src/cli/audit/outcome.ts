/** What the answer to a question means: a verdict, and what was observed. */

/**
 * `safe` and `unsafe` are judgements; `report` is something observed that a person has to judge; `deferred` means that a
 * stranger may not relay, but is told so with a code for "later"; `unknown` means that the question was not answered, which
 * is never a pass.
 */
export type Verdict = 'safe' | 'unsafe' | 'report' | 'unknown' | 'deferred';

export interface Outcome {
  readonly verdict: Verdict;
  /** What the server did, in one sentence or a short list. */
  readonly observed: string;
}

export const safe = (observed: string): Outcome => ({ verdict: 'safe', observed });
export const unsafe = (observed: string): Outcome => ({ verdict: 'unsafe', observed });
export const report = (observed: string): Outcome => ({ verdict: 'report', observed });
export const deferred = (observed: string): Outcome => ({ verdict: 'deferred', observed });
export const unknown = (observed: string): Outcome => ({ verdict: 'unknown', observed });

const order: Readonly<Record<Verdict, number>> = { safe: 0, deferred: 1, report: 2, unknown: 3, unsafe: 4 };

/** The worst of several partial outcomes, with the observations of all outcomes of that verdict. */
export function worstOf(outcomes: readonly Outcome[]): Outcome {
  const worst = Math.max(...outcomes.map(({ verdict }) => order[verdict]));
  const chosen = outcomes.filter(({ verdict }) => order[verdict] === worst);
  return {
    verdict: chosen[0]?.verdict ?? 'unknown',
    observed: [...new Set(chosen.map(({ observed }) => observed))].join('; '),
  };
}
