/** `smtpcheck test`: does the policy do what I expect? Expectations are kept beside the lists, and hold for whole sets. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { decodeText } from '../../lists/files/file-reader';
import { modeOf } from '../../policy/settings/settings';
import { check } from '../expectations/check';
import { type Expectation, parseExpectations } from '../expectations/expectation';
import { firstFile } from '../expectations/first-file';
import { type Format, format, formats, isFailed } from '../expectations/formats';
import { defaultFile } from '../expectations/written';
import { findHarakaFolder } from '../haraka-folder';
import { CannotRun, type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { readPolicy } from '../policy-content';
import { readRunning, running } from '../running-policy';
import { atOption, timeOf } from '../time';

export interface TestOptions {
  readonly config?: string;
  readonly format: Format;
  readonly json?: boolean;
  readonly init?: boolean;
  /** When the expectations must hold. */
  readonly at?: string;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('test')
    .argument('[FILE...]', `files of expectations (default: config/${defaultFile})`)
    .option(
      '-c, --config <DIR>',
      'the Haraka folder (default: $HARAKA, else the folder you are in), or running for what its server has in force',
    )
    .addOption(new Option('--format <FORMAT>', 'how results are written').choices([...formats]).default('text'))
    .option('--json', 'the same as --format=json')
    .addOption(atOption('when they must hold'))
    .option('--init', 'write a first file of expectations from what the policy does now, where there is none')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck test --init           write config/${defaultFile} from the policy as it is
  smtpcheck test                  check the policy against it
  smtpcheck test --format=junit -c ./haraka more.test

Exit code: 0 every expectation holds, 1 some do not, 2 could not run.`,
    )
    .action(async (files: readonly string[], options: TestOptions) => done(await run(files, options, io)));
}

export async function run(files: readonly string[], options: TestOptions, io: Io): Promise<ExitCode> {
  const isRunning = options.config === running;
  const folder = findHarakaFolder(isRunning ? undefined : options.config, io);
  const named = files.length > 0 ? files.map((file) => resolve(io.cwd, file)) : [join(folder.config, defaultFile)];
  const time = timeOf(options.at);
  const policy = isRunning ? await readRunning(folder, time) : await readPolicy(folder, folder.path, io.env, time);
  if (!policy.loaded.includes('relay')) {
    throw new CannotRun(
      `${folder.config}/plugins does not load the suite: cd ${folder.path} && npx smtpcheck init . adds it`,
    );
  }
  if (options.init) {
    for (const path of named) writeFirst(path, firstFile(policy), io);
    return 0;
  }
  const texts = named.map((path) => ({
    file: relative(io.cwd, path),
    expectations: readFile(path, relative(io.cwd, path)),
  }));
  for (const plugin of policy.loaded.filter((name) => name === 'deny' || name === 'relay')) {
    if (modeOf(policy.settings, plugin) === 'observe')
      writeLine(io.stderr, `${plugin} only observes: expectations are of what it does with mode=enforce`);
  }
  if (policy.settings.relay.attributes === 'observe')
    writeLine(io.stderr, 'from= is only observed: expectations are of what it does with attributes=enforce');
  const tested = texts.map(({ file, expectations }) => ({ file, outcomes: check(policy, expectations) }));
  io.stdout.write(format(tested, options.json ? 'json' : options.format, wantsColour(io.stdout, io.env)));
  const outcomes = tested.flatMap((one) => one.outcomes);
  const failed = outcomes.filter(isFailed).length;
  const passed = outcomes.length - failed;
  writeLine(
    io.stderr,
    `${passed} expectation${passed === 1 ? ' holds' : 's hold'}, ${failed} ${failed === 1 ? 'does' : 'do'} not`,
  );
  return failed > 0 ? 1 : 0;
}

/** A file with a fault is not checked in part: what it no longer says would hold for sure. */
function readFile(path: string, file: string): readonly Expectation[] {
  let text: string;
  try {
    text = decodeText(readFileSync(path));
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file; --init writes one' : String(error);
    throw new CannotRun(`${file}: ${reason}`);
  }
  const { expectations, faults } = parseExpectations(text);
  if (faults.length > 0) {
    const lines = faults.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new CannotRun(`${file} cannot be read:`, ...lines);
  }
  if (expectations.length === 0) throw new CannotRun(`${file}: it expects nothing`);
  return expectations;
}

function writeFirst(path: string, text: string, io: Io): void {
  const file = relative(io.cwd, path);
  if (existsSync(path)) throw new CannotRun(`${file} is there already; take it away first`);
  writeFileSync(path, text, { flag: 'wx' });
  writeLine(io.stderr, `wrote ${file}: read it, since it says what the policy does now, right or wrong`);
}
