/**
 * Whether next hops know recipients: asked once for all who want to know at the same time, remembered, and never more often
 * than the settings allow. In a cluster the master asks, for all workers.
 */
import { randomBytes } from 'node:crypto';
import { Windows } from '../limits/windows';
import type { Route } from '../policy/entries/route';
import type { Settings } from '../policy/settings/settings-description';
import type { Verified } from '../policy/verify';
import { within } from '../time/within';
import { type AnswerResult, Answers, type Survey } from './answers';
import type { Hop, NextHop } from './next-hop';
import type { SharedAnswers } from './shared-answers';

/** What a worker asks its master for. */
export interface VerifyRequest {
  /** As RCPT has it, in angle brackets. */
  readonly recipient: string;
  /** In A-labels and lower case. */
  readonly domain: string;
  /** The next hop of its entry, which may have none. */
  readonly route: Route | undefined;
  /** Milliseconds until an answer is of no use. */
  readonly timeout: number;
}

export type Verify = (request: VerifyRequest) => Promise<Verified>;

export interface VerifyCounts {
  /** Recipients that next hops were to be asked about, by what came of it. */
  readonly questions: Readonly<Record<Exclude<Verified, 'unasked'>, number>>;
  /** Recipients that were answered from memory. */
  readonly remembered: number;
  /** Recipients for which the rate allowed no question. */
  readonly unasked: number;
  readonly cache: Survey;
}

/** How next hops are found and asked, and where answers are that other servers share. */
export interface VerifierSite {
  /** In the order in which they are to be tried. */
  hopsOf(domain: string, route: Route | undefined): Promise<readonly Hop[]>;
  nextHop(hop: Hop): NextHop;
  shared?(): SharedAnswers | undefined;
}

/** Next hops that are kept in mind. */
const mostKept = 10_000;

export class RecipientVerifier {
  private readonly hops = new Map<string, NextHop>();
  private readonly pending = new Map<string, Promise<Verified>>();
  private readonly windows = new Windows();
  private readonly counted = { known: 0, unknown: 0, unsure: 0 };
  private remembered = 0;
  private unasked = 0;
  readonly answers: Answers;
  private master: Verify | undefined;

  constructor(
    private readonly settings: () => Pick<Settings['verify'], 'cache' | 'rate'>,
    private readonly site: VerifierSite,
    now: () => number = Date.now,
  ) {
    this.answers = new Answers(() => settings().cache, now);
  }

  /** In a worker of a cluster. */
  useMaster(verify: Verify): void {
    this.master = verify;
  }

  /** Rejects where the master does not answer. */
  async verify(request: VerifyRequest): Promise<Verified> {
    if (this.master) return this.master(request);
    const before = await this.recall(keyOf(request));
    if (before) {
      this.remembered++;
      // Nobody waits for it.
      if (before.isOld) this.ask(request).catch(nothing);
      return before.result === 'unknown' ? 'unknown' : 'known';
    }
    const ofDomain = await this.recall(request.domain);
    return ofDomain?.result === 'accepts-all' ? 'known' : this.ask(request);
  }

  get counts(): VerifyCounts {
    return {
      questions: this.counted,
      remembered: this.remembered,
      unasked: this.unasked,
      cache: this.answers.survey,
    };
  }

  close(): void {
    for (const hop of this.hops.values()) hop.close();
    this.hops.clear();
  }

  /** From memory, or from what other servers have asked. */
  private async recall(of: string): Promise<ReturnType<Answers['find']>> {
    const shared = this.site.shared?.();
    if (shared && this.answers.find(of) === undefined) {
      const answer = await shared.find(of);
      if (answer) this.answers.restore([[of, answer]]);
    }
    return this.answers.find(of);
  }

  private remember(of: string, result: AnswerResult): void {
    const answer = this.answers.remember(of, result);
    this.site.shared?.()?.remember(of, answer);
  }

  /** Merged with whoever asks the same just now. */
  private ask(request: VerifyRequest): Promise<Verified> {
    const key = keyOf(request);
    const asking = this.pending.get(key);
    if (asking) return asking;
    const question = this.question(request).finally(() => this.pending.delete(key));
    this.pending.set(key, question);
    return question;
  }

  private async question(request: VerifyRequest): Promise<Verified> {
    const verified = await this.askHops(request);
    if (verified === 'unsure' || verified === 'unasked') return verified;
    this.remember(keyOf(request), verified);
    if (verified === 'known' && !this.answers.find(request.domain)) this.probe(request).catch(nothing);
    return verified;
  }

  /** Once a day for a domain that knows somebody: does it know everybody? Then its answers are worth nothing. */
  private async probe(request: VerifyRequest): Promise<void> {
    const { domain } = request;
    // One that gives no clear answer is not asked again either.
    this.remember(domain, 'selective');
    const nobody = `<smtpcheck-${randomBytes(12).toString('hex')}@${domain}>`;
    if ((await this.askHops({ ...request, recipient: nobody })) !== 'known') return;
    this.answers.forget(keyOf(request));
    this.site.shared?.()?.forget(keyOf(request));
    this.remember(domain, 'accepts-all');
  }

  private async askHops({ recipient, domain, route, timeout }: VerifyRequest): Promise<Verified> {
    const end = performance.now() + timeout;
    const hops = await within(timeout, this.site.hopsOf(domain, route)).catch(() => []);
    const present = hops.map((hop) => this.hopOf(hop)).filter(({ mayBeAsked }) => mayBeAsked);
    // What is down is asked by somebody else, and does not use up what is allowed.
    if (present.length === 0) {
      this.counted.unsure++;
      return 'unsure';
    }
    if (!this.isAllowed()) {
      this.unasked++;
      return 'unasked';
    }
    let verified: Verified = 'unsure';
    for (const hop of present) {
      const left = end - performance.now();
      if (verified === 'unsure' && left >= 1) verified = await hop.ask(recipient, left);
    }
    if (verified !== 'unasked') this.counted[verified]++;
    return verified;
  }

  private isAllowed(): boolean {
    const { rate } = this.settings();
    if (!rate) return true;
    return this.windows.count([{ subject: 'report', name: 'questions', limit: rate }], 1).over === undefined;
  }

  private hopOf(hop: Hop): NextHop {
    const name = `${hop.host} ${hop.port}`;
    const known = this.hops.get(name);
    if (known) return known;
    if (this.hops.size >= mostKept) for (const [other, { isIdle }] of this.hops) if (isIdle) this.hops.delete(other);
    const created = this.site.nextHop(hop);
    this.hops.set(name, created);
    return created;
  }
}

/** What nobody waits for may fail: it is asked again another time. */
const nothing = () => {};

/** Case is no difference, as in the lists. */
function keyOf({ recipient }: VerifyRequest): string {
  return recipient.toLowerCase();
}
