/** What a replay has found, for people and for programs. */
import { printable } from '../../policy/findings/characters';
import type { SourceLine } from '../../policy/findings/finding';
import type { Effect } from '../../policy/sets/change';
import { jsonText, type Output, painter } from '../io';
import type { LoggedDecision } from '../log/decision-line';
import type { LogTally } from '../log/log-reader';
import type { Changes, Group } from './changes';
import { isName } from './redecide';
import { undeterminedReasons } from './verdict';

export interface Report {
  readonly changes: Changes;
  readonly tally: LogTally;
  /** Those that were asked for, in the order in which they are shown. */
  readonly groups: readonly Group[];
  /** The folder of the policy, as `-c` names it. */
  readonly folder: string | undefined;
  /** Whether any entry of the policy has an end, so that the time of a decision matters. */
  readonly hasEnds: boolean;
}

/** Without `--all`. */
const shown = 20;

const colours = { opens: 'red', closes: 'green', moves: 'yellow' } as const;

export function printReport(report: Report, output: Output, { colour, all }: { colour: boolean; all: boolean }): void {
  const { groups, changes, tally } = report;
  const paint = painter(colour);
  const visible = all ? groups : groups.slice(0, shown);
  for (const group of visible) {
    const { effect, clients, decisions, example } = group;
    const { line, before, after } = example;
    const { sender, recipient } = group;
    const to = recipient === undefined ? '' : ` -> ${recipient}`;
    const envelope = sender === undefined ? '' : `  ${sender || '<>'}${to}`;
    const span = spanOf(group);
    const count = `${decisions} decision${decisions === 1 ? '' : 's'}`;
    output.write(
      `${paint(colours[effect], effect.padEnd(6))}  ${printable(`${clients}${envelope}  ${count}${span}`)}\n`,
    );
    const verdicts = `${before.words}${placeOf(before.at)} is now ${after.words}${placeOf(after.at)}`;
    output.write(`        ${printable(verdicts)}\n`);
    const command = explainCommand(line, report);
    if (command) output.write(`        ${printable(command)}\n`);
  }
  const rest = groups.length - visible.length;
  if (rest > 0) output.write(`… and ${rest} more group${rest === 1 ? '' : 's'} (--all shows them)\n`);
  if (changes.ungrouped > 0) output.write(`… and ${changes.ungrouped} decisions in no group: there are too many\n`);
  for (const [reason, { decisions, likely, example }] of changes.undetermined) {
    const { ip, rule, rcpt } = example;
    const first = [rule, ip, rcpt].filter((part) => part !== '').join(' ');
    output.write(`${paint('bold', 'undetermined')}  ${decisions}: ${undeterminedReasons[reason]} `);
    output.write(`${printable(`(first: ${first})`)}\n`);
    const counts = Object.entries(likely).map(([result, count]) => `${count} ${result}`);
    if (counts.length > 0) output.write(`        by the PTR name in the line alone: ${counts.join(', ')}\n`);
  }
  output.write(`${totals(report)}\n`);
  if (tally.unreadable > 0) {
    output.write(
      `${printable(`${tally.unreadable} lines with a decision cannot be read, the first at ${tally.firstUnreadable}`)}\n`,
    );
  }
}

function totals({ changes, tally }: Report): string {
  const { opens, closes, moves } = changes.counts;
  const undetermined = [...changes.undetermined.values()].reduce((sum, { decisions }) => sum + decisions, 0);
  const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`;
  return [
    `${count(tally.decisions, 'decision', 'decisions')}: ${count(opens, 'opens', 'open')}`,
    count(closes, 'closes', 'close'),
    count(moves, 'moves', 'move'),
    `${changes.unchanged} unchanged`,
    `${undetermined} undetermined`,
  ].join(', ');
}

function spanOf({ first, last }: Group): string {
  if (first === undefined || last === undefined) return '';
  return first === last ? `  ${isoTime(first)}` : `  ${isoTime(first)} to ${isoTime(last)}`;
}

function isoTime(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function placeOf(at: SourceLine | undefined): string {
  return at ? ` (${at.file}:${at.line})` : '';
}

/** The command that shows the decision step by step; none for VRFY and the like, which `explain` does not play. */
export function explainCommand(
  line: LoggedDecision,
  { folder, hasEnds }: Pick<Report, 'folder' | 'hasEnds'>,
): string | undefined {
  const { ip, ptr, helo, from, rcpt, rule, names, time } = line;
  if (/^(?:no|need)/.test(rule)) return undefined;
  const options: (readonly [string, string?])[] = [['--ip', ip]];
  if (folder !== undefined) options.unshift(['-c', folder]);
  const claimed = names?.claimed ?? (isName(ptr) ? [ptr] : []);
  for (const name of claimed) options.push([names?.confirmed.includes(name) ? '--ptr' : '--forged-ptr', name]);
  if (claimed.length === 0) options.push([names?.state === 'unknown' ? '--dns-failure' : '--no-dns']);
  if (helo !== '') options.push(['--helo', helo]);
  if (from !== '' && from !== '<>') options.push(['--from', from.slice(1, -1)]);
  // Entries end at whole minutes.
  if (hasEnds && time !== undefined) options.push(['--at', `${new Date(time).toISOString().slice(0, 16)}Z`]);
  options.push(['--to', rcpt === '' ? 'anyone@unlisted.invalid' : rcpt.slice(1, -1)]);
  return ['smtpcheck explain', ...options.flat().map(shellWord)].join(' ');
}

/** One word for a shell. */
function shellWord(text = ''): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The stable shape of `--json`, described in docs/reference/cli-replay.md. */
export function toJson(report: Report): string {
  const { changes, tally, groups } = report;
  const time = (value: number | undefined) => (value === undefined ? null : new Date(value).toISOString());
  const verdict = ({ words, at }: Group['example']['before']) => ({
    verdict: words,
    at: at ? `${at.file}:${at.line}` : null,
  });
  const example = (line: LoggedDecision) => {
    const { rule, ip, ptr, helo, from, rcpt } = line;
    return { time: time(line.time), rule, ip, ptr, helo, from, rcpt, command: explainCommand(line, report) ?? null };
  };
  const { opens, closes, moves }: Record<Effect, number> = changes.counts;
  return jsonText({
    version: 1,
    lines: tally.lines,
    decisions: tally.decisions,
    opens,
    closes,
    moves,
    unchanged: changes.unchanged,
    unreadable: tally.unreadable,
    firstUnreadable: tally.firstUnreadable ?? null,
    withoutTime: tally.withoutTime,
    ungrouped: changes.ungrouped,
    changes: groups.map((group) => ({
      effect: group.effect,
      clients: group.clients,
      sender: group.sender ?? null,
      recipient: group.recipient ?? null,
      decisions: group.decisions,
      first: time(group.first),
      last: time(group.last),
      before: verdict(group.example.before),
      after: verdict(group.example.after),
      example: example(group.example.line),
    })),
    undetermined: [...changes.undetermined].map(([reason, { decisions, likely, example: line }]) => ({
      reason,
      message: undeterminedReasons[reason],
      decisions,
      likely: { opens: 0, closes: 0, moves: 0, unchanged: 0, ...likely },
      example: example(line),
    })),
  });
}
