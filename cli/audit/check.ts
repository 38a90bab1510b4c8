/** What a check is: a question put to a running server, and what its answer means. */
import type { PopContext } from './pop3-context';
import type { SmtpContext } from './smtp-context';

/**
 * `safe` and `unsafe` are judgements; `report` is something observed that a person has to judge; `unknown` means that the
 * question was not answered, which is never a pass.
 */
export type Verdict = 'safe' | 'unsafe' | 'report' | 'unknown';

export interface Outcome {
  readonly verdict: Verdict;
  /** What the server did, in one sentence or a short list. */
  readonly observed: string;
}

export interface Fix {
  readonly haraka: string;
  readonly sendmail: string;
  readonly postfix: string;
  readonly dovecot: string;
}

/** `plain` is before any TLS, `starttls` after STARTTLS or STLS, `implicit` TLS from the first byte. */
export type Security = 'plain' | 'starttls' | 'implicit';

export interface Check<Context> {
  /** Stable: it is in the JSON, in the documentation's headings and in people's scripts. */
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly fix: Fix;
  /** Where the question makes sense; everywhere without it. */
  readonly on?: readonly Security[];
  /** Asked only where the options or the site give it something to ask. */
  applies?(context: Context): boolean;
  run(context: Context): Promise<Outcome>;
}

export type SmtpCheck = Check<SmtpContext>;
export type PopCheck = Check<PopContext>;

export const safe = (observed: string): Outcome => ({ verdict: 'safe', observed });
export const unsafe = (observed: string): Outcome => ({ verdict: 'unsafe', observed });
export const report = (observed: string): Outcome => ({ verdict: 'report', observed });
export const unknown = (observed: string): Outcome => ({ verdict: 'unknown', observed });

const order: Readonly<Record<Verdict, number>> = { safe: 0, report: 1, unknown: 2, unsafe: 3 };

/** The worst of several partial outcomes, with the observations of all outcomes of that verdict. */
export function worstOf(outcomes: readonly Outcome[]): Outcome {
  const worst = Math.max(...outcomes.map(({ verdict }) => order[verdict]));
  const chosen = outcomes.filter(({ verdict }) => order[verdict] === worst);
  return {
    verdict: chosen[0]?.verdict ?? 'unknown',
    observed: [...new Set(chosen.map(({ observed }) => observed))].join('; '),
  };
}
