/**
 * The senders for whom an entry trusts a client, as `from=` lists them: domains with all below them, exact names with `=`,
 * and `<>` for the null sender. A sender is a claim: a scope only narrows trust that the client has by itself.
 */
import { isPublicSuffix, parseDomainName } from '../entries/domain-name';

export const nullSender = '<>';

/** Stands for a sender that every scope covers: asked when policies are compared, and never of a client. */
export const coveredSender = Symbol('a covered sender');

/**
 * The domain of an envelope sender in A-labels and lower case, `<>` for the null sender, or empty for a sender without a
 * domain, which no scope covers.
 */
export type Sender = string | typeof coveredSender;

export class SenderScope {
  private constructor(
    private readonly suffixes: ReadonlySet<string>,
    private readonly exacts: ReadonlySet<string>,
    private readonly hasNullSender: boolean,
  ) {}

  /** `undefined` where the text is no list of domains with commas between. */
  static parse(text: string): SenderScope | undefined {
    const items = new Set(text.split(','));
    const hasNullSender = items.delete(nullSender);
    const suffixes = new Set<string>();
    const exacts = new Set<string>();
    for (const item of items) {
      const isExact = item.startsWith('=');
      const name = parseDomainName(isExact ? item.slice(1) : item);
      if (name === undefined || isPublicSuffix(name)) return undefined;
      (isExact ? exacts : suffixes).add(name);
    }
    return new SenderScope(
      new Set([...suffixes].filter((name) => !holdsName(suffixes, parentOf(name)))),
      new Set([...exacts].filter((name) => !holdsName(suffixes, name))),
      hasNullSender,
    );
  }

  /** The scope in its own language, the same for all texts that cover the same senders. */
  get text(): string {
    const exacts = [...this.exacts].map((name) => `=${name}`);
    return [...[...this.suffixes, ...exacts].sort(), ...(this.hasNullSender ? [nullSender] : [])].join(',');
  }

  get domains(): readonly string[] {
    return [...this.suffixes, ...this.exacts];
  }

  /** Before MAIL there is no sender to be covered. */
  covers(sender: Sender | undefined): boolean {
    if (sender === undefined || sender === coveredSender) return sender !== undefined;
    if (sender === nullSender) return this.hasNullSender;
    const name = sender.endsWith('.') ? sender.slice(0, -1) : sender;
    return this.exacts.has(name) || holdsName(this.suffixes, name);
  }

  /** Whether this scope covers every sender that the other one covers. */
  contains(other: SenderScope): boolean {
    return (
      (this.hasNullSender || !other.hasNullSender) &&
      [...other.suffixes].every((name) => holdsName(this.suffixes, name)) &&
      [...other.exacts].every((name) => this.covers(name))
    );
  }
}

function holdsName(suffixes: ReadonlySet<string>, name: string): boolean {
  for (let rest = name; rest !== ''; rest = parentOf(rest)) if (suffixes.has(rest)) return true;
  return false;
}

/** Empty where the name has no parent. */
function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}
