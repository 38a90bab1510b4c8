/** The lint fixtures: one Haraka folder for each fault, named after it. */
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { lint } from '../../../src/cli/lint/command';
import { type LintFinding, severityOf } from '../../../src/cli/lint/finding';
import { format } from '../../../src/cli/lint/formats';
import { type Folder, makeFolder } from '../../../testkit/folder';

export const fixtures = path.join(checkout, 'test', 'fixtures', 'lint');

/** A copy with modes of its own, whatever a checkout has made of them. `PORT` becomes that of the stub DNS. */
export function copyOf(name: string, dnsPort = 9): Folder {
  const folder = makeFolder();
  fs.cpSync(path.join(fixtures, name), folder.path, { recursive: true });
  for (const entry of fs.readdirSync(folder.path, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    fs.chmodSync(file, entry.isDirectory() ? 0o755 : 0o644);
    if (entry.name !== 'smtpcheck.ini') continue;
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(':PORT', `:${dnsPort}`));
  }
  return folder;
}

/** When the fixtures are linted. */
const time = { now: Date.UTC(2026, 11, 1), expiringDays: 14 };

/** `localip:3 warning network-wide`, one line for each finding. */
export async function linesOf(folder: Folder, askDns = false): Promise<readonly string[]> {
  const { findings } = await lint({ path: folder.path, config: folder.file('config') }, askDns, {}, time);
  return findings.map(lineOf);
}

function lineOf(finding: LintFinding): string {
  return `${finding.at.file}:${finding.at.line} ${severityOf(finding)} ${finding.code}`;
}

/** What the command prints. */
export async function textOf(folder: Folder, askDns: boolean): Promise<readonly string[]> {
  const { TZ: zone } = process.env;
  // The report of an end is in the time zone of the host.
  process.env.TZ = 'UTC';
  const report = await lint({ path: folder.path, config: folder.file('config') }, askDns, {}, time);
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  return format(report, 'text', { colour: false, all: true, pathOf: (file) => file }).split('\n');
}
