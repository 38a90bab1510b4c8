/** What differs between two policies for a subject: which effect it has, and which pairs of answers are the same change. */
import { formatLimits, isWithin } from '../attributes/limit';
import { describeMail, type MailDecision, type MailPolicy } from './mail-decision';
import type { PolicyContent } from './policy-lists';

export type Effect = 'opens' | 'closes' | 'moves';

/** Whom or what a set holds. */
export type SubjectKind = 'client-addresses' | 'client-names' | 'recipients' | 'recipient-literals' | 'mx-hosts';

export interface Change {
  readonly kind: SubjectKind;
  readonly effect: Effect;
  /** A network, a name or mailbox; `*.name` is the name and all below it, `user@*` the user at any domain. */
  readonly subject: string;
  /** Of the subject, what does not belong to the set; in the same forms. */
  readonly except: readonly string[];
  /** How many addresses of clients; absent for names and recipients. */
  readonly addresses?: bigint;
  /** The file of the list that decides after the change, or that decided before it. */
  readonly list: string;
  /**
   * Which answer differs. Of clients by address: 0 with a sender that every scope covers, 1 with one that none covers. Of names: 0
   * and 1 so with the name confirmed, 2 with it forged. Of recipients: 0 from a stranger, 1 from a trusted client. Of MX hosts: 0.
   */
  readonly question: number;
  /** Of any subject that changes in the same way; `decide` has the lines for this one. */
  readonly before: MailDecision;
  readonly after: MailDecision;
  /** What decides the first of the subject. Asked again: a report shows few of a million changes. */
  decide(): { readonly before: MailDecision; readonly after: MailDecision };
}

type ChangeKind = Pick<Change, 'effect' | 'list' | 'question' | 'before' | 'after'>;

/** The answers to all questions about a subject, in a fixed order. A subject changes when any of them differs. */
export type Answers = readonly MailDecision[];

export type Sides = readonly [before: PolicyContent, after: PolicyContent];
export type Asker = (policy: MailPolicy) => Answers;

/** What differs in the same way has the same number. */
export class Classes {
  private readonly numbers = new Map<string, number>();
  private readonly kinds: ChangeKind[] = [];

  /** 0 where both answer the same. */
  numberOf(before: Answers, after: Answers): number {
    const [one, other] = [keyOf(before), keyOf(after)];
    if (one === other) return 0;
    const pair = `${one}\n${other}`;
    const known = this.numbers.get(pair);
    if (known !== undefined) return known;
    this.kinds.push(kindOf(before, after));
    this.numbers.set(pair, this.kinds.length);
    return this.kinds.length;
  }

  kindOf(itsClass: number): ChangeKind {
    return this.kinds[itsClass - 1] as ChangeKind;
  }
}

function keyOf(answers: Answers): string {
  return answers.map(sameness).join('|');
}

function kindOf(before: Answers, after: Answers): ChangeKind {
  const steps = after.map((decision, i) => stepFrom(before[i] as MailDecision, decision));
  const effect = steps.some((step) => step > 0) ? 'opens' : steps.some((step) => step < 0) ? 'closes' : 'moves';
  const differs = (i: number) => sameness(before[i] as MailDecision) !== sameness(after[i] as MailDecision);
  const question = steps.findIndex((step, i) => (effect === 'moves' ? differs(i) : Math.sign(step) === signs[effect]));
  const [was, is] = [before[question] as MailDecision, after[question] as MailDecision];
  const decisive = is.by === 'other' ? was : is;
  const list = decisive.at?.file ?? is.at?.file ?? was.at?.file ?? 'host_list';
  return { effect, list, question, before: was, after: is };
}

/** Two policies, and the pairs of answers that they give. */
export class Comparer {
  private readonly policies: readonly [MailPolicy, MailPolicy];

  constructor(
    readonly kind: SubjectKind,
    sides: Sides,
    project: (content: PolicyContent) => MailPolicy,
    readonly classes = new Classes(),
  ) {
    this.policies = [project(sides[0]), project(sides[1])];
  }

  classOf(ask: Asker): number {
    return this.classes.numberOf(ask(this.policies[0]), ask(this.policies[1]));
  }

  change(
    itsClass: number,
    ask: Asker,
    subject: string,
    more: Pick<Change, 'addresses'> & { readonly except?: readonly string[] },
  ): Change {
    const ofClass = this.classes.kindOf(itsClass);
    const { question } = ofClass;
    const [before, after] = this.policies;
    const decide = () => ({
      before: ask(before)[question] as MailDecision,
      after: ask(after)[question] as MailDecision,
    });
    return { kind: this.kind, subject, except: [], ...ofClass, ...more, decide };
  }
}

const signs = { opens: 1, closes: -1, moves: 0 } as const;

/** Equal for answers that no client can tell apart, and that no other list can make different. */
function sameness(decision: MailDecision): string {
  return isUndecided(decision) ? 'undecided' : `${decision.by} ${describeMail(decision)}`;
}

/** Refused because nothing permits it: by no entry, by an exclusion, or left to other plugins. */
export function isUndecided({ by, outcome }: MailDecision): boolean {
  return by === 'other' && (outcome === 'refuse' || outcome === 'defer' || outcome === 'pass');
}

/** Above 0 where more mail is let in than before. */
function stepFrom(before: MailDecision, after: MailDecision): number {
  const step = openness(after) - openness(before);
  if (step !== 0 || before.by !== 'trust') return step;
  const steps = [scopeStep(before, after), limitStep(before, after)];
  return steps.includes(1) ? 1 : Math.min(...steps);
}

/** Scopes of which neither holds the other open something. */
function scopeStep({ scope: was }: MailDecision, { scope: is }: MailDecision): number {
  if (was?.text === is?.text) return 0;
  return is === undefined || (was !== undefined && !was.contains(is)) ? 1 : -1;
}

/** The same of limits. */
function limitStep({ limits: was }: MailDecision, { limits: is }: MailDecision): number {
  if (formatLimits(was ?? {}) === formatLimits(is ?? {})) return 0;
  return isWithin(is, was) ? -1 : 1;
}

/** Greater for what lets more mail in. */
function openness(decision: MailDecision): number {
  const { by, outcome, verify } = decision;
  if (by === 'deny') return 0;
  if (isUndecided(decision)) return 2;
  if (by !== 'map') return verify ? 4 : 5;
  return outcome === 'relay' || outcome === 'local' ? 3 : 1;
}
