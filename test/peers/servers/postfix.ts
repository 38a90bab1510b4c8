/** A Postfix with the policy of the corpus. It has no queue manager and no delivery agent, so it can only queue. */
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { type Listener, listeners } from '../../../testkit/live/haraka';
import { idOf, inWorkspace, runInside, startInside, type Workspace } from './namespace';
import type { Server, TakenMessage } from './server';

// Its master listens on no IPv4-mapped address.
const hosts: Readonly<Partial<Record<Listener, string>>> = { ipv4: '127.0.0.1', ipv6: '::1' };

/**
 * `policy`: lines of `main.cf` that come after those of the corpus, and count in their place. `services`: lines of `master.cf`
 * besides those that are needed to queue mail.
 */
export function startPostfix(root: string, nameServer: string, policy = '', services = ''): Promise<Server> {
  return inWorkspace(nameServer, (workspace) => start(root, workspace, policy, services));
}

async function start(root: string, workspace: Workspace, policy: string, services: string): Promise<Server> {
  const ports: Partial<Record<Listener, number>> = {};
  for (const listener of listeners) if (hosts[listener]) ports[listener] = await freePort(hosts[listener]);
  const serving = Object.entries(ports).map(([listener, port]) => ({ host: hosts[listener as Listener] ?? '', port }));

  workspace.write('etc/postfix/main.cf', `${configurationOf(workspace.path)}${policy}`);
  workspace.write('etc/postfix/master.cf', `${servicesOf(serving)}${services}`);
  const queue = path.join(workspace.path, 'queue');
  fs.mkdirSync(queue);
  const data = path.join(workspace.path, 'data');
  fs.mkdirSync(data);
  fs.chownSync(data, idOf('postfix'), idOf('postfix'));

  const daemon = await startInside(root, workspace, ['postfix', 'start-fg'], serving);
  return { ...daemon, name: 'postfix', ports, queued: queueReader(root, workspace) };
}

// What is not policy is left as Debian has it, except limits on clients that come too often or err too much.
function configurationOf(directory: string): string {
  return `compatibility_level = 3.6
myhostname = mx.local.example
mydestination = local.example, mx.local.example
inet_interfaces = ${listeners.includes('ipv6') ? '127.0.0.1, ::1' : '127.0.0.1'}
inet_protocols = ${listeners.includes('ipv6') ? 'all' : 'ipv4'}
mynetworks = 127.9.0.0/16, 127.8.1.0/24, 127.7.7.7/32
relay_domains = backup.example, [192.0.2.25]
smtpd_relay_restrictions =
  permit_mynetworks, check_client_access inline:{campus.example=OK}, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_helo_required = yes
disable_vrfy_command = yes
# The default of later releases.
smtpd_forbid_bare_newline = normalize
in_flow_delay = 0
${operationIn(directory)}`;
}

/** What is no policy: where it runs, that any local user exists, and that any number of clients and errors will do. */
export function operationIn(directory: string): string {
  return `local_recipient_maps =
alias_maps =
alias_database =
smtpd_tls_security_level = none
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
queue_directory = ${directory}/queue
data_directory = ${directory}/data
daemon_directory = /usr/lib/postfix/sbin
maillog_file = /dev/stdout
`;
}

function servicesOf(serving: readonly { readonly host: string; readonly port: number }[]): string {
  return [
    ...serving.map(({ host, port }) => `[${host}]:${port} inet n - n - - smtpd`),
    'cleanup unix n - n - 0 cleanup',
    'rewrite unix - - n - - trivial-rewrite',
    'proxymap unix - - n - - proxymap',
    'anvil unix - - n - 1 anvil',
    'showq unix n - n - - showq',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ].join('\n');
}

// Its file names tell when the queue has changed; what is in it, its own program tells.
function queueReader(root: string, workspace: Workspace): Server['queued'] {
  let names = '';
  let messages: readonly TakenMessage[] = [];
  return async () => {
    const now = fs.readdirSync(path.join(workspace.path, 'queue', 'incoming')).join();
    if (now !== names) messages = parseQueue(runInside(root, workspace, ['postqueue', '-j']));
    names = now;
    return messages;
  };
}

function parseQueue(lines: string): readonly TakenMessage[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const message = JSON.parse(line) as { queue_id: string; recipients: readonly { address: string }[] };
      return { id: message.queue_id, recipients: message.recipients.map(({ address }) => address) };
    });
}
