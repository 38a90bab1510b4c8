/** What becomes of a client, command or recipient, as a log has it and as another policy decides it; and what a comparison finds. */
import { type Decision, formatReply } from '../../policy/decision';
import { printable } from '../../policy/findings/characters';
import type { SourceLine } from '../../policy/findings/finding';
import type { Counter } from '../../policy/limits';
import type { Effect } from '../../policy/sets/change';
import type { PluginName } from '../../policy/settings/settings';
import { type LoggedDecision, sourceLineOf } from '../log/decision-line';

export const undeterminedReasons = {
  'client-names': "the policy asks for the client's names, which the line does not have",
  'mx-records': 'the policy asks for the MX records of the domain, which the line does not have',
  'next-hop': 'the policy asks the next hop whether it knows the recipient, which the line does not say',
  'of-the-moment':
    'a list, a trust or a next hop that was gone at that moment decided, or a limit, and the line has no time',
  'only-observed': 'the plugin only observed, and what the server answered then is not in the line',
  'not-enforced': 'the relay plugin is not in force in this policy, so other plugins decide',
  'other-plugins': 'no list decides, and restriction=false leaves it to other plugins',
  'own-address': "whether the recipient's address literal is this host's own is not in the line",
  'denied-before': 'host.deny denies the client, and whether it did then is not in the line of a permit at connect',
  'sender-scope': 'the policy trusts the client for some senders alone, and the line of a permit at connect has none',
  'escaped-sender': 'the line has characters of the sender in an escaped form, and an entry asks for the sender',
  'escaped-recipient': 'the line has characters of the recipient in an escaped form',
  'unknown-rule': 'this version does not know the rule',
} as const;

export type UndeterminedReason = keyof typeof undeterminedReasons;

/** What became of a client, command or recipient; greater for what lets more in. `passed`: not refused here, other plugins may. */
const admission = { denied: 0, refused: 1, dropped: 1, untrusted: 1, deferred: 2, passed: 3, accepted: 4 } as const;

export interface Verdict {
  readonly kind: keyof typeof admission;
  readonly words: string;
  readonly at?: SourceLine | undefined;
  /** Where another reply would be another verdict. */
  readonly reply?: string | undefined;
  /** What an accepted recipient is counted for. */
  readonly counters?: readonly Counter[];
  /** Only if the next hop does not say that there is no such recipient. */
  readonly verify?: true | undefined;
}

export type Replayed =
  | { readonly result: 'unchanged' }
  | {
      readonly result: 'undetermined';
      readonly reason: UndeterminedReason;
      /** What it would be if the client had no other name than the one that Haraka logged, where that decides it. */
      readonly likely?: Effect | 'unchanged' | undefined;
    }
  | { readonly result: Effect; readonly before: Verdict; readonly after: Verdict };

const unchanged: Replayed = { result: 'unchanged' };
export const passed: Verdict = { kind: 'passed', words: 'not refused' };

export function undetermined(reason: UndeterminedReason): Replayed {
  return { result: 'undetermined', reason };
}

export function verdictOfLine(line: LoggedDecision, plugin: PluginName): Verdict {
  const { outcome, rule, at, reply } = line;
  const source = sourceLineOf(at);
  if (outcome === 'permit') {
    return { kind: line.isDropped ? 'dropped' : 'accepted', words: `permit ${rule}`, at: source };
  }
  const kind = outcome === 'defer' ? 'deferred' : plugin === 'deny' ? 'denied' : 'refused';
  const isOwnReply = plugin !== 'relay' || rule === 'relay-map';
  return { kind, words: `${outcome} ${reply}`, at: source, reply: isOwnReply ? reply : undefined };
}

export function verdictOf(decision: Decision | undefined): Verdict {
  if (!decision || !('reply' in decision)) return passed;
  const reply = formatReply(decision.reply);
  return { kind: 'refused', words: `${decision.outcome} ${reply}`, at: decision.at, reply };
}

export function compare(before: Verdict, after: Verdict): Replayed {
  if (before.kind === after.kind) {
    const isSame = before.reply === undefined && after.reply === undefined;
    if (isSame || before.reply === printable(after.reply ?? '')) return unchanged;
    return { result: 'moves', before, after };
  }
  // Neither is refused by the plugin, which did not act before.
  if (before === passed && after.kind === 'accepted') return unchanged;
  const step = admission[after.kind] - admission[before.kind];
  return { result: step > 0 ? 'opens' : step < 0 ? 'closes' : 'moves', before, after };
}
