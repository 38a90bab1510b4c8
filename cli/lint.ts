/** `smtpcheck lint`: is what I wrote right? Every fault that would stop a load, and what is likely a slip. */
import { isAbsolute, join, relative } from 'node:path';
import { Command, Option } from 'commander';
import type { ListKind } from '../core';
import { decodeText, readFileStateSync } from '../runtime/file-reader';
import { type LoadedSite, loadSite } from '../runtime/load';
import { pathOf, type SlotName, settingsFile, slots } from '../runtime/slots';
import { Suite } from '../runtime/suite';
import { findHarakaFolder, type HarakaFolder, readConfigValue } from './haraka-folder';
import { type ExitCode, type Io, wantsColour } from './io';
import { lintDns } from './lint/dns';
import { entriesOf, type ListText, lintEntries, type Placed } from './lint/entries';
import { lintFiles } from './lint/files';
import { type LintFinding, severityOf } from './lint/finding';
import { type Format, format, formats, type Report } from './lint/formats';
import { lintRelayMap } from './lint/relay-map';
import { lintLocalDomains, lintPlugins, lintProxies, lintSettings, lintStockRelay } from './lint/surroundings';

export interface LintOptions {
  readonly config?: string;
  readonly format?: Format;
  readonly json?: boolean;
  readonly dns?: boolean;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('lint')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
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
  const colour = wantsColour(io.stdout, io.env);
  io.stdout.write(format(report, as, { colour, pathOf: (file) => pathFrom(io.cwd, folder, file) }));
  if (options.dns && report.findings.some(({ severity }) => severity === 'fault')) {
    io.stderr.write('the DNS was not asked: Haraka would not start with these faults\n');
  }
  const errors = report.findings.filter((finding) => severityOf(finding) === 'error').length;
  const warnings = report.findings.length - errors;
  io.stderr.write(`${count(errors, 'error')}, ${count(warnings, 'warning')} in ${folder.config}\n`);
  return report.findings.length > 0 ? 1 : 0;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function pathFrom(cwd: string, folder: HarakaFolder, file: string): string {
  return isAbsolute(file) ? file : relative(cwd, join(folder.config, file));
}

/** All findings of a Haraka folder, in the order of files and lines. Changes nothing. */
export async function lint(folder: HarakaFolder, askDns: boolean): Promise<Report> {
  const site = loadSite(folder.config);
  // Where smtpcheck.ini has faults, what could be read of it leads to more.
  const { readable: settings, written } = site.settings.value;
  const texts = textsOf(folder, site);
  const entries = (kind: ListKind): Placed[] => {
    const text = texts.get(kind);
    return text ? entriesOf(kind, text) : [];
  };
  const lists = {
    local_ip: entries('local_ip'),
    local_domain: entries('local_domain'),
    relay_to: entries('relay_to'),
    hosts: entries('hosts'),
  } as const satisfies Record<ListKind, Placed[]>;
  const map = texts.get('relay_map');
  const findings: LintFinding[] = [
    ...site.findings,
    ...Object.entries(lists).flatMap(([kind, placed]) => lintEntries(kind as ListKind, placed)),
    ...(map ? lintRelayMap(map) : []),
    ...lintSettings(settings, written, pluginTimeout(folder)),
    ...lintFiles(folder, settings),
    ...lintLocalDomains(folder, lists.relay_to),
    ...lintProxies(folder, lists.local_ip),
    ...lintPlugins(folder),
    ...lintStockRelay(folder),
  ];
  if (askDns && site.policy) {
    const suite = new Suite({ policy: site.policy, close() {} }, (readConfigValue(folder, 'me') ?? '').toLowerCase());
    findings.push(...(await lintDns({ suite, relayTo: lists.relay_to, localDomain: lists.local_domain })));
  }
  findings.sort((a, b) => a.at.file.localeCompare(b.at.file) || a.at.line - b.at.line);
  const files = [settingsFile, 'plugins', ...[...texts.values()].map(({ file }) => file)];
  return { folder: folder.config, findings, files };
}

function textsOf(folder: HarakaFolder, site: LoadedSite): Map<SlotName, ListText> {
  const texts = new Map<SlotName, ListText>();
  for (const slot of slots) {
    const file = slot.sourceIn(site.settings.value.readable).file;
    const state = file === '' ? undefined : readFileStateSync(pathOf(folder.config, file));
    if (state?.state === 'read') texts.set(slot.name, { file, text: decodeText(state.bytes) });
  }
  return texts;
}

/** Seconds, as Haraka reads it; 0 for no limit. */
function pluginTimeout(folder: HarakaFolder): number {
  const text = readConfigValue(folder, 'smtpcheck.timeout') ?? readConfigValue(folder, 'plugin_timeout');
  const seconds = Number.parseFloat(text ?? '');
  return Number.isNaN(seconds) ? 30 : seconds;
}
