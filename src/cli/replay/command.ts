/** `smtpcheck replay`: which decisions of the past would another policy make differently? */
import { Command, Option } from 'commander';
import { modeOf } from '../../policy/settings/settings';
import { beforeAllEnds } from '../../policy/tables/ends';
import { findHarakaFolder } from '../haraka-folder';
import { CannotRun, type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { LogReader } from '../log/log-reader';
import { parseSince } from '../log/since';
import { readPolicy } from '../policy-content';
import { Changes } from './changes';
import { printReport, toJson } from './print';
import { Redecider } from './redecide';

export interface ReplayOptions {
  readonly config?: string;
  readonly since?: string;
  readonly only?: 'opens' | 'closes';
  readonly all?: boolean;
  readonly json?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('replay')
    .argument('<LOG...>', "Haraka's logs, plain or gzipped, in any of its formats; - for standard input")
    .option('-c, --config <DIR>', 'the folder with the policy to deploy (default: $HARAKA, else the folder you are in)')
    .option('--since <TIME>', 'decisions since then alone: 24h, 7d, or a time such as 2026-11-30T08:00Z')
    .addOption(new Option('--only <EFFECT>', 'report these changes alone').choices(['opens', 'closes']))
    .option('--all', 'show every group, not the first 20')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck replay /var/log/haraka.log -c ./haraka     what the policy in ./haraka would have decided otherwise
  smtpcheck replay haraka.log.2.gz haraka.log --since 7d --only closes
  journalctl -u haraka | smtpcheck replay -

Exit code: 0 no decision would change, 1 some would, 2 could not run, or the logs have no decision.`,
    )
    .action(async (logs: readonly string[], options: ReplayOptions) => done(await run(logs, options, io)));
}

export async function run(logs: readonly string[], options: ReplayOptions, io: Io): Promise<ExitCode> {
  const { config, since, only, all = false, json = false } = options;
  const from = since === undefined ? undefined : parseSince('--since', since, Date.now());
  const folder = findHarakaFolder(config, io);
  // Each decision is made again as of its own time: no entry is left out here.
  const policy = await readPolicy(folder, config ?? folder.path, io.env, beforeAllEnds);
  const redecider = new Redecider(policy);
  const changes = new Changes();
  const reader = new LogReader(logs, io, from);
  await reader.read((line) => changes.add(line, redecider.decide(line)));
  const { tally } = reader;
  if (tally.decisions === 0) throw new CannotRun(...nothingRead(tally));
  const groups = changes.groups().filter(({ effect }) => only === undefined || effect === only);
  const report = { changes, tally, groups, folder: config, hasEnds: redecider.hasEnds };
  if (json) io.stdout.write(toJson(report));
  else printReport(report, io.stdout, { colour: wantsColour(io.stdout, io.env), all });

  if (from !== undefined && tally.withoutTime > 0) {
    writeLine(
      io.stderr,
      `${tally.withoutTime} decisions have no time in their line, and are replayed whenever they were made`,
    );
  }
  if (redecider.hasEnds && tally.withoutTime > 0) {
    writeLine(
      io.stderr,
      `${tally.withoutTime} decisions have no time in their line, and are replayed by the entries that have not ended by now`,
    );
  }
  if (changes.permits === 0) {
    writeLine(
      io.stderr,
      'no permit is in the logs: Haraka logs them at level INFO; what would be closed cannot be seen',
    );
  }
  for (const plugin of ['deny', 'relay'] as const) {
    if (policy.loaded.includes(plugin) && modeOf(policy.settings, plugin) === 'observe') {
      writeLine(
        io.stderr,
        `${plugin} only observes in this policy: what it observed before is compared as with mode=enforce`,
      );
    }
  }
  const { counts } = changes;
  const changed = only === undefined ? counts.opens + counts.closes + counts.moves : counts[only];
  return changed > 0 ? 1 : 0;
}

function nothingRead({ lines, before, unreadable, firstUnreadable }: LogReader['tally']): string[] {
  const found = [
    `${lines} lines`,
    ...(before > 0 ? [`${before} decisions before --since`] : []),
    ...(unreadable > 0 ? [`${unreadable} decisions that cannot be read, the first at ${firstUnreadable}`] : []),
  ];
  return [
    `the logs have no decision of the suite: ${found.join(', ')}`,
    'Haraka logs refusals at level NOTICE and permits at INFO: see level in config/log.ini',
  ];
}
