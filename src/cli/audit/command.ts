/**
 * `smtpcheck audit`: connects to a running server as a stranger would, and judges what it sees. For one's own servers: it
 * asks little, slowly, stops at RCPT, and wants to be told that a public address is the operator's.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseAddress } from '../../policy/entries/ip-address';
import { findHarakaFolder } from '../haraka-folder';
import { CannotRun, type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { packageVersion } from '../package';
import { loadFolder } from '../site';
import { popChecks, smtpChecks } from './checks';
import { jsonReport, junitText, tapReport } from './report/machine';
import type { AuditReport } from './report/summary';
import { tableText } from './report/table';
import { overall, type Result, runChecks } from './runner';
import type { Audit, Channel } from './session/channel';
import { defaultLimits } from './session/dialogue';
import { RequestBudget } from './session/request-budget';
import { type Site, siteOf } from './site';
import { channelsOf, isLocalAddress, parseTarget } from './targets';
import { Transcript } from './transcript';

export interface AuditOptions {
  /** HOST[:PORT] of the SMTP server. */
  readonly host?: string | undefined;
  readonly smtps: readonly string[];
  readonly pop3: readonly string[];
  readonly pop3s: readonly string[];
  readonly local: readonly string[];
  readonly backup: readonly string[];
  /** A Haraka folder that tells what the server is for. */
  readonly config?: string | undefined;
  readonly user: readonly string[];
  readonly foreign: string;
  readonly sender: readonly string[];
  readonly hello?: string | undefined;
  readonly from: readonly string[];
  readonly name?: string | undefined;
  readonly ca: readonly string[];
  readonly only: readonly string[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly tls: boolean;
  readonly iRunThisServer: boolean;
  readonly deliverCanary?: string | undefined;
  readonly smuggling: boolean;
  /** Milliseconds. */
  readonly pause: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly transcript: boolean;
  readonly json: boolean;
  readonly format: 'table' | 'json' | 'tap' | 'junit';
}

export const defaults: AuditOptions = {
  smtps: [],
  pop3: [],
  pop3s: [],
  local: [],
  backup: [],
  user: [],
  foreign: 'smtpcheck-audit@example.net',
  sender: [],
  from: [],
  ca: [],
  only: [],
  ipv4: false,
  ipv6: false,
  tls: true,
  iRunThisServer: false,
  smuggling: false,
  pause: 200,
  timeout: 20_000,
  transcript: false,
  json: false,
  format: 'table',
};

/** For one channel; no sound server needs more to be judged. */
const connectionsPerChannel = 150;
const commandsPerChannel = 900;
const minutesPerChannel = 15;

