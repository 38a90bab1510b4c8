/** Answers of next hops about recipients, remembered for a while. */
import { LRUCache } from 'lru-cache';

const hour = 60 * 60 * 1000;
const day = 24 * hour;

/** Of a recipient; or of a domain, by a recipient that cannot exist. Each with the milliseconds for which it counts. */
export const lifetimes = { known: 31 * day, unknown: 3 * hour, 'accepts-all': day, selective: day } as const;

export type AnswerResult = keyof typeof lifetimes;

/** From when on an answer that is used is asked for again. */
const refreshAfter = 7 * day;
/** How often all of them are looked through at most, in milliseconds. */
const surveyAfter = 5000;

export interface Answer {
  readonly result: AnswerResult;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What is remembered, all in all. */
export interface Survey {
  readonly size: number;
  /** When the oldest answer was given. */
  readonly oldest: number | undefined;
  /** Domains whose next hop accepts whatever it is asked. */
  readonly acceptAll: readonly string[];
}

export class Answers {
  private opened: LRUCache<string, Answer> | undefined;
  private surveyed: (Survey & { readonly at: number }) | undefined;
  /** How often they have changed. */
  changes = 0;

  /** `most`: how many are remembered. */
  constructor(
    private readonly most: () => number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes megabytes, and most servers ask nobody. */
  private get answers(): LRUCache<string, Answer> {
    this.opened ??= new LRUCache({ max: this.most() });
    return this.opened;
  }

  /** `of`: a recipient or a domain, in lower case. */
  find(of: string): { readonly result: AnswerResult; readonly isOld: boolean } | undefined {
    const answer = this.opened?.get(of);
    if (!answer || !counts(answer, this.now())) return undefined;
    const { result, at } = answer;
    return { result, isOld: result === 'known' && this.now() - at > refreshAfter };
  }

  remember(of: string, result: AnswerResult): Answer {
    const answer = { result, at: this.now() };
    this.answers.set(of, answer);
    this.changes++;
    return answer;
  }

  forget(of: string): void {
    if (this.answers.delete(of)) this.changes++;
  }

  /** Adds those of an earlier process, or of another. What has been asked meanwhile is newer. */
  restore(answers: Iterable<readonly [string, Answer]>): void {
    for (const [of, answer] of answers) {
      if (counts(answer, this.now()) && this.find(of) === undefined) this.answers.set(of, answer);
    }
  }

  /** Those that count. The one that was used longest ago comes first: restored in this order, it is the first to go again. */
  get all(): readonly (readonly [string, Answer])[] {
    const now = this.now();
    return [...(this.opened?.entries() ?? [])].filter(([, answer]) => counts(answer, now)).reverse();
  }

  /** As it was some seconds ago at the most. */
  get survey(): Survey {
    const now = this.now();
    if (!this.surveyed || Math.abs(now - this.surveyed.at) > surveyAfter) {
      const answers = this.all;
      const oldest = answers.reduce((least, [, { at }]) => Math.min(least, at), Number.POSITIVE_INFINITY);
      this.surveyed = {
        at: now,
        size: answers.length,
        oldest: answers.length > 0 ? oldest : undefined,
        acceptAll: acceptingAll(answers, now),
      };
    }
    return this.surveyed;
  }
}

/** Domains of which a next hop has accepted a recipient that cannot exist, within the last day. */
export function acceptingAll(answers: Iterable<readonly [string, Answer]>, now: number): readonly string[] {
  return [...answers]
    .filter(([, answer]) => answer.result === 'accepts-all' && counts(answer, now))
    .map(([domain]) => domain)
    .sort();
}

export function isAnswerResult(text: unknown): text is AnswerResult {
  return typeof text === 'string' && Object.hasOwn(lifetimes, text);
}

function counts({ result, at }: Answer, now: number): boolean {
  // One from the future was written under another clock.
  return now - at <= lifetimes[result] && now - at > -hour;
}
