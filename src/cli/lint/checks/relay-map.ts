/** Lint of `relay.map`: lines that never decide, and what is too wide or too public to be relayed for. */

import { formatReply } from '../../../policy/decision';
import { type HasLength, keyOf, widerKeys } from '../../../policy/entries/containment';
import { isProblem } from '../../../policy/entries/entry';
import { forEachLine } from '../../../policy/entries/lines';
import { type MapRow, parseMapLine } from '../../../policy/entries/map-line';
import type { LintFinding } from '../finding';
import { isPublicMailDomain } from '../public-mail-domains';
import { type ListText, type LocatedEntry, networksWithoutLength, report } from './entries';
import { slipOfTrusted } from './networks';

export interface LocatedRow extends Pick<LocatedEntry, 'at' | 'text'> {
  readonly row: MapRow;
  /** Compares keys, without their tags: equal where the same is matched. */
  readonly key: string;
  /** Compares values: equal for equal values. */
  readonly valueKey: string;
}

/** A row applies to clients, to recipients, or to both; clients and recipients have a table each. */
export type Side = 'connect' | 'to';

/** The valid rows of a map; the loader reports those with faults. */
export function rowsOf({ file, text }: ListText): LocatedRow[] {
  const located: LocatedRow[] = [];
  forEachLine(text, (line) => {
    const row = parseMapLine(line);
    if (isProblem(row)) return;
    const at = { file, line: line.number, column: line.column };
    const { value } = row;
    const meaning = value.action === 'reply' ? formatReply(value.reply) : value.action;
    // One that ends can leave the decision to another with the same value.
    const valueKey = `${meaning} ${row.attributes?.until ?? ''}`;
    located.push({ row, at, text: line.text, key: keyOfRow(row), valueKey });
  });
  return located;
}

export function lintRelayMap(located: readonly LocatedRow[]): LintFinding[] {
  // A tagged key goes before the same key without a tag, wherever it stands.
  const tagged = located.filter(({ row }) => row.side !== 'both');
  const untagged = located.filter(({ row }) => row.side === 'both');
  const tables: Tables = { connect: new Map(), to: new Map() };
  const lengths = { 4: new Set<number>(), 6: new Set<number>() };
  for (const p of [...tagged, ...untagged]) {
    const { key } = p.row;
    if (key.kind === 'network') lengths[key.address.family].add(key.length);
    for (const side of sidesOf(p.row)) if (!tables[side].has(p.key)) tables[side].set(p.key, p);
  }
  const widerKeysOf = ({ row }: LocatedRow) => widerKeysOfRow(row, (family, length) => lengths[family].has(length));
  return [
    ...located.flatMap((p) => [...neverDeciding(p, tables, widerKeysOf), ...likelySlip(p)]),
    ...networksWithoutLength(
      located.filter(({ row }) => row.key.kind === 'network').map((p) => ({ p, written: keyTextOf(p) })),
    ),
  ];
}

/** The key as written, without its tag. */
function keyTextOf({ text }: LocatedRow): string {
  return (/^\S+/.exec(text)?.[0] ?? '').replace(/^(?:Connect|To):/i, '').replace(/^ipv6:/i, '');
}

type Tables = Readonly<Record<Side, Map<string, LocatedRow>>>;

function neverDeciding(p: LocatedRow, tables: Tables, widerKeysOf: (p: LocatedRow) => Iterable<string>): LintFinding[] {
  const sides = sidesOf(p.row).map((side) => {
    const holder = tables[side].get(p.key);
    return holder === p ? { around: firstOf(widerKeysOf(p), tables[side]) } : { holder };
  });
  const twin = sides[0]?.holder;
  if (twin && sides.every(({ holder }) => holder !== undefined)) {
    const isTagged = (other: LocatedRow) => other.row.side !== 'both';
    if (isTagged(twin) !== isTagged(p))
      return [report('entry-shadowed', p, `line ${twin.at.line} has it with its tag`)];
    // Another value for the same key is a fault, and reported as one.
    return twin.valueKey === p.valueKey ? [report('entry-twice', p, String(twin.at.line))] : [];
  }
  const open = sides.filter(({ holder }) => holder === undefined);
  const outer = open[0]?.around;
  if (outer && open.every(({ around }) => around?.valueKey === p.valueKey)) {
    return [report('entry-shadowed', p, `the wider entry on line ${outer.at.line} says the same`)];
  }
  const idle = p.row.value.action === 'none' && open.every(({ around }) => around === undefined);
  return idle ? [report('map-ok-idle', p)] : [];
}

function likelySlip(p: LocatedRow): LintFinding[] {
  const { key, value } = p.row;
  if (value.action === 'reply' && /(?:^|[ \t]);/.test(value.reply.text)) return [report('map-reply-semicolon', p)];
  if (value.action !== 'relay') return [];
  const sides = sidesOf(p.row);
  if (key.kind === 'network' && sides.includes('connect')) {
    const slip = slipOfTrusted(key);
    return slip ? [report(slip.code, p, slip.detail)] : [];
  }
  const isPublic = key.kind === 'domain' && sides.includes('to') && isPublicMailDomain(key.name);
  return isPublic ? [report('public-mail-domain', p)] : [];
}

export function sidesOf({ side, key }: MapRow): readonly Side[] {
  if (key.kind === 'mailbox' || key.kind === 'user') return ['to'];
  return side === 'both' ? ['connect', 'to'] : [side];
}

function keyOfRow({ key }: MapRow): string {
  return key.kind === 'user' ? `${key.localPart}@` : keyOf({ entry: key });
}

/** In sendmail's order: a mailbox, its user at any domain, its domain and the parents of that. */
function* widerKeysOfRow({ key }: MapRow, hasLength: HasLength): Generator<string> {
  if (key.kind === 'user') return;
  if (key.kind === 'mailbox') yield `${key.localPart}@`;
  yield* widerKeys({ entry: key }, hasLength);
}

function firstOf<T>(keys: Iterable<string>, byKey: ReadonlyMap<string, T>): T | undefined {
  for (const key of keys) {
    const found = byKey.get(key);
    if (found) return found;
  }
  return undefined;
}
