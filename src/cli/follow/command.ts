/** `smtpcheck follow`: the decisions of a running server as they are made, one per line. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { printable } from '../../policy/findings/characters';
import type { Decisions } from '../../status/answers';
import { outcomes } from '../../status/rules';
import { findHarakaFolder } from '../haraka-folder';
import { CannotRun, type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { decisionLine } from '../shown-decision';
import { StatusClient } from '../status-client';

interface FollowOptions {
  readonly config?: string;
  readonly ip?: string;
  readonly rcpt?: string;
  readonly json?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('follow')
    .option('--ip <ADDRESS>', 'decisions on this client alone')
    .option('--rcpt <RECIPIENT>', 'decisions on this recipient, or this domain, alone')
    .option('--json', 'print each decision as one line of JSON')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck follow --ip 192.0.2.7
  smtpcheck follow --rcpt example.org --json

Exit code: 0 stopped, 2 could not run: no server answers.`,
    )
    .action(async (options: FollowOptions) => done(await run(options, io)));
}

/** Beyond the number of any decision: only where the numbers stand is asked. */
const afterAll = 999_999_999_999_999;

/** Milliseconds between two questions. */
const pace = 500;

export async function run({ config, ip, rcpt, json = false }: FollowOptions, io: Io): Promise<ExitCode> {
  const client = new StatusClient(findHarakaFolder(config, io));
  const filter = new URLSearchParams(outcomes.map((outcome): [string, string] => ['outcome', outcome]));
  if (ip !== undefined) filter.set('ip', ip);
  if (rcpt !== undefined) filter.set('rcpt', rcpt);
  const colour = wantsColour(io.stdout, io.env);
  const ask = (after: number) => client.get<Decisions>(`decisions.json?${filter}&after=${after}`);
  let { startedAt, last } = await ask(afterAll);
  let isLost = false;
  while (io.stdout.writable !== false) {
    await sleep(pace);
    try {
      let news = await ask(last);
      // Another server counts from 1 again.
      if (news.startedAt !== startedAt) news = await ask(0);
      startedAt = news.startedAt;
      last = news.last;
      isLost = false;
      for (const decision of [...news.decisions].reverse()) {
        io.stdout.write(
          `${json ? printable(JSON.stringify(decision)) : decisionLine(decision, decision.time.slice(11, 19), colour)}\n`,
        );
      }
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      if (!isLost) for (const line of error.lines) writeLine(io.stderr, line);
      isLost = true;
    }
  }
  return 0;
}
