/** `smtpcheck init`: makes an existing Haraka folder use the suite. Adds what is missing and changes nothing else. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { settingsDescription } from '../core';
import { settingsFile } from '../runtime/slots';
import { findHarakaFolder, type HarakaFolder, pluginLines, suitePluginsOf } from './haraka-folder';
import { withPlugin } from './init/plugins-file';
import { CannotRun, type ExitCode, type Io } from './io';

export interface InitOptions {
  readonly directory: string;
  readonly dryRun?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('init')
    .argument('<DIR>', 'the Haraka folder, as made by haraka -i')
    .option('--dry-run', 'say what would be done and do nothing')
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
  const folder = findHarakaFolder(options.directory, io);
  if (!existsSync(join(folder.config, 'plugins'))) throw new CannotRun(`${folder.config} has no plugins file`);
  const steps = [...listSteps(folder), helpStep(folder), pluginStep(folder)].filter((step) => step !== undefined);
  for (const step of steps) {
    if (!options.dryRun) step.take();
    io.stdout.write(`${options.dryRun ? 'would ' : ''}${step.says}\n`);
  }
  if (steps.length === 0) io.stdout.write('everything is there already\n');
  if (!isInstalled(folder)) {
    io.stderr.write(
      `haraka-plugin-smtpcheck is not installed in ${folder.path}: npm install haraka-plugin-smtpcheck\n`,
    );
  }
  return 0;
}

interface Step {
  /** What is done, as an order: "create config/localip". */
  readonly says: string;
  take(): void;
}

/** The package's own folder: this file is dist/cli/init.js in it. */
const packageFolder = join(__dirname, '..', '..');

/** The settings, and every list that the defaults name. */
function listSteps(folder: HarakaFolder): (Step | undefined)[] {
  const { relay, deny } = settingsDescription;
  const lists = [relay.local_ip, relay.local_domain, relay.relay_to, relay.relay_map, deny.hosts];
  const files = [settingsFile, ...lists.map((setting) => setting.default.replace(/^hash:/, ''))];
  return files.map((file) =>
    copyStep(join(packageFolder, 'config', file), join(folder.config, file), `config/${file}`),
  );
}

/** What `haraka -c DIR -h smtpcheck` shows. */
function helpStep(folder: HarakaFolder): Step | undefined {
  const page = join('docs', 'plugins', 'smtpcheck.md');
  return copyStep(join(packageFolder, page), join(folder.path, page), page);
}

function copyStep(from: string, to: string, name: string): Step | undefined {
  if (existsSync(to)) return undefined;
  return {
    says: `create ${name}`,
    take() {
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(from, to);
    },
  };
}

function pluginStep(folder: HarakaFolder): Step | undefined {
  if (pluginLines(folder).some(({ name }) => suitePluginsOf(name).length > 0)) return undefined;
  const path = join(folder.config, 'plugins');
  const { text, line } = withPlugin(readFileSync(path, 'utf8'), 'smtpcheck');
  return {
    says: `add smtpcheck to config/plugins as line ${line}`,
    take() {
      // Through a new file, so that a full disk leaves the old one whole.
      const fresh = `${path}.smtpcheck`;
      writeFileSync(fresh, text, { mode: statSync(path).mode });
      renameSync(fresh, path);
    },
  };
}

function isInstalled(folder: HarakaFolder): boolean {
  return existsSync(join(folder.path, 'node_modules', 'haraka-plugin-smtpcheck', 'package.json'));
}
