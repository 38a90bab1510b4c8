/** What the policy store says of what it does, and how findings are worded there. */
import { printable } from '../policy/findings/characters';
import { type Finding, hasFault } from '../policy/findings/finding';
import { describeFinding } from '../policy/findings/finding-text';
import type { Plugin } from '../types/haraka';
import type { ListReport, Transition, Version } from './list-state';
import { mostReported } from './parsing/parse-bytes';

/** Each text becomes a line of the log, safe for it: whoever logs has nothing to escape. */
export interface StoreLog extends LogLines {
  /** Told of what becomes of each change of a source, where somebody counts it. */
  reloaded?(result: 'applied' | 'rejected'): void;
  /** The line of a version that is in force from now on, where it is no notice. */
  loaded?(line: string): void;
}

interface LogLines {
  loginfo(...lines: readonly string[]): void;
  lognotice(...lines: readonly string[]): void;
  logwarn(...lines: readonly string[]): void;
  logerror(...lines: readonly string[]): void;
}

type LogPlugin = Pick<Plugin, keyof LogLines | 'logdebug'>;

/** The log of a plugin of Haraka's. */
export function storeLogOf(plugin: LogPlugin, listener: Pick<StoreLog, 'reloaded'> = {}, isWorker = false): StoreLog {
  const logWith =
    (level: keyof LogPlugin) =>
    (...lines: readonly string[]) => {
      for (const line of lines) plugin[level](printable(line));
    };
  return {
    loginfo: logWith('loginfo'),
    lognotice: logWith('lognotice'),
    logwarn: logWith('logwarn'),
    logerror: logWith('logerror'),
    // What the master of a cluster has in force, its workers need not say again.
    loaded: logWith(isWorker ? 'logdebug' : 'lognotice'),
    ...listener,
  };
}

/** A line for each finding. `omitted`: how many findings there are besides. */
export function reportOf(findings: readonly Finding[], omitted = 0): readonly string[] {
  const lines = findings.slice(0, mostReported).map((finding) => `  ${describeFinding(finding)}`);
  const more = Math.max(findings.length - mostReported, 0) + omitted;
  if (more > 0) lines.push(`  and ${more} more`);
  return lines;
}

export function logFindings(log: StoreLog, findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  if (hasFault(findings)) log.logerror(...reportOf(findings));
  else log.logwarn(...reportOf(findings));
}

/** What to say of a source that is gone: its last content stays in force, or is not known. */
export interface GoneMessages {
  readonly kept: string;
  readonly unknown: string;
}

export function logReport(log: StoreLog, name: string, report: ListReport, messages: GoneMessages): void {
  log.reloaded?.(report.type === 'applied' || report.type === 'emptied' ? 'applied' : 'rejected');
  switch (report.type) {
    case 'applied':
      logFindings(log, report.findings);
      break;
    case 'rejected': {
      const faults = report.findings.filter((finding) => finding.severity === 'fault');
      log.logerror('rejected, the last good version stays in force:', ...reportOf(faults, report.omitted));
      break;
    }
    case 'failed':
      log.logerror(`${name} cannot be read: ${report.reason}`);
      break;
    case 'kept':
    case 'unknown':
      log.logerror(messages[report.type]);
      break;
    case 'emptied':
      log.lognotice(`${name} is missing: it lists nothing`);
      break;
  }
}

/** Why what a source holds, or that it is gone, is not in force. */
export interface Rejection {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly findings: readonly Finding[];
  /** How many findings there are besides. */
  readonly omitted: number;
  /** What stands in the log where no finding says it. */
  readonly message?: string;
}

/** Findings beyond these are only counted: a status shows no more. */
const mostKept = 20;

/** What is rejected after a transition: as before, unless its report says otherwise or nothing is rejected any more. */
export function rejectionAfter(
  before: Rejection | undefined,
  { state, report }: Transition<unknown>,
  messages: GoneMessages,
): Rejection | undefined {
  if (state.rejected === undefined) return undefined;
  const at = Date.now();
  switch (report?.type) {
    case 'rejected': {
      const findings = report.findings.filter(({ severity }) => severity === 'fault');
      const omitted = Math.max(findings.length - mostKept, 0) + report.omitted;
      return { at, findings: findings.slice(0, mostKept), omitted };
    }
    case 'failed':
      return { at, findings: [], omitted: 0, message: report.reason };
    case 'kept':
    case 'unknown':
      return { at, findings: [], omitted: 0, message: messages[report.type] };
    default:
      return before;
  }
}

/** A source that was rejected holds the version in force again. */
export function logRestored(log: StoreLog, name: string): void {
  log.lognotice(`${name} holds the version in force again`);
}

/** A file that could not be loaded, in a worker whose master has had a version of it. */
export interface StandIn {
  readonly file: string;
  /** None where it is missing. */
  readonly findings: readonly Finding[];
  /** Why the last good text is not in force in its place; absent where it is. */
  readonly unavailable?: string;
}

export function logStandIn(log: StoreLog, { file, findings, unavailable }: StandIn): void {
  const reason = findings.length > 0 ? reportOf(findings) : [`  ${file} does not exist`];
  const instead =
    unavailable === undefined
      ? "what the cluster's master has in force is in force here"
      : `what it could decide is deferred, since ${unavailable}`;
  log.logerror(`${file} is not taken from the disk: ${instead}`, ...reason);
}

/** What there is to say of a version besides: how many entries it has, and how they differ from those before. */
export interface VersionSize {
  readonly entries?: number;
  readonly change?: string | undefined;
}

export function logVersion(
  log: StoreLog,
  version: Version<unknown>,
  generation: number,
  { entries, change }: VersionSize = {},
): void {
  if (version.file === '' || version.hash === 'unavailable') return;
  const parts = [
    `loaded file=${version.file}`,
    `generation=${generation}`,
    version.hash === 'missing' ? 'missing' : `sha256=${version.hash.slice(0, 12)}`,
    ...(entries === undefined ? [] : [`entries=${entries}`]),
    ...(change === undefined ? [] : [`(${change})`]),
    `process=${process.pid}`,
  ];
  if (log.loaded) log.loaded(parts.join(' '));
  else log.lognotice(parts.join(' '));
}
