/** The decisions that would change, in groups by client network, sender domain and recipient domain; however long the log, bounded. */
import { formatNetwork, maskAddress, parseAddress } from '../../policy/entries/ip-address';
import type { Effect } from '../../policy/sets/change';
import type { LoggedDecision } from '../log/decision-line';
import type { Replayed, UndeterminedReason, Verdict } from './verdict';

export interface Group {
  readonly effect: Effect;
  /** The /24 or /64 around the client. */
  readonly clients: string;
  /** Empty for the null sender; absent where the change is one of the client, whatever it sends. */
  readonly sender: string | undefined;
  /** Absent where the change is one of the client or of its sender, to whomever it sends. */
  readonly recipient: string | undefined;
  decisions: number;
  first: number | undefined;
  last: number | undefined;
  readonly example: Example;
}

/** The first decision of a group. */
export interface Example {
  readonly line: LoggedDecision;
  readonly before: Verdict;
  readonly after: Verdict;
}

export interface Undetermined {
  decisions: number;
  /** What some of them would be if their clients had no other name than the one that Haraka logged. */
  readonly likely: Partial<Record<Effect | 'unchanged', number>>;
  readonly example: LoggedDecision;
}

/** A longer report is read by nobody; the decisions of further groups are counted. */
const mostGroups = 10_000;

export class Changes {
  unchanged = 0;
  permits = 0;
  readonly counts: Record<Effect, number> = { opens: 0, closes: 0, moves: 0 };
  readonly undetermined = new Map<UndeterminedReason, Undetermined>();
  /** Decisions that would change and are in no group. */
  ungrouped = 0;
  private readonly byKey = new Map<string, Group>();

  add(line: LoggedDecision, replayed: Replayed): void {
    if (line.outcome === 'permit') this.permits++;
    switch (replayed.result) {
      case 'unchanged':
        this.unchanged++;
        return;
      case 'undetermined': {
        const { reason, likely } = replayed;
        const known = this.undetermined.get(reason) ?? { decisions: 0, likely: {}, example: structuredClone(line) };
        this.undetermined.set(reason, known);
        known.decisions++;
        if (likely) known.likely[likely] = (known.likely[likely] ?? 0) + 1;
        return;
      }
      default:
        this.counts[replayed.result]++;
        this.group(line, replayed.result, replayed);
    }
  }

  /** The largest first. */
  groups(): readonly Group[] {
    return [...this.byKey.values()].sort((a, b) => b.decisions - a.decisions);
  }

  /** What is kept is copied: a text that was cut out of a piece of the log holds on to all of it. */
  private group(line: LoggedDecision, effect: Effect, { before, after }: Pick<Example, 'before' | 'after'>): void {
    const clients = networkOf(line.ip);
    // A client that is denied is denied whatever it sends, and is one group.
    const isOfRecipient = after.kind !== 'denied' && line.rcpt !== '';
    // Trust in a sender is a permit at MAIL.
    const isOfSender = isOfRecipient || (line.outcome === 'permit' && line.from !== '');
    const sender = isOfSender && after.kind !== 'denied' ? domainOf(line.from) : undefined;
    const recipient = isOfRecipient ? domainOf(line.rcpt) : undefined;
    const what = after.kind === 'denied' ? after.kind : `${before.words}|${after.words}`;
    const key = [effect, clients, sender, recipient, what].join(' ');
    const { time } = line;
    const known = this.byKey.get(key);
    if (known) {
      known.decisions++;
      if (time === undefined) return;
      known.first = Math.min(known.first ?? time, time);
      known.last = Math.max(known.last ?? time, time);
    } else if (this.byKey.size < mostGroups) {
      const kept = structuredClone({ effect, clients, sender, recipient, first: time, last: time });
      this.byKey.set(key, { ...kept, decisions: 1, example: structuredClone({ line, before, after }) });
    } else this.ungrouped++;
  }
}

function networkOf(ip: string): string {
  const address = parseAddress(ip);
  if (!address) return ip;
  const length = address.family === 4 ? 24 : 64;
  return formatNetwork({ address: maskAddress(address, length), length });
}

/** Of `<user@domain>`; `postmaster` for that user without one. */
function domainOf(path: string): string {
  const mailbox = path.slice(1, -1);
  return mailbox.slice(mailbox.lastIndexOf('@') + 1).toLowerCase();
}
