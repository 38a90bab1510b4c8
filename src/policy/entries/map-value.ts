/** What `relay.map` says of a key, and the values of a whole map in columns. */
import { formatReply, type Reply } from '../decision';
import { type Ends, endOf } from '../tables/ends';
import { GrowableUint32 } from '../tables/growable';
import { TextPoolBuilder, type TextPoolData, textAt } from '../tables/text-pool';

/**
 * `RELAY` permits. `REJECT`, `ERROR:…` and `code text` refuse or defer with a reply. `DISCARD` accepts the recipient and
 * drops the message. `OK` and `SKIP` end the search without a decision: OK never meant relaying in sendmail either.
 */
export type MapValue =
  | { readonly action: 'relay' | 'discard' | 'none' }
  | { readonly action: 'reply'; readonly reply: Reply };

/** The values of a map, numbered from 1. Plain data: it can be moved to another thread. */
export interface ValueTableData {
  /** Four numbers a value: its action, and the reply's code, subject and detail. */
  readonly numbers: Uint32Array;
  readonly texts: TextPoolData;
  /** When what has the value ceases to exist: with another end the same value has another number. */
  readonly ends: Ends;
}

const actions = ['none', 'relay', 'discard', 'reply'] as const;

export class ValueTableBuilder {
  private readonly known = new Map<string, number>();
  private readonly numbers = new GrowableUint32();
  private readonly texts = new TextPoolBuilder();
  private readonly ends = new GrowableUint32();

  /** The same value with the same end has the same number. */
  numberOf(value: MapValue, until?: number): number {
    const answer = value.action === 'reply' ? value.reply : undefined;
    const meaning = answer ? formatReply(answer) : value.action;
    const key = until === undefined ? meaning : `${until} ${meaning}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.numbers.push(actions.indexOf(value.action));
    this.numbers.push(answer?.code ?? 0);
    this.numbers.push(answer?.enhanced[1] ?? 0);
    this.numbers.push(answer?.enhanced[2] ?? 0);
    this.texts.add(answer?.text ?? '');
    const number = this.numbers.length / 4;
    this.ends.put(number - 1, endOf(until));
    this.known.set(key, number);
    return number;
  }

  build(): ValueTableData {
    return { numbers: this.numbers.finish(), texts: this.texts.build(), ends: this.ends.finish() };
  }
}

export function mapValueOf(data: ValueTableData, number: number): MapValue | undefined {
  const [kind, code = 0, subject = 0, detail = 0] = data.numbers.subarray(4 * number - 4, 4 * number);
  const action = kind === undefined ? undefined : actions[kind];
  if (action !== 'reply') return action && { action };
  // RFC 3463 §2: the class repeats the first digit of the code.
  const enhanced: Reply['enhanced'] = [code < 500 ? 4 : 5, subject, detail];
  return { action, reply: { code, enhanced, text: textAt(data.texts, number - 1) } };
}
