#!/usr/bin/env node
/**
 * The `smtpcheck` command. It finds the module of the subcommand and runs it; each subcommand has a folder beside
 * this file whose `command.ts` exports `command(io)`, and none is loaded that is not asked for.
 */
import { Command, CommanderError, Help } from 'commander';
import { printableLines } from '../policy/findings/characters';
import { CannotRun, type ExitCode, type Io, writeLine } from './io';
import { packageVersion } from './package';

interface CommandModule {
  /** The subcommand with its options; its action resolves to the exit code through `done`. */
  command(io: Io, done: (code: ExitCode) => void): Command;
}

const summaries: Readonly<Record<string, string>> = {
  lint: 'Is what I wrote right? Every fault and every likely slip',
  explain: 'What would happen to this mail, and why?',
  status: 'What is in force on the running server, and what has it decided?',
  limits: 'Who has sent how much, and who is over a limit?',
  follow: 'See each decision of the running server as it is made',
  why: 'Why was this client, mailbox or domain refused, and what to change?',
  diff: 'What does this edit change, and for whom?',
  replay: 'Which decisions in the log would this policy change?',
  test: 'Does the policy do what I expect?',
  init: 'Make a Haraka folder use the suite',
  import: 'Bring the policy of a CF, sendmail, Postfix or Haraka site here',
  audit: 'See your own mail server as a stranger sees it',
};

const examples = `
Examples:
  smtpcheck init /etc/haraka                        use the suite in a Haraka folder
  smtpcheck lint                                    check the Haraka folder you stand in
  smtpcheck explain --ip 192.0.2.7 --no-dns --to user@example.org
  smtpcheck status                                  see what the running server has decided
  smtpcheck diff git:HEAD                           whose verdict the edits change
  smtpcheck test                                    what config/smtpcheck.test expects of the policy
  smtpcheck import /etc/mail/sendmail.mc -o /etc/haraka --dry-run
  smtpcheck audit mx.example.org --local example.org --i-run-this-server

smtpcheck COMMAND --help tells more of one command.
Exit code: 0 clean, 1 findings or refusals, 2 could not run.`;

export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = new Command('smtpcheck')
    .description('Who may relay, who is refused, what strangers may ask: asked before a client does.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', examples)
    .exitOverride()
    .configureHelp({
      // A repeatable option starts as an empty list; the help need not show that default.
      optionDescription: (option) => new Help().optionDescription(option).replace(' (default: [])', ''),
    })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(printableLines(text.replace(/^error: /, 'smtpcheck: '))),
    });
  const requested = argv[0] === 'help' ? argv[1] : argv[0];
  for (const [name, summary] of Object.entries(summaries)) {
    if (requested !== name) {
      program.command(name).summary(summary);
      continue;
    }
    const { command } = require(`./${name}/command`) as CommandModule;
    const subcommand = command(io, (code) => {
      exitCode = code;
    });
    program.addCommand(subcommand.summary(summary).description(summary).copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CannotRun) {
      const [first = '', ...more] = error.lines;
      for (const line of [`smtpcheck: ${first}`, ...more]) writeLine(io.stderr, line);
    } else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      io.stderr.write(`smtpcheck: ${printableLines(text)}\n`);
    }
    return 2;
  }
}

if (require.main === module) {
  const { stdout, stderr, env } = process;
  const io: Io = {
    ...{ stdout, stderr, env, cwd: process.cwd() },
    // Opened by whoever reads it.
    get stdin() {
      return process.stdin;
    },
  };
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  main(process.argv.slice(2), io).then((code) => {
    process.exitCode = code;
  });
}
