/** The log of the corpus replayed by `smtpcheck replay`, under the policy that it was written by and under others. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { LoggedDecision } from '../../../src/cli/log/decision-line';
import { LogReader } from '../../../src/cli/log/log-reader';
import { makeFolder } from '../../../testkit/folder';
import type { RunningHaraka } from '../../../testkit/live/haraka';
import { smtpcheck } from '../../cli/command';

/** One change of the policy, and the decisions that it concerns. */
export interface Seed {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly effect: 'opens' | 'closes';
  concerns(decision: LoggedDecision): boolean;
}

export const seeds: readonly Seed[] = [
  {
    name: 'localdomain emptied',
    files: { localdomain: '' },
    effect: 'closes',
    concerns: ({ rule }) => rule === 'client-domain',
  },
  {
    name: 'a destination added to relay.to',
    files: { 'relay.to': 'backup.example\n192.0.2.25\nvictim.example\n' },
    effect: 'opens',
    concerns: ({ rule, rcpt }) =>
      ['relay-denied', 'client-excluded', 'sender-not-covered', 'limit-reached'].includes(rule) &&
      /[@.]victim\.example\.?>$/i.test(rcpt),
  },
  {
    name: 'a network added to host.deny',
    files: { 'host.deny': '127.66.0.0/24\n' },
    effect: 'closes',
    // That of a permit at connect may have been denied before as well.
    concerns: ({ ip, outcome, rcpt }) => ip.startsWith('127.66.0.') && (outcome !== 'permit' || rcpt !== ''),
  },
];

interface ReplayReport {
  readonly opens: number;
  readonly closes: number;
  readonly unchanged: number;
  readonly unreadable: number;
  readonly changes: readonly {
    readonly effect: string;
    readonly clients: string;
    readonly decisions: number;
    readonly after: { readonly verdict: string };
    readonly example: { readonly ip: string; readonly rcpt: string; readonly command: string | null };
  }[];
  readonly undetermined: readonly {
    readonly reason: string;
    readonly decisions: number;
    readonly likely: { readonly closes: number; readonly unchanged: number };
  }[];
}

export interface Replay {
  readonly code: number | null;
  readonly report: ReplayReport;
  readonly decisions: readonly LoggedDecision[];
  readonly folder: string;
}

/** The log under the policy that the server has now, with these files in the place of its own. */
export async function replayLog(
  haraka: Pick<RunningHaraka, 'configFile'>,
  log: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Replay> {
  const folder = makeFolder({ 'haraka.log': log });
  fs.cpSync(path.dirname(haraka.configFile('plugins')), folder.file('config'), { recursive: true });
  for (const [name, text] of Object.entries(files)) folder.write(`config/${name}`, text);
  const { code, stdout, stderr } = await smtpcheck(['replay', 'haraka.log', '--json'], { cwd: folder.path });
  assert.ok(code === 0 || code === 1, stderr);
  const decisions: LoggedDecision[] = [];
  const quiet = { write() {} };
  const reader = new LogReader(['haraka.log'], { stdout: quiet, stderr: quiet, env: {}, cwd: folder.path }, undefined);
  await reader.read((decision) => decisions.push(decision));
  return { code, report: JSON.parse(stdout) as ReplayReport, decisions, folder: folder.path };
}

/** What the command of an example prints: the played session, to its last reply. */
export async function explained(command: string | null, folder: string): Promise<string> {
  const words = [...(command ?? '').matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(
    ([, quoted, bare = '']) => quoted?.replaceAll(String.raw`'\''`, "'") ?? bare,
  );
  const { stdout, stderr } = await smtpcheck(words.slice(1), { cwd: folder });
  return stdout || stderr;
}
