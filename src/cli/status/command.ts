/** `smtpcheck status`: what a running server has in force, and what it has decided. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Status } from '../../status/answers';
import { findHarakaFolder } from '../haraka-folder';
import { CannotRun, type ExitCode, type Io, jsonText, wantsColour, writeLine } from '../io';
import { StatusClient } from '../status-client';
import { needsAttention, printStatus } from './print';

interface StatusOptions {
  readonly config?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('status')
    .option('--watch', 'print it again every 2 s, until you stop it')
    .option('--json', 'print the status as JSON')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck status -c /etc/haraka
  smtpcheck status --watch
  smtpcheck status --json

Exit code: 0 all well, 1 a list is rejected or unavailable, a fault has happened, or a worker is silent, 2 could not run: no server answers.`,
    )
    .action(async (options: StatusOptions) => done(await run(options, io)));
}

export async function run({ config, watch = false, json = false }: StatusOptions, io: Io): Promise<ExitCode> {
  const client = new StatusClient(findHarakaFolder(config, io));
  let status = await client.get<Status>('status.json');
  for (;;) {
    const text = json ? jsonText(status) : printStatus(status, wantsColour(io.stdout, io.env));
    io.stdout.write(watch && io.stdout.isTTY ? `\u001b[H\u001b[2J${text}` : text);
    if (!watch) return needsAttention(status) ? 1 : 0;
    status = await next(client, io);
  }
}

/** A server may be restarted meanwhile. */
async function next(client: StatusClient, io: Io): Promise<Status> {
  let isReported = false;
  for (;;) {
    await sleep(2000);
    if (io.stdout.writable === false) throw new CannotRun('nobody reads any more');
    try {
      return await client.get<Status>('status.json');
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      if (!isReported) for (const line of error.lines) writeLine(io.stderr, line);
      isReported = true;
    }
  }
}
