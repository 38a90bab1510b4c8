/** A played session for people and for programs. */

import { printable } from '../../policy/findings/characters';
import type { SourceLine } from '../../policy/findings/finding';
import type { Disposition } from '../../policy/relay-policy';
import { jsonText, painter } from '../io';
import type { RuleTrace } from './hooks';
import type { HostReply, PlayedStep, RoutedRecipient } from './host';

export interface EndedEntry extends Pick<RuleTrace, 'note' | 'attributes'> {
  readonly at: SourceLine;
}

export interface PlayedSession {
  readonly ip: string;
  /** As Haraka names the client: a PTR name, `NXDOMAIN` or `DNSERROR`. */
  readonly hostName: string;
  readonly steps: readonly PlayedStep[];
  readonly recipients: readonly RoutedRecipient[];
  /** The time of a session that is not of now, in words. */
  readonly at?: string | undefined;
  /** Entries that have ended, and would cover the client or a recipient. */
  readonly ended: readonly EndedEntry[];
  /** Plugins of the folder that were not played and could decide otherwise. */
  readonly notPlayed: readonly string[];
  /** Keys of Redis that could not be read, each with the reason. */
  readonly unread: readonly string[];
}

const dispositions: Readonly<Record<Disposition, string>> = {
  relay: 'is relayed',
  local: 'is local',
  discard: 'is accepted and dropped',
};

/** Step by step what each rule said, with the line that made it say so, and the reply. */
export function printSteps(session: PlayedSession, colour: boolean): string {
  const paint = painter(colour);
  const at = session.at ? `, at ${session.at}` : '';
  const lines = [`client ${session.ip} (${printable(session.hostName)})${at}`];
  for (const entry of session.ended) lines.push(`  ended   ${entryText(entry.at, entry)}`);
  for (const { command, trace, reply } of session.steps) {
    lines.push('', paint('bold', printable(command)));
    for (const one of trace) lines.push(`  ${ruleLine(one)}`);
    const [first = '', ...more] = replyLines(reply);
    const painted = paint(reply.code < 400 ? 'green' : 'red', more.length > 0 ? `${first.replace('-', ' ')} …` : first);
    lines.push(`  -> ${painted}`);
  }
  if (session.recipients.length > 0) lines.push('', ...session.recipients.map(recipientLine));
  return `${lines.join('\n')}\n`;
}

function recipientLine({ address, disposition, queue }: RoutedRecipient): string {
  const to = disposition === 'discard' ? '' : `: to ${queue ?? 'no queue, since no queue plugin is loaded'}`;
  return `${printable(address)} ${dispositions[disposition]}${to}`;
}

function ruleLine({ decision, observed, ...entry }: RuleTrace): string {
  const parts = [decision.outcome.padEnd(7), decision.rule];
  if (decision.at) parts.push(` ${entryText(decision.at, entry)}`);
  if (observed) parts.push(' (only observed)');
  return parts.join(' ');
}

function entryText(at: SourceLine, { note, attributes }: Pick<RuleTrace, 'note' | 'attributes'>): string {
  return [place(at), attributes && printable(attributes), note && `(${printable(note)})`]
    .filter((part) => part)
    .join(' ');
}

/** The dialogue alone, as on the wire. */
export function printDialogue({ steps }: PlayedSession): string {
  return steps
    .flatMap(({ command, reply }) => [
      ...(command === '(connect)' ? [] : [`C: ${printable(command)}`]),
      ...replyLines(reply).map((line) => `S: ${line}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function replyLines({ code, text }: HostReply): string[] {
  const lines = text.split('\n');
  return lines.map((line, i) => `${code}${i < lines.length - 1 ? '-' : ' '}${printable(line)}`);
}

/** The stable shape of `--json`, described in docs/reference/cli.md. */
export function toJson(session: PlayedSession): string {
  const { ip, hostName, notPlayed, unread } = session;
  const recipients = session.recipients.map(({ queue, ...recipient }) => ({ ...recipient, queue: queue ?? null }));
  const steps = session.steps.map(({ command, trace, reply }) => ({
    command,
    decisions: trace.map(({ decision, observed, note, attributes }) => ({
      outcome: decision.outcome,
      rule: decision.rule,
      ...(decision.at && { at: { file: decision.at.file, line: decision.at.line } }),
      ...(attributes && { attributes }),
      ...(note && { note }),
      observed,
    })),
    reply: { code: reply.code, text: reply.text },
  }));
  const { at, ended } = session;
  return jsonText({
    version: 1,
    client: { ip, name: hostName },
    ...(at && { at }),
    ended,
    steps,
    recipients,
    notPlayed,
    unread,
  });
}

function place({ file, line }: SourceLine): string {
  return printable(`${file}:${line}`);
}
