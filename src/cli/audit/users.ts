/** Whether a server's replies distinguish likely names from random ones: by code, by text, by time. */

import { compareTimes, withoutName } from './compare';
import { type Outcome, report, safe, unknown, unsafe } from './outcome';

export interface Sample {
  readonly name: string;
  readonly likely: boolean;
  readonly reply: string;
  readonly accepted: boolean;
  readonly ms: number;
}

export interface Comparison {
  /** Where a likely name drew another reply than a random one of the same shape. */
  readonly difference: string | undefined;
  /** Random names drew different replies among themselves: the server's words tell nothing either way. */
  readonly noisy: boolean;
}

/** Replies compare as the server's own words, without what the question put into them, and within one shape of name. */
export function compareReplies(samples: readonly Sample[]): Comparison {
  const words = ({ reply, name }: Sample): string => withoutName(reply, name);
  let noisy = false;
  for (const shaped of [true, false]) {
    const same = samples.filter(({ name }) => name.includes('@') === shaped);
    const random = same.filter(({ likely }) => !likely);
    const other = random[0];
    if (other === undefined) continue;
    const classes = new Set(random.map(words));
    const odd = same.find((sample) => sample.likely && !classes.has(words(sample)));
    if (classes.size > 1) noisy = true;
    else if (odd !== undefined) {
      return { difference: `${odd.name} → ${odd.reply}, but ${other.name} → ${other.reply}`, noisy };
    }
  }
  return { difference: undefined, noisy };
}

export function timesDiffer(samples: readonly Sample[]): ReturnType<typeof compareTimes> {
  const times = (likely: boolean): number[] => samples.filter((one) => one.likely === likely).map(({ ms }) => ms);
  return compareTimes(times(true), times(false));
}

/** `unsafe` where the protocol has a neutral refusal; `report` where a refusal must reveal whether the user exists. */
export function judgeUsers(samples: readonly Sample[], onDifference: 'unsafe' | 'report'): Outcome {
  const verdict = onDifference === 'unsafe' ? unsafe : report;
  if (samples.length === 0) return unknown('no names could be asked');
  const { difference, noisy } = compareReplies(samples);
  if (difference !== undefined) return verdict(difference);
  if (noisy) return unknown('names that cannot exist draw different replies among themselves');
  const [first] = samples;
  return safe(
    `the same for ${samples.length} names, likely and random: ${first === undefined ? '' : withoutName(first.reply, first.name)}`,
  );
}
