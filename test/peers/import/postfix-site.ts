/** A real Postfix with a site's own files, asked over SMTP; by XCLIENT a client takes whatever address is asked about. */
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { startDns } from '../../../testkit/live/dns';
import { connect, isAccepted } from '../../../testkit/live/smtp-client';
import type { Client, Verdict } from '../../cli/import/imported-policy';
import { serveAtPort53 } from '../servers/name-server';
import { idOf, inWorkspace, runInside, startInside, type Workspace } from '../servers/namespace';
import { describeProbe, type Probe } from './probes';
import type { Files } from './site';

/** The answers of Postfix to each probe. `files` hold main.cf and its tables, as in /etc/postfix. */
export async function askPostfix(root: string, files: Files, probes: readonly Probe[]): Promise<readonly Verdict[]> {
  const dns = await startDns({});
  const names = await serveAtPort53(dns.port);
  try {
    const port = await freePort('127.0.0.1');
    const daemon = await inWorkspace(names.address, (workspace) => {
      prepare(root, workspace, files, port);
      return startInside(root, workspace, ['postfix', 'start-fg'], [{ host: '127.0.0.1', port }]);
    });
    try {
      const verdicts = new Map<Probe, Verdict>();
      for (const client of new Set(probes.map((probe) => probe.client))) {
        const own = probes.filter((probe) => probe.client === client);
        for (const [probe, verdict] of await ask(port, client, own)) verdicts.set(probe, verdict);
      }
      return probes.map((probe) => verdicts.get(probe) ?? 'not relayed');
    } catch (cause) {
      throw new Error(daemon.log().slice(-4_000), { cause });
    } finally {
      await daemon.stop();
    }
  } finally {
    names.stop();
    await dns.stop();
  }
}

// What is not policy: where it runs, and that any sender and any number of probes will do.
const operation = (folder: string) => `
smtpd_authorized_xclient_hosts = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = all
local_recipient_maps =
alias_maps =
alias_database =
smtpd_tls_security_level = none
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
queue_directory = ${folder}/queue
data_directory = ${folder}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
maillog_file = /dev/stdout
`;

const services = (port: number) => `[127.0.0.1]:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;

function prepare(root: string, workspace: Workspace, files: Files, port: number): void {
  for (const [name, text] of Object.entries(files)) workspace.write(`etc/postfix/${name}`, text);
  const main = files['main.cf'] ?? '';
  const level = /^compatibility_level/m.test(main) ? '' : '\ncompatibility_level = 3.6';
  workspace.write('etc/postfix/main.cf', `${main}${level}${operation(workspace.path)}`);
  workspace.write('etc/postfix/master.cf', services(port));
  fs.mkdirSync(path.join(workspace.path, 'queue'));
  const data = path.join(workspace.path, 'data');
  fs.mkdirSync(data);
  fs.chownSync(data, idOf('postfix'), idOf('postfix'));
  for (const table of Object.keys(files)) {
    if (table === 'main.cf' || table.endsWith('.cidr')) continue;
    runInside(root, workspace, ['postmap', `hash:${path.join(workspace.etc, 'postfix', table)}`]);
  }
}

/** All that one client is asked about, in one connection. */
async function ask(port: number, client: Client, probes: readonly Probe[]): Promise<Map<Probe, Verdict>> {
  const verdicts = new Map<Probe, Verdict>();
  const connection = await connect({ port });
  try {
    await connection.command('EHLO probe.example');
    const greeting = await connection.command(`XCLIENT ${attributesOf(client)}`);
    if (!isAccepted(greeting)) throw new Error(`${client.ip}: XCLIENT: ${greeting.code} ${greeting.text}`);
    await connection.command('EHLO probe.example');
    await connection.command('MAIL FROM:<sender@probe.example>');
    for (const probe of probes) {
      const reply = await connection.command(`RCPT TO:<${probe.localPart}@${probe.domain}>`);
      const refused = /Client host rejected/.test(reply.text);
      verdicts.set(probe, isAccepted(reply) ? 'relayed' : refused ? 'refused' : 'not relayed');
      if (reply.code === 'closed') throw new Error(`${describeProbe(probe)}: closed`);
    }
    return verdicts;
  } finally {
    connection.destroy();
  }
}

function attributesOf({ ip, name }: Client): string {
  const known = name ?? '[UNAVAILABLE]';
  return `NAME=${known} REVERSE_NAME=${known} ADDR=${ip.includes(':') ? `IPV6:${ip}` : ip}`;
}
