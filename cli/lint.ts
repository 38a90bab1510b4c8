/** `smtpcheck lint`: is what I wrote right? Every fault that would stop a load, and what is likely a slip. */
import { Command, Option } from 'commander';
import type { ListKind } from '../core';
import { decodeText, readFileStateSync } from '../runtime/file-reader';
import { listsOf, loadSite } from '../runtime/load';
import { pathOf, type Slot, settingsFile, slots } from '../runtime/slots';
import { findHarakaFolder, type HarakaFolder, readConfigText } from './haraka-folder';
import { type ExitCode, type Io, wantsColour } from './io';
import { lintDns } from './lint/dns';
import { lintEntries } from './lint/entries';
import { lintFiles } from './lint/files';
import { type LintFinding, severityOf } from './lint/finding';
import { type Format, format, formats, type Report } from './lint/formats';
import { lintLocalDomains, lintPlugins, lintProxies, lintSettings, lintStockRelay } from './lint/surroundings';

export interface LintOptions {
  readonly config?: string;
  readonly format?: Format;
  readonly json?: boolean;
  readonly dns?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('lint')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the current folder)')
    .addOption(new Option('--format <FORMAT>', 'how findings are written').choices([...formats]).default('text'))
    .option('--json', 'the same as --format=json')
    .option('--dns', 'also ask the DNS about relay.to and localdomain')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck lint                        check the Haraka folder you stand in
  smtpcheck lint -c /etc/haraka --dns   another one, and its domains
  smtpcheck lint --format=github        annotations in a GitHub workflow

Exit code: 0 nothing found, 1 findings, 2 could not run.`,
    )
    .action(async (options: LintOptions) => done(await run(options, io)));
}

export async function run(options: LintOptions, io: Io): Promise<ExitCode> {
  const folder = findHarakaFolder(options.config, io);
  const report = await lint(folder, options.dns === true);
  const as = options.json ? 'json' : (options.format ?? 'text');
  io.stdout.write(format(report, as, wantsColour(io.stdout, io.env)));
  const errors = report.findings.filter((finding) => severityOf(finding) === 'error').length;
  const warnings = report.findings.length - errors;
  io.stderr.write(`${count(errors, 'error')}, ${count(warnings, 'warning')} in ${folder.config}\n`);
  return report.findings.length > 0 ? 1 : 0;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** All findings of a Haraka folder, in the order of files and lines. Changes nothing. */
export async function lint(folder: HarakaFolder, askDns: boolean): Promise<Report> {
  const site = loadSite(folder.config);
  const findings: LintFinding[] = [...site.findings];
  const { settings, written } = site.settings.value;
  const files = [settingsFile, 'plugins'];
  if (settings) {
    const texts = new Map<Slot['name'], { file: string; text: string }>();
    for (const slot of slots) {
      const file = slot.fileIn(settings);
      const state = file === '' ? undefined : readFileStateSync(pathOf(folder.config, file));
      if (state?.state !== 'read') continue;
      texts.set(slot.name, { file, text: decodeText(state.bytes) });
      files.push(file);
    }
    for (const [name, { file, text }] of texts) {
      if (name !== 'relay_map') findings.push(...lintEntries(name satisfies ListKind, file, text));
    }
    findings.push(...lintSettings(settings, written, pluginTimeout(folder)), ...lintFiles(folder, settings));
    if (site.versions) {
      const lists = listsOf(site.versions);
      findings.push(...lintLocalDomains(folder, lists.relay_to), ...lintProxies(folder, lists.local_ip));
    }
    if (askDns) {
      const none = { file: '', text: '' };
      const me = (readConfigText(folder, 'me') ?? '').trim();
      const [relayTo, localDomain] = [texts.get('relay_to') ?? none, texts.get('local_domain') ?? none];
      findings.push(...(await lintDns({ settings, me, relayTo, localDomain })));
    }
  }
  findings.push(...lintPlugins(folder), ...lintStockRelay(folder));
  findings.sort((a, b) => a.at.file.localeCompare(b.at.file) || a.at.line - b.at.line);
  return { findings, files };
}

/** Seconds, as Haraka reads it; 0 for no limit. */
function pluginTimeout(folder: HarakaFolder): number {
  const text = readConfigText(folder, 'smtpcheck.timeout') ?? readConfigText(folder, 'plugin_timeout');
  const seconds = Number.parseFloat(text ?? '');
  return Number.isNaN(seconds) ? 30 : seconds;
}
