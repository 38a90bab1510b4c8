/** `smtpcheck explain`: what would happen to this mail, and why. Plays the session through the suite's own hooks. */
import { Command } from 'commander';
import { describeFinding, formatAddress, hasFault, parseAddress } from '../core';
import { loadSite } from '../runtime/load';
import { Suite } from '../runtime/suite';
import { SimulatedHost, type Step } from './explain/host';
import { hostNameFor, resolverFor } from './explain/names';
import { printDialogue, printSteps, type Session, toJson } from './explain/print';
import {
  findHarakaFolder,
  type HarakaFolder,
  pluginLines,
  readConfigLines,
  readConfigText,
  suitePluginsOf,
} from './haraka-folder';
import { CannotRun, type ExitCode, type Io, wantsColour } from './io';

export interface ExplainOptions {
  readonly config?: string;
  readonly ip: string;
  readonly ptr: readonly string[];
  readonly forgedPtr: readonly string[];
  readonly dns: boolean;
  readonly dnsFailure?: boolean;
  readonly helo: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly session?: boolean;
  readonly json?: boolean;
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('explain')
    .requiredOption('--ip <ADDRESS>', "the client's address")
    .requiredOption('--to <RECIPIENT>', 'a recipient; several make one transaction', several, [])
    .option('--from <SENDER>', 'the sender; empty for the null sender', '')
    .option('--helo <NAME>', 'what the client says at EHLO', 'client.example.org')
    .option('--ptr <NAME>', 'a PTR name of the client that leads back to it, instead of asking the DNS', several, [])
    .option('--forged-ptr <NAME>', 'a PTR name of the client that does not', several, [])
    .option('--no-dns', 'the client has no name; ask nothing')
    .option('--dns-failure', 'every DNS question fails for now')
    .option('--session', 'print the whole dialogue as the server would hold it')
    .option('--json', 'print the steps as JSON')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the current folder)')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck explain --ip 192.0.2.7 --no-dns --to user@example.org
  smtpcheck explain --ip 192.0.2.7 --ptr host.cs.example.ac.jp --from a@example.net --to b@example.com
  smtpcheck explain --ip 2001:db8::7 --to a@backup.example --to b@elsewhere.example --session

Exit code: 0 every recipient accepted, 1 something refused or deferred, 2 could not run.`,
    )
    .action(async (options: ExplainOptions) => done(await run(options, io)));
}

export async function run(options: ExplainOptions, io: Io): Promise<ExitCode> {
  const folder = findHarakaFolder(options.config, io);
  const session = await explain(folder, options);
  if (options.json) io.stdout.write(toJson(session));
  else if (options.session) io.stdout.write(printDialogue(session));
  else io.stdout.write(printSteps(session, wantsColour(io.stdout, io.env)));
  if (session.notPlayed.length > 0) {
    io.stderr.write(`not played, and could decide otherwise: ${session.notPlayed.join(', ')}\n`);
  }
  return session.steps.every(({ reply }) => reply.code < 400) ? 0 : 1;
}

/** Plays one session: greeting, EHLO, MAIL, each RCPT. Stops where the server would close the connection. */
export async function explain(folder: HarakaFolder, options: ExplainOptions): Promise<Session> {
  const lines = [
    `EHLO ${options.helo}`,
    `MAIL FROM:${path(options.from)}`,
    ...options.to.map((recipient) => `RCPT TO:${path(recipient)}`),
  ];
  return playSession(folder, options, lines);
}

/** Plays the lines of a client, and tells each step. */
export async function playSession(
  folder: HarakaFolder,
  options: Pick<ExplainOptions, 'ip' | 'ptr' | 'forgedPtr' | 'dns' | 'dnsFailure'>,
  lines: readonly string[],
): Promise<Session> {
  const address = parseAddress(options.ip);
  if (!address) throw new CannotRun(`--ip ${options.ip}: no IP address`);
  const { policy, findings } = loadSite(folder.config);
  if (!policy || hasFault(findings)) {
    throw new CannotRun(`Haraka would not start with this:\n${findings.map(describeFinding).join('\n')}`);
  }
  const me = (readConfigText(folder, 'me') ?? '').trim() || 'this.host';
  const makeResolver = resolverFor({ ...options, dnsFailure: options.dnsFailure === true }, address);
  const suite = new Suite({ policy, close() {} }, me.toLowerCase(), makeResolver);
  const ip = formatAddress(address);
  const hostName = await hostNameFor(suite.resolver, ip);
  const plugins = pluginLines(folder).map(({ name }) => name);
  const host = new SimulatedHost(
    { suite, me, loaded: plugins.flatMap(suitePluginsOf), isLocalDomain: localDomains(folder, plugins) },
    ip,
    hostName,
  );
  const steps: Step[] = [await host.connect()];
  for (const line of lines) {
    if (host.closed) break;
    steps.push(await host.command(line));
  }
  return { ip, hostName, steps, way: host.way, notPlayed: plugins.filter(couldDecide) };
}

/** `rcpt_to.in_host_list`, if it is loaded. */
function localDomains(folder: HarakaFolder, plugins: readonly string[]): (domain: string) => boolean {
  if (!plugins.includes('rcpt_to.in_host_list')) return () => false;
  const domains = new Set(readConfigLines(folder, 'host_list').map(({ text }) => text.toLowerCase()));
  const patterns = readConfigLines(folder, 'host_list_regex').map(({ text }) => new RegExp(`^(?:${text})$`, 'i'));
  return (domain) => domains.has(domain) || patterns.some((pattern) => pattern.test(domain));
}

/** Plugins that answer recipients or clients and that explain knows nothing of. */
function couldDecide(name: string): boolean {
  if (suitePluginsOf(name).length > 0 || name === 'rcpt_to.in_host_list') return false;
  return /^(?:rcpt_to\.|mail_from\.|auth\/|relay$|access$|dns-list$|karma$|helo\.checks$|fcrdns$|spf$|limit$|greylist$|rcpt-|recipient-routes$|qmail-deliverable$|aliases$|delay_deny$|xclient$)/.test(
    name,
  );
}

function path(address: string): string {
  return address.startsWith('<') && address.endsWith('>') ? address : `<${address}>`;
}
