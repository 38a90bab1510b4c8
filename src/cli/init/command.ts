/** `smtpcheck init`: makes an existing Haraka folder use the suite. Adds what is missing and changes nothing else. */
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { Command } from 'commander';
import { ownListSettings, settingsFile } from '../../lists/list-settings';
import { parseSettings } from '../../policy/settings/settings';
import type { Settings } from '../../policy/settings/settings-description';
import {
  findHarakaFolder,
  type HarakaFolder,
  namesLocalDomains,
  pluginLines,
  readConfigText,
  suitePluginsOf,
} from '../haraka-folder';
import { CannotRun, type ExitCode, type Io, jsonText, writeLine } from '../io';
import { packageFolder, packageName } from '../package';
import { withPlugin } from './plugins-file';

export interface InitOptions {
  readonly directory: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('init')
    .argument('<DIR>', 'the Haraka folder, as made by haraka -i')
    .option('--dry-run', 'say what would be done and do nothing')
    .option('--json', 'say it as JSON')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck init /etc/haraka             use the suite there
  smtpcheck init --dry-run /etc/haraka   what that would change

It can be run again: what is there already is kept as it is.
Exit code: 0 done, 2 could not run.`,
    )
    .action(async (directory: string, options: Omit<InitOptions, 'directory'>) =>
      done(await run({ ...options, directory }, io)),
    );
}

export async function run(options: InitOptions, io: Io): Promise<ExitCode> {
  const { dryRun = false, json = false } = options;
  const folder = findHarakaFolder(options.directory, io);
  if (!existsSync(join(folder.config, 'plugins'))) throw new CannotRun(`${folder.config} has no plugins file`);
  const settings = parseSettings(settingsFile, readConfigText(folder, settingsFile) ?? '').readable;
  const steps = [...listSteps(folder, settings), helpStep(folder), pluginStep(folder)].filter(
    (step) => step !== undefined,
  );
  for (const step of steps) {
    if (!dryRun) applyOrExplain(step);
    // Printed at once: after a failure the operator sees which steps were done.
    if (!json) writeLine(io.stdout, `${dryRun ? 'would ' : ''}${describe(step)}`);
  }
  const installed = isInstalled(folder);
  if (json) io.stdout.write(toJson(folder, dryRun, steps, installed));
  else if (steps.length === 0) writeLine(io.stdout, 'everything is there already');
  if (!installed) writeLine(io.stderr, `not installed there yet: cd ${folder.path} && npm install ${packageName}`);
  if (settings.relay.local_delivery && !namesLocalDomains(folder)) {
    writeLine(
      io.stderr,
      'config/host_list names no domain yet: write those there whose mail this host delivers itself',
    );
  }
  if (!dryRun) writeLine(io.stderr, `next: cd ${folder.path} && npx smtpcheck lint`);
  return 0;
}

/** A change to one file; its path is relative to the Haraka folder. */
interface InitStep {
  readonly action: 'create' | 'add-line';
  readonly file: string;
  /** Number of the added line, from 1. */
  readonly line?: number;
  apply(): void;
}

function applyOrExplain(step: InitStep): void {
  try {
    step.apply();
  } catch (error) {
    throw new CannotRun(`${step.file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function describe({ action, file, line }: InitStep): string {
  return action === 'create' ? `create ${file}` : `add smtpcheck to ${file} as line ${line}`;
}

/** The stable shape of `--json`, described in docs/reference/cli.md. */
function toJson({ path }: HarakaFolder, dryRun: boolean, steps: readonly InitStep[], installed: boolean): string {
  const did = steps.map(({ action, file, line }) => ({ action, file, ...(line !== undefined && { line }) }));
  return jsonText({ version: 1, folder: path, dryRun, steps: did, installed });
}

/** The settings, and every list in the config folder that they name, or would name by default. */
function listSteps(folder: HarakaFolder, settings: Settings): (InitStep | undefined)[] {
  const defaults = parseSettings(settingsFile, '').readable;
  const lists = ownListSettings
    .map((listSetting) => ({ file: listSetting.sourceIn(settings).file, model: listSetting.sourceIn(defaults).file }))
    .filter(({ file }) => file !== '' && !isAbsolute(file));
  return [{ file: settingsFile, model: settingsFile }, ...lists].map(({ file, model }) =>
    createStep(join(packageFolder, 'config', model), folder, join('config', file)),
  );
}

/** What `haraka -c DIR -h smtpcheck` shows. */
function helpStep(folder: HarakaFolder): InitStep | undefined {
  const page = join('plugins', 'smtpcheck.md');
  return createStep(join(packageFolder, 'docs', 'reference', page), folder, join('docs', page));
}

function createStep(model: string, folder: HarakaFolder, file: string): InitStep | undefined {
  const path = join(folder.path, file);
  if (existsSync(path)) return undefined;
  return {
    action: 'create',
    file,
    apply() {
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(model, path);
    },
  };
}

function pluginStep(folder: HarakaFolder): InitStep | undefined {
  if (pluginLines(folder).some(({ name }) => suitePluginsOf(name).length > 0)) return undefined;
  const path = realpathSync(join(folder.config, 'plugins'));
  const { text, line } = withPlugin(readFileSync(path, 'latin1'), 'smtpcheck');
  return {
    action: 'add-line',
    file: join('config', 'plugins'),
    line,
    apply() {
      const { mode, uid, gid } = statSync(path);
      // Through a new file, so that a full disk leaves the old one whole.
      const fresh = `${path}.smtpcheck`;
      writeFileSync(fresh, text, { encoding: 'latin1', mode });
      if (process.getuid?.() === 0) chownSync(fresh, uid, gid);
      renameSync(fresh, path);
    },
  };
}

function isInstalled(folder: HarakaFolder): boolean {
  return existsSync(join(folder.path, 'node_modules', packageName, 'package.json'));
}
