/**
 * `smtpcheck import SOURCE… -o DIR`: turns the policy of a CF, sendmail, Postfix or Haraka site into the suite's lists.
 * It reads everything before it writes anything, never makes a policy laxer, and says of each line that it could not
 * carry over what that means for relaying.
 *
 * `--json` prints one object:
 *
 *     version   1
 *     folder    the config folder written to (or that would be)
 *     dryRun    true: nothing was written
 *     sources   [{ file, type }] in the order read
 *     lists     { localip, localdomain, "relay.to", "host.deny" }: [{ entry, route?, from: [{ file, line }], comments }]
 *     map       [{ key, value, from }], the lines of relay.map
 *     hostList  [{ name, from }], the names for host_list
 *     settings  [{ section, key, value, from }], what smtpcheck.ini gets
 *     suggestions  [{ plugin, file?, section?, key?, value?, from }], what import-suggestions/ holds
 *     files     [{ name, path, action: "create" | "replace" | "unchanged", diff? }], the diff with --dry-run only
 *     remarks   [{ code, at: { file, line }, text, kind: "left-out" | "changed" | "note", message, effect, suggestion? }]
 *
 * Fields are added, never renamed or removed, as long as `version` is 1.
 */
import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { decodeText, readFileStateSync } from '../../lists/files/file-reader';
import { ownListSettings, pathOf, settingsFile } from '../../lists/list-settings';
import { parseSettings } from '../../policy/settings/settings';
import { CannotRun, type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { gather } from './gather';
import { resolvePolicy } from './merge/resolve-policy';
import { render } from './output/render';
import { renderExpectations } from './output/render-expectations';
import {
  formatEmptied,
  formatFiles,
  formatRemarks,
  formatSummary,
  hasLosses,
  type ImportResult,
  toJson,
} from './output/report';
import { configFolder, plan, writeFiles } from './output/target';
import { isSourceType, type SourceType, sourceTypes } from './source-type';

export interface ImportOptions {
  readonly sources: readonly string[];
  /** The folder to write to: Haraka's config folder, or a Haraka folder. */
  readonly output: string;
  /** `TYPE` for all sources, `FILE=TYPE` for one. */
  readonly types?: readonly string[];
  readonly root?: string | undefined;
  readonly hostname?: string | undefined;
  readonly keepLoopback?: boolean;
  readonly skipMissing?: boolean;
  readonly force?: boolean;
  readonly test?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export async function run(options: ImportOptions, io: Io): Promise<ExitCode> {
  const { json = false, dryRun = false } = options;
  const { site, sources } = gather({
    sources: options.sources,
    typeOf: typeChooser(options.types ?? []),
    cwd: io.cwd,
    root: options.root,
    skipMissing: options.skipMissing ?? false,
    keepLoopback: options.keepLoopback ?? false,
    hostName: options.hostname,
    progress: (file, type) => writeLine(io.stderr, `reading ${file} (${type})`),
  });
  const policy = resolvePolicy(site);
  const output = resolve(io.cwd, options.output);
  const folder = configFolder(output);
  const rendered = render(policy);
  const written = options.test ? [...rendered, renderExpectations(site, policy.remarks, rendered)] : rendered;
  const files = plan(folder, join(options.output, relative(output, folder)), written);
  const outcome: ImportResult = { folder, dryRun, sources, policy, files };

  if (!json) {
    const colour = wantsColour(io.stderr, io.env);
    io.stderr.write(formatRemarks(policy.remarks, colour));
    io.stderr.write(formatSummary(policy.remarks));
  }
  const existing = files.filter((file) => file.action === 'replace' && file.held > 0);
  if (existing.length > 0 && !options.force && !dryRun) {
    const names = existing.map((file) => file.displayPath).join(', ');
    throw new CannotRun(
      `nothing was written: there is already ${names}; --dry-run shows the difference, --force replaces`,
    );
  }
  if (!dryRun) writeOrExplain(folder, files);
  const unread = unreadLists(folder, files);
  for (const { message } of unread) writeLine(io.stderr, `smtpcheck.ini ${message}`);
  io.stderr.write(formatEmptied(files));
  io.stdout.write(json ? toJson(outcome) : formatFiles(outcome));
  return hasLosses(policy.remarks) || unread.some(({ matters }) => matters) ? 1 : 0;
}

interface UnreadList {
  /** How to bring the list into force. */
  readonly message: string;
  /** Whether the import had anything for it. */
  readonly matters: boolean;
}

/** Lists that the folder's settings do not read from the file of ours: from Redis, from another file, or not at all. */
function unreadLists(folder: string, files: ImportResult['files']): UnreadList[] {
  const state = readFileStateSync(join(folder, settingsFile));
  if (state.state !== 'read') return [];
  const defaults = parseSettings(settingsFile, '').readable;
  const settings = parseSettings(settingsFile, decodeText(state.bytes)).readable;
  return ownListSettings.flatMap((listSetting) => {
    const ours = listSetting.sourceIn(defaults).file;
    const { file, redis } = listSetting.sourceIn(settings);
    const path = join(folder, ours);
    const planned = files.find(({ name }) => name === ours);
    const matters = planned !== undefined && planned.count + planned.held > 0;
    const [section = '', key = ''] = listSetting.setting.split('.');
    if (redis) {
      const message = `has a list in ${redis.name}: to use the new file there, redis-cli -x SET ${redis.key} < ${path}`;
      return [{ message, matters }];
    }
    if (!matters || (file !== '' && pathOf(folder, file) === path)) return [];
    const named = file === '' ? 'names no list' : `names ${file}`;
    return [
      { message: `${named} in [${section}] ${key}: nobody reads the new ${path} until that is changed`, matters },
    ];
  });
}

function writeOrExplain(folder: string, files: ImportResult['files']): void {
  try {
    writeFiles(folder, files);
  } catch (error) {
    throw new CannotRun(`cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Which type the operator has said a source is of. */
function typeChooser(types: readonly string[]): (source: string) => SourceType | undefined {
  const bySource = new Map<string, SourceType>();
  let all: SourceType | undefined;
  for (const text of types) {
    const equals = text.lastIndexOf('=');
    const type = text.slice(equals + 1);
    if (!isSourceType(type))
      throw new CannotRun(`--type ${text}: no such type; the types are ${sourceTypes.join(', ')}`);
    if (equals < 0) all = type;
    else bySource.set(text.slice(0, equals), type);
  }
  return (source) => bySource.get(source) ?? all;
}

const examples = `
Examples:
  smtpcheck import sendmail.def -o /etc/haraka          a CF site, with the lists that the file names
  smtpcheck import /etc/mail/sendmail.mc -o haraka      sendmail, with access, relay-domains and local-host-names
  smtpcheck import /etc/postfix/main.cf -o haraka --dry-run
  smtpcheck import old/etc/postfix/main.cf --root old -o haraka
  smtpcheck import config/relay_acl_allow config/relay_dest_domains.ini config/relay.ini -o config

Types for --type:
${sourceTypes.map((type) => `  ${type}`).join('\n')}

Exit code: 0 all of it was carried over, 1 something was left out or acts otherwise, 2 could not run.
`;

export function command(io: Io, done: (code: ExitCode) => void): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  return new Command('import')
    .description("turn a CF, sendmail, Postfix or Haraka site's policy into the suite's lists")
    .argument('<source...>', 'files to read: *.def, sendmail.mc, sendmail.cf, access, relay-domains, main.cf, …')
    .requiredOption('-o, --output <dir>', "Haraka's config folder, or a Haraka folder with one")
    .option('--type <[file=]type>', 'what a source is, where name and content do not tell', collect, [])
    .option('--root <dir>', "where the paths that sources name begin, for a copy of the old server's files")
    .option('--hostname <name>', "the old server's name, for $myhostname and $mydomain")
    .option('--keep-loopback', 'trust 127.0.0.0/8 and ::1 where the source does')
    .option('--skip-missing', 'go on without files that a source names and that are not there')
    .option('--test', 'also write what the old server decides as expectations for smtpcheck test')
    .option('--dry-run', 'write nothing, show a diff')
    .option('--force', 'replace lists that hold entries; add to host_list and smtpcheck.ini')
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', examples)
    .action(async (sources: string[], options: Omit<ImportOptions, 'sources' | 'types'> & { type: string[] }) => {
      const { type, ...rest } = options;
      done(await run({ ...rest, sources, types: type }, io));
    });
}