export function command(io: Io, done: (code: ExitCode) => void): Command {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  return new Command('audit')
    .argument('[host]', 'HOST[:PORT] of the SMTP server, port 25 without one')
    .addOption(listOption('--smtps <HOST[:PORT]>', 'SMTP with TLS from the first byte, port 465 without one'))
    .addOption(listOption('--pop3 <HOST[:PORT]>', 'POP3, port 110 without one'))
    .addOption(listOption('--pop3s <HOST[:PORT]>', 'POP3 with TLS from the first byte, port 995 without one'))
    .addOption(listOption('--local <DOMAIN>', 'a domain the server is final for'))
    .addOption(listOption('--backup <DOMAIN>', 'a domain the server is backup MX for'))
    .option('-c, --config <DIR>', 'the Haraka folder of the server: its host_list, relay.to and localip')
    .addOption(listOption('--user <NAME>', 'a user that exists, in the place of admin'))
    .option('--foreign <ADDRESS>', 'an address that strangers may not reach through the server', defaults.foreign)
    .addOption(listOption('--sender <ADDRESS>', 'a sender to try; the null sender is tried last'))
    .option('--hello <NAME>', 'what to call ourselves in EHLO')
    .addOption(listOption('--from <ADDRESS>', 'the local address to connect from, one for each family'))
    .option('--name <NAME>', 'the name certificates should carry')
    .addOption(listOption('--ca <FILE>', 'a PEM file with a root to trust besides the usual ones'))
    .addOption(listOption('--only <ID>', 'ask this check only'))
    .option('-4, --ipv4', 'IPv4 only')
    .option('-6, --ipv6', 'IPv6 only')
    .option('--no-tls', 'the server has no TLS on purpose: leave STARTTLS and STLS out')
    .option('--i-run-this-server', 'the address is public, and the server there is mine')
    .option('--deliver-canary <ADDRESS>', 'send a message to this address of mine, if the server takes it')
    .option('--smuggling', 'try wrong line endings around DATA; needs --deliver-canary')
    .option('--pause <MS>', 'milliseconds between connections', milliseconds, defaults.pause)
    .option('--timeout <MS>', 'milliseconds for a whole reply, all its lines', milliseconds, defaults.timeout)
    .option('--transcript', 'the whole dialogue, after the results')
    .option('--json', 'the same as --format=json')
    .addOption(
      new Option('--format <FORM>', 'of the results').choices(['table', 'json', 'tap', 'junit']).default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck audit mx.example.org --local example.org --i-run-this-server
  smtpcheck audit 127.0.0.1:2525 -c /etc/haraka --json

For your own servers only.
Exit code: 0 safe, 1 unsafe, 2 could not run, or could not tell.`,
    )
    .action(async (host: string | undefined, options: Partial<AuditOptions>) => {
      done(await run({ ...defaults, ...options, host }, io));
    });

  function listOption(flags: string, description: string): Option {
    return new Option(flags, `${description}; may be repeated`).argParser(collect).default([]);
  }
}

export async function run(options: AuditOptions, io: Io): Promise<ExitCode> {
  const only = checkedIds(options.only);
  if (options.smuggling && options.deliverCanary === undefined) {
    throw new CannotRun('--smuggling sends messages: say where to with --deliver-canary ADDRESS');
  }
  const channels = await channelsFor(options);
  demandConsent(channels, options.iRunThisServer);
  const transcript = new Transcript();
  const audit = auditFor(options, await siteFor(options, io), channels, transcript, io);
  const results = await runChecks(channels, audit, { only, tls: options.tls, progress: progressOn(io) });
  write(
    { results, channels, version: packageVersion(), transcript: options.transcript ? transcript.lines() : undefined },
    options,
    io,
  );
  return exitCodeOf(results);
}

async function channelsFor(options: AuditOptions): Promise<readonly Channel[]> {
  const targets = [
    ...(options.host === undefined ? [] : [parseTarget(options.host, 'smtp', false)]),
    ...options.smtps.map((text) => parseTarget(text, 'smtp', true)),
    ...options.pop3.map((text) => parseTarget(text, 'pop3', false)),
    ...options.pop3s.map((text) => parseTarget(text, 'pop3', true)),
  ];
  if (targets.length === 0) throw new CannotRun('audit needs a HOST, --smtps, --pop3 or --pop3s');
  const both = options.ipv4 === options.ipv6;
  const families = { 4: both || options.ipv4, 6: both || options.ipv6 };
  const channels: Channel[] = [];
  for (const target of targets) channels.push(...(await channelsOf(target, families, options.tls)));
  return channels;
}

function demandConsent(channels: readonly Channel[], given: boolean): void {
  const foreign = channels.find(({ address }) => !isLocalAddress(address));
  if (foreign === undefined || given) return;
  throw new CannotRun(
    `${foreign.address} (${foreign.host}) is a public address. This is for servers you run yourself: ` +
      'it tries to send mail through them and asks after users. If it is yours, say --i-run-this-server.',
  );
}

async function siteFor({ config, local, backup }: AuditOptions, io: Io): Promise<Site> {
  if (config === undefined) return siteOf({ local, backup, folder: undefined });
  const site = siteOf({ local, backup, folder: await loadFolder(findHarakaFolder(config, io), io.env) });
  for (const key of site.unread) writeLine(io.stderr, `nothing is expected by Redis, which was not read: ${key}`);
  return site;
}

function auditFor(
  options: AuditOptions,
  site: Site,
  channels: readonly Channel[],
  transcript: Transcript,
  io: Io,
): Audit {
  const [, user, domain] = /^(.+)@([^@\s]+)$/.exec(options.foreign) ?? [];
  if (user === undefined || domain === undefined) throw new CannotRun(`--foreign ${options.foreign} is no user@domain`);
  const from = { 4: fromAddress(options.from, 4), 6: fromAddress(options.from, 6) };
  return {
    site,
    limits: { ...defaultLimits, replyMs: options.timeout },
    budget: new RequestBudget({
      pauseMs: options.pause,
      connections: connectionsPerChannel * channels.length,
      commands: commandsPerChannel * channels.length,
      durationMs: minutesPerChannel * channels.length * 60_000,
    }),
    transcript,
    helloName: options.hello ?? 'smtpcheck-audit.localdomain',
    from,
    certificateName: options.name,
    roots: options.ca.map((file) => rootFrom(path.resolve(io.cwd, file))),
    canary: options.deliverCanary,
    smuggling: options.smuggling,
    senders: [...options.sender, 'smtpcheck-audit@example.org', ''],
    foreign: { user, domain },
    likelyUsers: options.user.length > 0 ? [...options.user, 'root', 'postmaster'] : ['root', 'postmaster', 'admin'],
  };
}

function fromAddress(addresses: readonly string[], family: 4 | 6): string | undefined {
  for (const address of addresses) {
    const parsed = parseAddress(address);
    if (parsed === undefined) throw new CannotRun(`--from ${address} is no IP address`);
    if (parsed.family === family) return address;
  }
  return undefined;
}

function rootFrom(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CannotRun(`--ca: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkedIds(ids: readonly string[]): ReadonlySet<string> | undefined {
  if (ids.length === 0) return undefined;
  const known = new Set([...smtpChecks, ...popChecks].map(({ id }) => id));
  const stray = ids.find((id) => !known.has(id));
  if (stray !== undefined) throw new CannotRun(`no check “${stray}”; there are ${[...known].join(', ')}`);
  return new Set(ids);
}

function milliseconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a number of milliseconds is wanted.');
  return Number(text);
}

/** On a terminal one line that changes; elsewhere, as in the log of a job, a line for each check as it begins. */
function progressOn(io: Io): (done: number, all: number, what: string) => void {
  if (io.stderr.isTTY !== true) {
    return (done, all, what) => {
      if (done < all) writeLine(io.stderr, `${done + 1}/${all} ${what}`);
    };
  }
  return (done, all, what) => {
    io.stderr.write(done === all ? '\r\x1b[K' : `\r\x1b[K${done + 1}/${all} ${what.slice(0, 60)}`);
  };
}

function write(report: AuditReport, options: AuditOptions, io: Io): void {
  const form = options.json ? 'json' : options.format;
  if (form === 'json') io.stdout.write(jsonReport(report));
  else if (form === 'tap') io.stdout.write(tapReport(report));
  else if (form === 'junit') io.stdout.write(junitText(report));
  else {
    const width = Number(io.env.COLUMNS);
    const colour = wantsColour(io.stdout, io.env);
    io.stdout.write(tableText(report, { colour, width: Number.isInteger(width) && width > 0 ? width : 120 }));
  }
}

function exitCodeOf(results: readonly Result[]): ExitCode {
  return { safe: 0, unsafe: 1, unknown: 2 }[overall(results)] as ExitCode;
}
