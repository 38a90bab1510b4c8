/** `smtpcheck explain`: what would happen to this mail, and why. Plays the session through the suite's own hooks. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { Suite } from '../../host/suite';
import type { Policy } from '../../lists/policy';
import { formatInstant } from '../../policy/attributes/instant';
import { canonicalDomain } from '../../policy/entries/domain-name';
import type { Recipient } from '../../policy/entries/entry-tables';
import { formatAddress, parseAddress } from '../../policy/entries/ip-address';
import { hasFault } from '../../policy/findings/finding';
import { describeFinding } from '../../policy/findings/finding-text';
import { findHarakaFolder, type HarakaFolder, loadedTwice, pluginLines, suitePluginsOf } from '../haraka-folder';
import { CannotRun, type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { withRedis } from '../redis';
import { loadFolder } from '../site';
import { atOption, timeOf } from '../time';
import { findEnded } from './ended';
import { type GivenExchanges, mxForms, parseGivenExchanges } from './exchanges';
import { type PlayedStep, SimulatedHost } from './host';
import { notPlayed, readHostConfig } from './host-config';
import { hostNameFor, type NameOptions, resolverFor } from './names';
import { type PlayedSession, printDialogue, printSteps, toJson } from './print';

export interface ExplainOptions extends NameOptions {
  readonly config?: string;
  readonly ip: string;
  readonly helo: string;
  readonly from: string;
  readonly to: readonly string[];
  /** When the session is played. */
  readonly at?: string;
  readonly session?: boolean;
  readonly json?: boolean;
}

const several = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

