/** The changes between two sides, in the order in which they are written, and counted. */
import type { SourceLine } from '../../policy/findings/finding';
import type { Change, Effect, SubjectKind } from '../../policy/sets/change';
import { comparePolicies } from '../../policy/sets/compare-policies';
import { compareSettings, type SettingChange } from './setting-changes';
import type { Side } from './side';
import { describeBefore, describeChange, verdictOf } from './words';

/** One line of the report. */
export interface Row {
  readonly effect: Effect;
  readonly list: string;
  readonly subject: string;
  readonly except: readonly string[];
  /** Of clients; absent for anything else. */
  readonly addresses: bigint | undefined;
  readonly words: string;
  /** What decided before, in words; may be empty. */
  readonly was: string;
  readonly before: { readonly verdict: string; readonly at: SourceLine | undefined };
  readonly after: { readonly verdict: string; readonly at: SourceLine | undefined };
}

/** Changes that mean the same are of one group: `key` is equal for them. */
export interface Found {
  readonly key: string;
  readonly effect: Effect;
  readonly addresses: bigint | undefined;
  /** Whether the change lets clients relay, or anybody to destinations. */
  readonly relays: boolean;
  readonly isOf: 'addresses' | 'names' | 'destinations' | 'settings';
  row(): Row;
}

/** Settings first: they concern everything. */
export function* findChanges(before: Side, after: Side): Generator<Found> {
  for (const change of compareSettings(before, after)) yield foundSetting(change);
  for (const change of comparePolicies(before.content, after.content)) yield foundChange(change);
}

function foundSetting(change: SettingChange): Found {
  const row = { ...change, except: [], addresses: undefined, was: `was ${change.before.verdict}` };
  const { effect, list, subject } = change;
  return {
    key: `${list} ${subject}`,
    effect,
    addresses: undefined,
    relays: false,
    isOf: 'settings',
    row: () => row,
  };
}

function foundChange(change: Change): Found {
  const { kind, effect, list, question, addresses } = change;
  const relays = effect === 'opens' && change.after.outcome === 'relay' && question === 0;
  const key = [kind, effect, list, question, verdictOf(change.before), verdictOf(change.after)].join('|');
  return { key, effect, addresses, relays, isOf: countedAs[kind], row: () => rowOf(change) };
}

const countedAs = {
  'client-addresses': 'addresses',
  'client-names': 'names',
  recipients: 'destinations',
  'recipient-literals': 'destinations',
  'mx-hosts': 'destinations',
} as const satisfies Record<SubjectKind, Found['isOf']>;

function rowOf(change: Change): Row {
  const { effect, list, subject, except, addresses } = change;
  const { before, after } = change.decide();
  return {
    effect,
    list,
    subject,
    except,
    addresses,
    words: describeChange(change),
    // The words of a move have both.
    was: effect === 'moves' ? '' : describeBefore(before),
    before: { verdict: verdictOf(before), at: before.at },
    after: { verdict: verdictOf(after), at: after.at },
  };
}

export interface Totals {
  readonly opens: number;
  readonly closes: number;
  readonly moves: number;
  /** Clients that may newly relay, by address and by name, and destinations of which anybody may. */
  readonly addresses: bigint;
  readonly names: number;
  readonly destinations: number;
}

export class Counter {
  private readonly counts = { opens: 0, closes: 0, moves: 0 };
  private addresses = 0n;
  private readonly sets = { names: 0, destinations: 0 };

  add({ effect, addresses, relays, isOf }: Found): void {
    this.counts[effect]++;
    if (relays && addresses !== undefined) this.addresses += addresses;
    if (relays && (isOf === 'names' || isOf === 'destinations')) this.sets[isOf]++;
  }

  totals(): Totals {
    return { ...this.counts, addresses: this.addresses, ...this.sets };
  }
}
