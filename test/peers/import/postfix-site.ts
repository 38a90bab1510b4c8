/** A real Postfix with a site's own files, asked over SMTP; by XCLIENT a client takes whatever address is asked about. */
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { startDns } from '../../../testkit/live/dns';
import { connect, isAccepted } from '../../../testkit/live/smtp-client';
import type { Client, Verdict } from '../../cli/import/imported-policy';
import { serveAtPort53 } from '../servers/name-server';
import { idOf, inWorkspace, runInside, startInside, type Workspace } from '../servers/namespace';
import { operationIn } from '../servers/postfix';
import { describeProbe, type Probe } from './probes';
import type { Files } from './site';

/**
 * The answers of Postfix to each probe. `files` hold main.cf and its tables, as in /etc/postfix; `options` are those of the
 * service in master.cf.
 */
export function askPostfix(
  root: string,
  files: Files,
  probes: readonly Probe[],
  options = '',
): Promise<readonly Verdict[]> {
  return withPostfix(root, files, smtpd(options), async (port) => {
    const verdicts = new Map<Probe, Verdict>();
    for (const client of new Set(probes.map((probe) => probe.client))) {
      const own = probes.filter((probe) => probe.client === client);
      for (const [probe, verdict] of await ask(port, client, own)) verdicts.set(probe, verdict);
    }
    return probes.map((probe) => verdicts.get(probe) ?? 'not relayed');
  });
}

/** The code that postscreen greets each client with; a proxy in front of it says which address the client has. */
export function askPostscreen(root: string, files: Files, addresses: readonly string[]): Promise<readonly number[]> {
  return withPostfix(root, files, postscreen, async (port) => {
    const codes: number[] = [];
    for (const address of addresses) codes.push(await greetingBehindProxy(port, address));
    return codes;
  });
}

async function greetingBehindProxy(port: number, address: string): Promise<number> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    const family = address.includes(':') ? 'TCP6' : 'TCP4';
    socket.write(`PROXY ${family} ${address} ${family === 'TCP6' ? '::1' : '127.0.0.1'} 1025 25\r\n`);
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    return Number(greeting.toString('latin1').slice(0, 3));
  } finally {
    socket.destroy();
  }
}

/** master.cf, by the port that is asked. */
type Services = (port: number) => string;

async function withPostfix<T>(
  root: string,
  files: Files,
  services: Services,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const dns = await startDns({});
  const names = await serveAtPort53(dns.port);
  try {
    const port = await freePort('127.0.0.1');
    const daemon = await inWorkspace(names.address, (workspace) => {
      prepare(root, workspace, files, services(port));
      return startInside(root, workspace, ['postfix', 'start-fg'], [{ host: '127.0.0.1', port }]);
    });
    try {
      return await use(port);
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
command_directory = /usr/sbin
${operationIn(folder)}`;

const smtpd =
  (options: string): Services =>
  (port) =>
    `[127.0.0.1]:${port} inet n - n - - smtpd ${options}\n${others}`;

const postscreen: Services = (port) =>
  `[127.0.0.1]:${port} inet n - n - 1 postscreen -o postscreen_upstream_proxy_protocol=haproxy -o postscreen_greet_wait=1s
smtpd pass - - n - - smtpd
${others}`;

const others = `cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;

function prepare(root: string, workspace: Workspace, files: Files, services: string): void {
  for (const [name, text] of Object.entries(files)) workspace.write(`etc/postfix/${name}`, text);
  const main = files['main.cf'] ?? '';
  const level = /^compatibility_level/m.test(main) ? '' : '\ncompatibility_level = 3.6';
  workspace.write('etc/postfix/main.cf', `${main}${level}${operation(workspace.path)}`);
  workspace.write('etc/postfix/master.cf', services);
  fs.mkdirSync(path.join(workspace.path, 'queue'));
  const data = path.join(workspace.path, 'data');
  fs.mkdirSync(data);
  fs.chownSync(data, idOf('postfix'), idOf('postfix'));
  for (const table of Object.keys(files)) {
    if (/\.(?:cf|cidr)$/.test(table)) continue;
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
