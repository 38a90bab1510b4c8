/** A real sendmail with a site's own files, asked rule by rule (`sendmail -bt`): so any client address can be asked about. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { startDns } from '../../../testkit/live/dns';
import type { Verdict } from '../../cli/import/imported-policy';
import { serveAtPort53 } from '../servers/name-server';
import { inWorkspace, runInside, startInside, type Workspace } from '../servers/namespace';
import type { Probe } from './probes';
import type { Files } from './site';

// What check_relay is given cannot be typed at the prompt of `-bt`, so a ruleset of our own hands it on.
const handOn = '\nSProbeClient\nR$*\t\t\t$: $>"Basic_check_relay" $&{client_name} $| $&{client_addr}\n';

const ended = 'all questions answered';
const answerTimeout = 60_000;

/** The answers of sendmail to each probe. `files` hold sendmail.mc and what belongs to it, as in /etc/mail. */
export async function askSendmail(root: string, files: Files, probes: readonly Probe[]): Promise<readonly Verdict[]> {
  return answersIn(await answersOfRules(root, files, questions(probes)), probes.length);
}

/** What `sendmail -bt` prints when these lines are typed. */
export async function answersOfRules(root: string, files: Files, lines: string): Promise<string> {
  const dns = await startDns({});
  const names = await serveAtPort53(dns.port);
  try {
    const daemon = await inWorkspace(names.address, (workspace) => {
      prepare(root, workspace, files);
      workspace.write('questions', lines);
      // In the background: the name server that it asks is this very process.
      const script = `/usr/libexec/sendmail/sendmail -bt <${workspace.path}/questions; echo ${ended}`;
      return startInside(root, workspace, ['sh', '-c', script], []);
    });
    try {
      const deadline = Date.now() + answerTimeout;
      while (!daemon.log().includes(ended)) {
        if (Date.now() > deadline) throw new Error(`sendmail -bt does not end:\n${daemon.log().slice(-2_000)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return daemon.log();
    } finally {
      await daemon.stop();
    }
  } finally {
    names.stop();
    await dns.stop();
  }
}

/** The sendmail.cf that m4 makes of the files. */
export async function finishedConfiguration(root: string, files: Files): Promise<string> {
  const prepared = await inWorkspace('127.0.0.1', async (workspace) => {
    const cf = prepare(root, workspace, files);
    return { log: () => cf, stop: async () => {} };
  });
  await prepared.stop();
  return prepared.log();
}

function prepare(root: string, workspace: Workspace, files: Files): string {
  for (const [name, text] of Object.entries(files)) workspace.write(`etc/mail/${name}`, text);
  // Debian's sendmail.mc includes these, which its set-up makes.
  for (const name of ['dialup', 'provider']) workspace.write(`etc/mail/m4/${name}.m4`, '');
  const mc = files['sendmail.mc'] ?? assert.fail('no sendmail.mc');
  const whole = /include\(.*\/cf\.m4/.test(mc) ? mc : `include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl\n${mc}`;
  const cf = `${runInside(root, workspace, ['m4', '-'], whole)}${handOn}`;
  workspace.write('etc/mail/sendmail.cf', cf);
  for (const name of ['access', 'mailertable', 'virtusertable', 'domaintable']) {
    if (name !== 'access' && files[name] === undefined) continue;
    const map = path.join(workspace.etc, 'mail', name);
    const makemap = ['makemap', '-C', path.join(workspace.etc, 'mail', 'sendmail.cf'), '-r', 'hash', map];
    // makemap takes no line without a value.
    runInside(root, workspace, makemap, files[name] ?? '');
  }
  return cf;
}

function questions(probes: readonly Probe[]): string {
  return probes
    .flatMap(({ client, localPart, domain }) => [
      `.D{client_addr}${addressText(client.ip)}`,
      `.D{client_name}${client.name ?? `[${addressText(client.ip)}]`}`,
      `.D{client_resolve}${client.name ? 'OK' : 'FAIL'}`,
      'ProbeClient x',
      `Basic_check_rcpt <${localPart}@${domain}>`,
      // What a RCPT that passed the checks comes to: a mailer, and one of them is `error`.
      `3,0 ${localPart}@${domain}`,
    ])
    .map((line) => `${line}\n`)
    .join('');
}

/** As sendmail holds an IPv6 address: tagged and without `::`. */
function addressText(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head = '', tail = ''] = ip.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const middle = Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
  return `IPv6:${[...groups(head), ...middle, ...groups(tail)].join(':')}`;
}

function answersIn(output: string, count: number): readonly Verdict[] {
  const results = (ruleset: string) => {
    const pattern = new RegExp(`^${ruleset}\\s+returns: (.*)$`, 'gm');
    return [...output.matchAll(pattern)].map((match) => match[1] ?? '');
  };
  const clients = results('ProbeClient');
  const recipients = results('Basic_check_rcpt');
  assert.equal(clients.length, count, output.slice(-2_000));
  assert.equal(recipients.length, count, output.slice(-2_000));
  const mailers = results('parse');
  assert.equal(mailers.length, count, output.slice(-2_000));
  return clients.map((client, number) => {
    if (/^\$# (?:error|discard)/.test(client)) return 'refused';
    if (/^\$# (?:error|discard)/.test(mailers[number] ?? '')) return 'not relayed';
    return /^RELAY$/.test(recipients[number] ?? '') ? 'relayed' : 'not relayed';
  });
}
