/** A played session for people and for programs. */
import type { SourceLine, Way } from '../../core';
import type { Step } from './host';

export interface Session {
  readonly ip: string;
  /** As Haraka names the client: a PTR name, `NXDOMAIN` or `DNSERROR`. */
  readonly hostName: string;
  readonly steps: readonly Step[];
  /** Where the accepted recipients would go. */
  readonly way: Way | undefined;
  /** Plugins of the folder that were not played and could decide. */
  readonly notPlayed: readonly string[];
}

const ways: Readonly<Record<Way, string>> = {
  relay: "to Haraka's outbound queue",
  local: 'to the local queue plugin',
  discard: 'nowhere: accepted and dropped',
};

/** Step by step what each rule said, with the line that made it say so, and the reply. */
export function printSteps(session: Session, colour: boolean): string {
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = [`client ${session.ip} (${session.hostName})`];
  for (const { command, decisions, reply } of session.steps) {
    lines.push('', paint(1, shown(command)));
    for (const { decision } of decisions) {
      const at = decision.at ? `  ${place(decision.at)}` : '';
      lines.push(`  ${decision.outcome.padEnd(7)} ${decision.rule}${at}`);
    }
    const painted = paint(reply.code < 400 ? 32 : 31, `${reply.code} ${reply.text}`);
    lines.push(`  -> ${painted}`);
  }
  if (session.way) lines.push('', `The accepted recipients go ${ways[session.way]}.`);
  return `${lines.join('\n')}\n`;
}

/** The dialogue alone, as on the wire. */
export function printDialogue(session: Session): string {
  return session.steps
    .flatMap(({ command, reply }) => [
      ...(command === '(connect)' ? [] : [`C: ${shown(command)}`]),
      `S: ${reply.code} ${reply.text}`,
    ])
    .map((line) => `${line}\n`)
    .join('');
}

/** The stable shape of `--json`, described in docs/cli.md. */
export function toJson(session: Session): string {
  const { ip, hostName, way, notPlayed } = session;
  const steps = session.steps.map(({ command, decisions, reply }) => ({
    command,
    decisions: decisions.map(({ decision }) => ({
      outcome: decision.outcome,
      rule: decision.rule,
      ...(decision.at && { at: { file: decision.at.file, line: decision.at.line } }),
    })),
    reply: { code: reply.code, text: reply.text },
  }));
  return `${JSON.stringify({ version: 1, client: { ip, name: hostName }, steps, way: way ?? null, notPlayed }, null, 2)}\n`;
}

function place({ file, line }: SourceLine): string {
  return `${file}:${line}`;
}

function shown(command: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return command.replace(/[\x00-\x1f\x7f]/g, '\ufffd');
}
