/** What the policy store says of what it does, and how findings are worded there. */
import { describeFinding, type Finding, hasFault } from '../core';
import type { Inherited, Version } from './load';
import { mostReported } from './parse-bytes';

export interface StoreLog {
  loginfo(text: string): void;
  lognotice(text: string): void;
  logwarn(text: string): void;
  logerror(text: string): void;
}

/** `unsaid`: how many findings there are besides. */
export function report(findings: readonly Finding[], unsaid = 0): string {
  const lines = findings.slice(0, mostReported).map((finding) => `  ${describeFinding(finding)}`);
  const more = Math.max(findings.length - mostReported, 0) + unsaid;
  if (more > 0) lines.push(`  and ${more} more`);
  return lines.join('\n');
}

export function tellFindings(log: StoreLog, findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  if (hasFault(findings)) log.logerror(report(findings));
  else log.logwarn(report(findings));
}

export function tellNotTaken(log: StoreLog, findings: readonly Finding[], unsaid = 0): void {
  const faults = findings.filter((finding) => finding.severity === 'fault');
  log.logerror(`not taken, the last good version stays in force:\n${report(faults, unsaid)}`);
}

export function tellInherited(log: StoreLog, { file, findings }: Inherited): void {
  const reason = findings.length > 0 ? report(findings) : `  ${file} does not exist`;
  log.logerror(
    `${file} is not taken from the disk: what the cluster's master has in force is in force here\n${reason}`,
  );
}

export function tellVersion(log: StoreLog, version: Version<unknown>, generation: number): void {
  if (version.file === '' || version.hash === 'unavailable') return;
  const hash = version.hash === 'missing' ? 'missing' : `sha256=${version.hash.slice(0, 12)}`;
  log.lognotice(`loaded file=${version.file} generation=${generation} ${hash}`);
}
