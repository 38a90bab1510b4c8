#!/usr/bin/env node
/**
 * The `smtpcheck` command. It finds the module of the subcommand and runs it; each subcommand is one file beside this
 * one that exports `command(io)`, and none is loaded that is not asked for.
 */
import { Command, CommanderError } from 'commander';
import { CannotRun, type ExitCode, type Io } from './io';

interface CommandModule {
  /** The subcommand with its options; its action resolves to the exit code through `done`. */
  command(io: Io, done: (code: ExitCode) => void): Command;
}

const summaries: Readonly<Record<string, string>> = {
  lint: 'Is what I wrote right? Every fault and every likely slip',
  explain: 'What would happen to this mail, and why?',
  init: 'Make a Haraka folder use the suite',
  import: 'Bring the policy of a CF, sendmail, Postfix or Haraka site here',
  audit: 'See your own mail server as a stranger sees it',
};

export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = new Command('smtpcheck')
    .description('Who may relay, who is refused, what strangers may ask: asked before a client does.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  for (const [name, summary] of Object.entries(summaries)) {
    if (argv[0] !== name) {
      program.command(name).summary(summary).description(summary);
      continue;
    }
    const { command } = require(`./${name}`) as CommandModule;
    const subcommand = command(io, (code) => {
      exitCode = code;
    });
    program.addCommand(subcommand.summary(summary).copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof CannotRun)) throw error;
    io.stderr.write(`smtpcheck: ${error.message}\n`);
    return 2;
  }
}

if (require.main === module) {
  const io: Io = { stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd() };
  main(process.argv.slice(2), io).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`smtpcheck: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 2;
    },
  );
}