function severalExchanges(value: string, before: readonly GivenExchanges[] = []): readonly GivenExchanges[] {
  const given = parseGivenExchanges(value);
  if (!given) throw new InvalidArgumentError(`It must be ${mxForms}.`);
  return [...before, given];
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('explain')
    .requiredOption('--ip <ADDRESS>', "the client's address")
    .requiredOption('--to <RECIPIENT>', 'a recipient; may be repeated: all in one transaction', several)
    .option('--from <SENDER>', 'the sender; empty for the null sender', '')
    .option('--helo <NAME>', 'what the client says at EHLO', 'client.example.org')
    .option(
      '--ptr <NAME>',
      'a PTR name that leads back to the client; the DNS is not asked; may be repeated',
      several,
      [],
    )
    .option('--forged-ptr <NAME>', 'a PTR name that does not lead back; may be repeated', several, [])
    .addOption(new Option('--no-dns', 'the client has no name; ask nothing').conflicts(['ptr', 'forgedPtr']))
    .addOption(new Option('--dns-failure', 'every DNS question fails for now').conflicts(['ptr', 'forgedPtr', 'dns']))
    .option(
      '--mx <RECORDS>',
      'MX records of a domain, which are not asked for then, as "partner.example=10 mx1.partner.example 192.0.2.25, 20 mx.local.example"; may be repeated',
      severalExchanges,
      [],
    )
    .addOption(atOption('when it happens'))
    .option('--session', 'print the whole dialogue as the server would hold it')
    .option('--json', 'print the steps as JSON')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck explain --ip 192.0.2.7 --no-dns --to user@example.org
  smtpcheck explain --ip 192.0.2.7 --ptr host.cs.example.ac.jp --from a@example.net --to b@example.com
  smtpcheck explain --ip 2001:db8::7 --to a@backup.example --to b@elsewhere.example --session
  smtpcheck explain --ip 192.0.2.7 --no-dns --from a@dept.example --to b@example.com --at 2026-12-31
  smtpcheck explain --ip 192.0.2.7 --no-dns --to a@partner.example --mx 'partner.example=10 mx1.partner.example 192.0.2.25, 20 mx.local.example'

Exit code: 0 every recipient accepted, 1 something refused or deferred, 2 could not run.`,
    )
    .action(async (options: ExplainOptions) => done(await run(options, io)));
}

export async function run(options: ExplainOptions, io: Io): Promise<ExitCode> {
  const folder = findHarakaFolder(options.config, io);
  const session = await playSession(folder, options, linesOf(options), io.env);
  if (options.json) io.stdout.write(toJson(session));
  else if (options.session) io.stdout.write(printDialogue(session));
  else io.stdout.write(printSteps(session, wantsColour(io.stdout, io.env)));
  for (const key of session.unread) writeLine(io.stderr, `decided as without Redis, which was not read: ${key}`);
  if (session.notPlayed.length > 0) {
    writeLine(io.stderr, `not played, and could decide otherwise: ${session.notPlayed.join(', ')}`);
  }
  return session.steps.every(({ reply }) => reply.code < 400) ? 0 : 1;
}

export function linesOf({
  helo,
  from,
  to,
  session,
}: Pick<ExplainOptions, 'helo' | 'from' | 'to' | 'session'>): readonly string[] {
  for (const text of [helo, from, ...to]) {
    if (/[\r\n]/.test(text)) throw new CannotRun(`${JSON.stringify(text)}: a line of SMTP has no line end inside`);
  }
  return [
    `EHLO ${helo}`,
    `MAIL FROM:${pathOf(from)}`,
    ...to.map((recipient) => `RCPT TO:${pathOf(recipient)}`),
    ...(session ? ['QUIT'] : []),
  ];
}

function pathOf(address: string): string {
  return address.startsWith('<') && address.endsWith('>') ? address : `<${address}>`;
}

/** Plays the lines of a client until the server would close the connection. */
export async function playSession(
  folder: HarakaFolder,
  options: NameOptions & Pick<ExplainOptions, 'ip' | 'at'>,
  lines: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<PlayedSession> {
  const { policy, unread } = await policyOf(folder, env);
  return playUnder(policy, unread, folder, options, lines);
}

/** The same under a policy that is in force somewhere. */
export async function playUnder(
  policy: Policy,
  unread: readonly string[],
  folder: HarakaFolder,
  options: NameOptions & Pick<ExplainOptions, 'ip' | 'at'>,
  lines: readonly string[],
): Promise<PlayedSession> {
  const address = parseAddress(options.ip);
  if (!address) throw new CannotRun(`--ip ${options.ip}: no IP address`);
  const plugins = pluginLines(folder);
  const config = readHostConfig(
    folder,
    plugins.map(({ name }) => name),
    policy.relay.localDomains,
  );
  const time = timeOf(options.at);
  const suite = new Suite(
    { policy, close() {} },
    config.me.toLowerCase(),
    resolverFor(options, address),
    undefined,
    () => time,
  );
  // Nobody is asked: what is explained is a recipient that its next hop knows.
  suite.verifier.useMaster(async () => 'known');
  const ip = formatAddress(address);
  const hostName = await hostNameFor(suite.resolver, ip);
  const loaded = plugins.flatMap(({ name }) => suitePluginsOf(name));
  const host = new SimulatedHost({ ...config, suite, loaded }, ip, hostName);
  const steps: PlayedStep[] = [await host.connect()];
  for (const line of lines) {
    if (host.closed) break;
    steps.push(await host.command(line));
  }
  const subjects = {
    address,
    names: [hostName, ...options.ptr, ...options.forgedPtr],
    recipients: recipientsIn(lines),
  };
  return {
    ip,
    hostName,
    ...(options.at !== undefined && { at: formatInstant(time) }),
    ended: findEnded(policy, subjects, time).map((at) => {
      const entry = suite.entryAt(at);
      return { at, attributes: entry?.attributes, note: suite.noteOf(entry) };
    }),
    steps,
    recipients: host.recipients,
    notPlayed: notPlayed(plugins.map(({ name }) => name)),
    unread,
  };
}

function recipientsIn(lines: readonly string[]): Recipient[] {
  return lines.flatMap((line) => {
    const [, localPart, domain] = /^RCPT TO:<(.*)@([^@]*)>$/i.exec(line) ?? [];
    return localPart === undefined || domain === undefined ? [] : [{ localPart, domain: canonicalDomain(domain) }];
  });
}

/** What Haraka would not start with cannot be explained. */
async function policyOf(folder: HarakaFolder, env: NodeJS.ProcessEnv) {
  const plugins = pluginLines(folder);
  if (!plugins.some(({ name }) => suitePluginsOf(name).length > 0)) {
    throw new CannotRun(
      `${folder.config}/plugins does not load the suite: cd ${folder.path} && npx smtpcheck init . adds it`,
    );
  }
  const [second] = loadedTwice(plugins);
  const { onDisk, keys } = await loadFolder(folder, env);
  const { policy, findings } = onDisk;
  const faults = [
    ...findings.filter(({ severity }) => severity === 'fault').map(describeFinding),
    ...(second ? [`plugins:${second.line.line}: ${second.line.name} loads ${second.twice} a second time`] : []),
  ];
  if (!policy || hasFault(findings) || faults.length > 0) {
    throw new CannotRun('Haraka would not start with this:', ...faults);
  }
  const { site, unread } = withRedis(onDisk, keys);
  return { policy: site.policy ?? policy, unread };
}
