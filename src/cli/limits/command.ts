/** `smtpcheck limits`: whom a running server has counted recipients for, and a new beginning for one of them. */
import { Command } from 'commander';
import { printable } from '../../policy/findings/characters';
import type { LimitsAnswer } from '../../status/answers';
import { findHarakaFolder } from '../haraka-folder';
import { type ExitCode, type Io, jsonText, wantsColour, writeLine } from '../io';
import { printLimits } from '../status/limits';
import { StatusClient } from '../status-client';

interface LimitsOptions {
  readonly config?: string;
  readonly reset?: string;
  readonly json?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('limits')
    .option('--reset <NAME>', 'forget what was counted for this client, user or entry')
    .option('--json', 'print what is counted as JSON')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck limits -c /etc/haraka
  smtpcheck limits --reset 192.0.2.7

Exit code: 0 nobody is over a limit, 1 somebody is, or nothing was counted for NAME, 2 could not run: no server answers.`,
    )
    .action(async (options: LimitsOptions) => done(await run(options, io)));
}

export async function run({ config, reset, json = false }: LimitsOptions, io: Io): Promise<ExitCode> {
  const client = new StatusClient(findHarakaFolder(config, io));
  if (reset !== undefined) return begin(client, reset, io);
  const limits = await client.get<LimitsAnswer>('limits.json');
  io.stdout.write(json ? jsonText(limits) : printLimits(limits, wantsColour(io.stdout, io.env)));
  return limits.limits.some(({ state }) => state === 'over') ? 1 : 0;
}

async function begin(client: StatusClient, name: string, io: Io): Promise<ExitCode> {
  const { ended } = await client.post<{ readonly ended: number }>(`limits/reset?${new URLSearchParams({ name })}`);
  if (ended > 0) writeLine(io.stdout, `${printable(name)} begins anew`);
  else writeLine(io.stderr, `nothing is counted for ${printable(name)}; smtpcheck limits lists the names`);
  return ended > 0 ? 0 : 1;
}
