/** `smtpcheck why`: what was decided on a client, a mailbox or a domain, and what to change. */
import { Command } from 'commander';
import { isPtrName } from '../../policy/client-names';
import { printable } from '../../policy/findings/characters';
import type { Decisions } from '../../status/answers';
import { outcomes } from '../../status/rules';
import { findHarakaFolder, type HarakaFolder } from '../haraka-folder';
import { type ExitCode, type Io, jsonText, painter, wantsColour, writeLine } from '../io';
import { type LoggedDecision, sourceLineOf } from '../log/decision-line';
import { LogReader } from '../log/log-reader';
import { parseSince } from '../log/since';
import { decisionLine } from '../shown-decision';
import { StatusClient } from '../status-client';
import { type EntryNow, ListsNow, type NamedDecision } from './entry-now';
import { parseSubject, type Subject } from './subject';
import { type Suggestion, suggest } from './suggestion';

export interface WhyOptions {
  readonly config?: string;
  readonly last?: string;
  readonly log?: readonly string[];
  readonly json?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('why')
    .argument('<SUBJECT>', 'a client by its address, a mailbox, or a domain with all below it')
    .option('--last <TIME>', 'decisions since then alone: 24h, 7d, or a time such as 2026-11-30T08:00Z')
    .option('--log <FILE...>', "Haraka's logs, plain or gzipped, in any of its formats; - for standard input")
    .option('--json', 'print one JSON document')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck why user@example.org
  smtpcheck why 192.0.2.7 --last 24h
  smtpcheck why example.org --log /var/log/haraka.log /var/log/haraka.log.1.gz

Exit code: 0 something was decided, 1 nothing was, 2 could not run: no server answers, or a log cannot be read.`,
    )
    .action(async (subject: string, options: WhyOptions) => done(await run(subject, options, io)));
}

/** Of more decisions the newest are shown. */
const most = 1000;

interface Found {
  readonly decisions: readonly NamedDecision[];
  /** Older ones that are not shown. */
  readonly older: number;
}

export async function run(text: string, { config, last, log, json = false }: WhyOptions, io: Io): Promise<ExitCode> {
  const subject = parseSubject(text);
  const since = last === undefined ? undefined : parseSince('--last', last, Date.now());
  const folder = findHarakaFolder(config, io);
  const { decisions, older } = log
    ? await fromLogs(log, subject, since, io)
    : await fromServer(folder, subject, since, io);
  const lists = new ListsNow(folder);
  const explained = decisions.map((decision) => {
    const now = lists.entryOf(decision);
    return { decision, now, suggestions: suggest(decision, now, lists) };
  });
  if (json) io.stdout.write(jsonText({ version: 1, subject: text, older, decisions: explained.map(toJson) }));
  else for (const one of explained) printDecision(one, io);
  if (decisions.length === 0) writeLine(io.stderr, `nothing was decided on ${text}`);
  if (older > 0) writeLine(io.stderr, `${older} older decisions on ${text} are not shown`);
  return decisions.length > 0 ? 0 : 1;
}

async function fromServer(folder: HarakaFolder, subject: Subject, since: number | undefined, io: Io): Promise<Found> {
  const client = new StatusClient(folder, ['or name its logs with --log']);
  const asked = outcomes.map((outcome) => `outcome=${outcome}`).join('&');
  const { decisions } = await client.get<Decisions>(`decisions.json?${asked}`);
  const found = decisions.filter((one) => subject(one) && (since === undefined || Date.parse(one.time) >= since));
  if (found.length === 0) {
    writeLine(io.stderr, `the server remembers ${decisions.length} decisions; for older ones name its logs with --log`);
  }
  return { decisions: found.map((one) => ({ ...one, names: namesOf(one.ptr) })), older: 0 };
}

async function fromLogs(logs: readonly string[], subject: Subject, since: number | undefined, io: Io): Promise<Found> {
  const reader = new LogReader(logs, io, since);
  let found: LoggedDecision[] = [];
  let older = 0;
  let withoutTime = 0;
  // In the order of the logs where times are not known, and the newest first.
  const newestFirst = () => {
    const inOrder = [...found.entries()].sort(([i, a], [j, b]) => (b.time ?? 0) - (a.time ?? 0) || j - i);
    older += Math.max(0, inOrder.length - most);
    return inOrder.slice(0, most).map(([, decision]) => decision);
  };
  await reader.read((decision) => {
    if (!subject(decision)) return;
    if (decision.time === undefined) withoutTime++;
    // A copy: a text that was cut out of a piece of the log holds on to all of it.
    found.push(structuredClone(decision));
    if (found.length >= 2 * most) found = newestFirst().reverse();
  });
  const { unreadable, firstUnreadable } = reader.tally;
  if (unreadable > 0) {
    writeLine(io.stderr, `${unreadable} lines with a decision cannot be read, the first at ${firstUnreadable}`);
  }
  if (withoutTime > 0 && (since !== undefined || logs.length > 1)) {
    const effect = since === undefined ? 'stand in the order of the logs' : 'are shown, whenever they were made';
    writeLine(io.stderr, `${withoutTime} decisions have no time in their line, and ${effect}`);
  }
  return { decisions: newestFirst().map(shownDecision), older };
}

function shownDecision(decision: LoggedDecision): NamedDecision {
  const { time, outcome, rule, observed, ip, ptr, from, rcpt, reply, note, names } = decision;
  const at = sourceLineOf(decision.at);
  return {
    ...{ outcome, rule, observed, ip, ptr, from, rcpt, reply, note },
    time: time === undefined ? '' : new Date(time).toISOString(),
    entry: at ? { ...at, text: null } : null,
    names: names?.claimed ?? namesOf(ptr),
  };
}

function namesOf(ptr: string): readonly string[] {
  return isPtrName(ptr) ? [ptr.toLowerCase()] : [];
}

interface Explained {
  readonly decision: NamedDecision;
  readonly now: EntryNow | undefined;
  readonly suggestions: readonly Suggestion[];
}

function printDecision({ decision, now, suggestions }: Explained, { stdout, env }: Io): void {
  const colour = wantsColour(stdout, env);
  const lines = [
    decisionLine(decision, decision.time.replace(/\.\d+Z$/, 'Z'), colour),
    ...(now ? [`  ${painter(colour)('bold', printable(nowText(decision, now)))}`] : []),
    ...suggestions.map(({ message }) => `  ${printable(message)}`),
  ];
  stdout.write(`${lines.join('\n')}\n`);
}

function nowText({ entry }: NamedDecision, { state, text }: EntryNow): string {
  const place = `${entry?.file}:${entry?.line}`;
  switch (state) {
    case 'same':
      return `${place} is ${text}`;
    case 'ended':
      return `${place} is ${text}, and has ended`;
    case 'changed':
      return `${place} has changed since: it is now ${text}`;
    case 'gone':
      return `${place} has gone since: there is no entry on that line now`;
    case 'unknown':
      return `${place} is in no file of this folder, and cannot be shown`;
  }
}

/** The stable shape of `--json`, described in docs/reference/cli.md. */
function toJson({ decision, now, suggestions }: Explained) {
  const { time, outcome, rule, observed, ip, ptr, from, rcpt, reply, entry } = decision;
  const { state = 'unknown', text = null } = now ?? {};
  return {
    ...{ time: time || null, outcome, rule, observed, ip, ptr, from, rcpt, reply },
    entry: entry && { file: entry.file, line: entry.line, text: entry.text, now: text, state },
    suggestions,
  };
}
