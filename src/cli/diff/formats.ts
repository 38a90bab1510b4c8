/** How changes are written: for people, for programs, for a GitHub workflow. */
import { printable, printableLines } from '../../policy/findings/characters';
import type { SourceLine } from '../../policy/findings/finding';
import type { Effect } from '../../policy/sets/change';
import { githubLine } from '../github';
import { type Output, painter } from '../io';
import { Counter, type Found, type Row, type Totals } from './report';
import { formatCount } from './words';

export const formats = ['text', 'json', 'github'] as const;
export type Format = (typeof formats)[number];

export interface FormatOptions {
  readonly colour: boolean;
  /** Every change, and not the first few of each kind. */
  readonly all: boolean;
  /** The path of a file in the repository, which GitHub needs. */
  pathOf(file: string): string;
}

/** Writes the changes as they are found, where the format lets it: a list may have a million of them. */
export function writeChanges(changes: Iterable<Found>, as: Format, output: Output, options: FormatOptions): Totals {
  switch (as) {
    case 'text':
      return writeText(changes, output, options);
    case 'json':
      return writeJson(changes, output);
    case 'github':
      return writeGithub(changes, output, options);
  }
}

/** Longer words push their own line apart, not all of them. */
const longestWords = 50;

/** Of a longer group so many are shown. */
const shown = 5;

interface Group {
  readonly first: Row[];
  count: number;
  addresses: bigint;
}

function writeText(changes: Iterable<Found>, output: Output, { all, colour }: FormatOptions): Totals {
  const counter = new Counter();
  const groups = new Map<string, Group>();
  for (const found of changes) {
    counter.add(found);
    const group = groups.get(found.key) ?? { first: [], count: 0, addresses: 0n };
    groups.set(found.key, group);
    group.count++;
    group.addresses += found.addresses ?? 0n;
    // One more than is shown: "and 1 more" would take its line.
    if (all || group.first.length <= shown) group.first.push(found.row());
  }
  const folded = (group: Group) => !all && group.count > shown + 1;
  const rows = [...groups.values()].flatMap((group) => (folded(group) ? group.first.slice(0, shown) : group.first));
  const width = (of: (row: Row) => string) => rows.reduce((most, row) => Math.max(most, printable(of(row)).length), 0);
  const widths = [
    6,
    width(({ list }) => list),
    width(({ subject }) => subject),
    Math.min(
      longestWords,
      width(({ words }) => words),
    ),
  ] as const;
  for (const group of groups.values()) {
    const rest = folded(group) ? group.count - shown : 0;
    for (const row of rest > 0 ? group.first.slice(0, shown) : group.first) output.write(textLine(row, widths, colour));
    if (rest > 0) {
      const { effect, list } = group.first[0] as Row;
      const addresses = group.addresses > 0n ? `, ${formatCount(group.addresses)} addresses in all` : '';
      output.write(
        `${paintedEffect(effect, colour)}  ${printable(list).padEnd(widths[1])}  … and ${rest} more${addresses} (--all shows them)\n`,
      );
    }
  }
  const totals = counter.totals();
  output.write(`${describeTotals(totals)}\n`);
  return totals;
}

const colours = { opens: 'red', closes: 'green', moves: 'yellow' } as const;

function paintedEffect(effect: Effect, colour: boolean): string {
  return painter(colour)(colours[effect], effect.padEnd(6));
}

function textLine(row: Row, [, list, subject, words]: readonly number[], colour: boolean): string {
  const columns = [
    paintedEffect(row.effect, colour),
    printable(row.list).padEnd(list ?? 0),
    printable(row.subject).padEnd(subject ?? 0),
    printable(row.words).padEnd(words ?? 0),
    printable([placeOf(row.after.at), row.was].filter((part) => part).join('  ')),
  ];
  return `${columns.join('  ').trimEnd()}\n`;
}

function placeOf(at: SourceLine | undefined): string | null {
  return at ? `${at.file}:${at.line}` : null;
}

export function describeTotals({ opens, closes, moves, addresses, names, destinations }: Totals): string {
  if (opens + closes + moves === 0) return 'nothing changes';
  const counts = [
    ...(opens > 0 ? [`${opens} ${opens === 1 ? 'opens' : 'open'}`] : []),
    ...(closes > 0 ? [`${closes} ${closes === 1 ? 'closes' : 'close'}`] : []),
    ...(moves > 0 ? [`${moves} ${moves === 1 ? 'moves' : 'move'}`] : []),
  ];
  const clients = [
    ...(addresses > 0n ? [`${formatCount(addresses)} more address${addresses === 1n ? '' : 'es'}`] : []),
    ...(names > 0 ? [`clients of ${names} more name${names === 1 ? '' : 's'}`] : []),
  ];
  const more = [
    ...(clients.length > 0 ? [`${clients.join(' and ')} may relay`] : []),
    ...(destinations > 0
      ? [`anyone may send to ${destinations} more destination${destinations === 1 ? '' : 's'}`]
      : []),
  ];
  return `${counts.join(', ')}${more.length > 0 ? `: ${more.join(', ')}` : ''}`;
}

/** The stable shape of `--json`, described in docs/reference/cli-diff.md. */
function writeJson(changes: Iterable<Found>, output: Output): Totals {
  const counter = new Counter();
  let separator = '';
  output.write('{\n  "version": 1,\n  "changes": [');
  for (const found of changes) {
    counter.add(found);
    const { effect, list, subject, except, addresses, words, before, after } = found.row();
    const change = {
      effect,
      list,
      subject,
      except,
      addresses: addresses === undefined ? null : jsonCount(addresses),
      message: words,
      before: { verdict: before.verdict, at: placeOf(before.at) },
      after: { verdict: after.verdict, at: placeOf(after.at) },
    };
    output.write(`${separator}\n    ${printableLines(JSON.stringify(change))}`);
    separator = ',';
  }
  output.write(`${separator === '' ? '' : '\n  '}]\n}\n`);
  return counter.totals();
}

/** Beyond 2^53 no JSON number is exact everywhere: such a count is a text. */
function jsonCount(count: bigint): number | string {
  return count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : String(count);
}

function writeGithub(changes: Iterable<Found>, output: Output, { pathOf }: FormatOptions): Totals {
  const counter = new Counter();
  for (const found of changes) {
    counter.add(found);
    const { effect, list, subject, words, was, before, after } = found.row();
    // A line that is gone can be shown on the file alone.
    const place = after.at
      ? { file: pathOf(after.at.file), line: after.at.line }
      : { file: pathOf(before.at?.file ?? list) };
    const level = effect === 'opens' ? 'warning' : 'notice';
    const message = `${subject}: ${words}${was === '' ? '' : `; ${was}`}`;
    output.write(`${githubLine({ level, title: `${effect} ${list}`, message, ...place })}\n`);
  }
  return counter.totals();
}
