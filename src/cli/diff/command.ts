/** `smtpcheck diff`: whose verdict changes between two policies, as sets and not as lines of text. */
import { isAbsolute, join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { modeOf } from '../../policy/settings/settings';
import { findHarakaFolder } from '../haraka-folder';
import { type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { atOption, timeOf } from '../time';
import { type Format, formats, writeChanges } from './formats';
import { findChanges, type Totals } from './report';
import { readSide, type Side } from './side';

export interface DiffOptions {
  readonly config?: string;
  readonly format: Format;
  readonly json?: boolean;
  readonly all?: boolean;
  /** When both policies are compared. */
  readonly at?: string;
  readonly failOn: 'opens' | 'any' | 'never';
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('diff')
    .argument('<OLD>', 'a Haraka folder, git:REV for the folder at a revision of its repository, or running')
    .argument('[NEW]', 'likewise (default: the folder as it is)')
    .option(
      '-c, --config <DIR>',
      'the folder of git:REV, of running and of NEW (default: $HARAKA, else the folder you are in)',
    )
    .addOption(new Option('--format <FORMAT>', 'how changes are written').choices([...formats]).default('text'))
    .option('--json', 'the same as --format=json')
    .addOption(atOption('when both are compared'))
    .option('--all', 'show every change, not the first few of each kind')
    .addOption(
      new Option('--fail-on <EFFECT>', 'which changes make the exit code 1')
        .choices(['opens', 'any', 'never'])
        .default('any'),
    )
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck diff git:HEAD                       what the edits change that are not committed
  smtpcheck diff git:origin/main git:HEAD --fail-on=opens --format=github
  smtpcheck diff /etc/haraka ./haraka --all     a live folder and the one to deploy
  smtpcheck diff running                        what the server does not have in force of its folder

Exit code: 0 nothing changes, 1 something does (see --fail-on), 2 could not run.`,
    )
    .action(async (old: string, current: string | undefined, options: DiffOptions) =>
      done(await run(old, current, options, io)),
    );
}

export async function run(old: string, current: string | undefined, options: DiffOptions, io: Io): Promise<ExitCode> {
  const folder = () => findHarakaFolder(options.config, io);
  const time = timeOf(options.at);
  const before = await readSide(old, folder, io, time);
  const after = await readSide(current, folder, io, time);
  for (const remark of remarksOn(before, after)) writeLine(io.stderr, remark);
  const totals = writeChanges(findChanges(before, after), options.json ? 'json' : options.format, io.stdout, {
    colour: wantsColour(io.stdout, io.env),
    all: options.all === true,
    pathOf: (file) => (isAbsolute(file) ? file : relative(io.cwd, join(after.config, file))),
  });
  return fails(totals, options.failOn) ? 1 : 0;
}

function fails({ opens, closes, moves }: Totals, failOn: DiffOptions['failOn']): boolean {
  if (failOn === 'never') return false;
  return failOn === 'opens' ? opens > 0 : opens + closes + moves > 0;
}

function remarksOn(before: Side, after: Side): string[] {
  const keys = [before, after].flatMap(({ name, keys }) =>
    name.startsWith('git:')
      ? keys.map((key) => `${name}: ${key} is compared as it is now; Redis keeps no revisions`)
      : [],
  );
  const inBoth = (has: (side: Side, plugin: 'deny' | 'relay') => boolean) =>
    (['deny', 'relay'] as const).filter((plugin) => has(before, plugin) && has(after, plugin));
  const observing = inBoth(
    (side, plugin) => side.loaded.includes(plugin) && modeOf(side.settings, plugin) === 'observe',
  );
  const absent = inBoth((side, plugin) => !side.loaded.includes(plugin));
  const scopesAreObserved = [before, after].every(({ settings }) => settings.relay.attributes === 'observe');
  return [
    ...keys,
    ...(scopesAreObserved ? ['from= is only observed: its changes are those of attributes=enforce'] : []),
    ...observing.map((plugin) => `${plugin} only observes: its changes are those of mode=enforce`),
    ...absent.map(
      (plugin) => `${plugin} is in neither config/plugins: its changes are those of a Haraka that loads it`,
    ),
  ];
}
