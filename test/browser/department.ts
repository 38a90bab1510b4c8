/** A running Haraka whose page is worth looking at: the lists of a department, and clients of every kind. */
import fs from 'node:fs';
import path from 'node:path';
import { freePort, harakaPackage } from '../../examples/haraka-directory';
import { startDns } from '../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../testkit/live/haraka';
import { connectBehindProxy } from '../../testkit/live/proxied';
import { ask } from '../../testkit/live/status-client';
import { eventually, rcpt } from '../../testkit/live/talk';

export interface Department {
  readonly haraka: RunningHaraka;
  /** Of the status server. */
  readonly port: number;
  /** Of the page. */
  readonly url: string;
  stop(): Promise<void>;
}

const names: Readonly<Record<string, string>> = {
  '133.9.12.7': 'ws7.dept.example',
  '133.9.12.66': 'printer.dept.example',
  '192.0.2.25': 'mail.sender.example',
  '192.0.2.80': 'shell.campus.example',
  '203.0.113.9': 'host9.access.example',
};

const zone = Object.fromEntries(
  Object.entries(names).flatMap(([address, name]) => [
    [address, [name]],
    [name, { A: [address] }],
  ]),
);

export const lists: Readonly<Record<string, string>> = {
  me: 'mx.dept.example\n',
  host_list: 'dept.example\n',
  localip:
    "133.9.12            # the department's network\n2001:db8:12::/48\n!133.9.12.66        # but not the guests' printer\n133.9.13 limit=2/1h # printers\n",
  localdomain: 'campus.example      # hosts elsewhere that the campus names\nold.campus.example\n',
  'relay.to':
    'backup.example      # we are its backup MX\ndirector@institute.example\nformer.example      # moved away in 2023\n',
  'host.deny':
    '198.51.100          # nothing but spam, 2026-11\nspam.example\n203.0.113.77        # until they repair their form\n',
};

export interface DepartmentOptions {
  readonly nodes?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Of the status server. */
  readonly port?: number;
}

export async function startDepartment({
  nodes = 0,
  env = {},
  ...options
}: DepartmentOptions = {}): Promise<Department> {
  const port = options.port ?? (await freePort());
  const connectionIni = fs.readFileSync(path.join(harakaPackage('3.3'), 'config', 'connection.ini'), 'utf8');
  const dns = await startDns(zone);
  const haraka = await startHaraka({
    nodes,
    env,
    dns: dns.port,
    plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
    files: {
      ...lists,
      'connection.ini': connectionIni.replace(/^hosts\[\] *=.*$/m, 'hosts[] = 127.0.0.1'),
      'smtpcheck.ini': settingsOf(port),
    },
  }).catch(async (error: unknown) => {
    await dns.stop();
    throw error;
  });
  await eventually(
    (status) => status === 200,
    async () => (await ask({ port }, '/smtpcheck/status.json').catch(() => undefined))?.status,
  );
  return {
    haraka,
    port,
    url: `http://127.0.0.1:${port}/smtpcheck/`,
    async stop() {
      await haraka.stop();
      await dns.stop();
    },
  };
}

export function settingsOf(port: number): string {
  return `[status]\nlisten=127.0.0.1:${port}\n`;
}

export interface Visit {
  readonly client: string;
  readonly helo?: string;
  readonly from?: string;
  readonly to: string;
}

/** One recipient in a session of its own; what the client was answered. */
export async function visit(
  { haraka }: Pick<Department, 'haraka'>,
  { client, helo, from = 'someone@sender.example', to }: Visit,
): Promise<string> {
  const session = await connectBehindProxy({ port: haraka.port, client });
  try {
    if (session.greeting.code !== 220) return String(session.greeting.code);
    await session.command(`EHLO ${helo ?? names[client] ?? 'client.example'}`);
    await session.command(`MAIL FROM:<${from}>`);
    return await rcpt(session, to);
  } finally {
    session.destroy();
  }
}

/** Of each kind of client one visit, the usual ones more often. */
export const visits: readonly Visit[] = [
  { client: '133.9.12.7', from: 'staff@dept.example', to: 'friend@elsewhere.example' },
  { client: '133.9.12.7', from: 'staff@dept.example', to: 'colleague@campus.example' },
  { client: '192.0.2.80', from: 'student@campus.example', to: 'friend@elsewhere.example' },
  { client: '192.0.2.25', to: 'info@backup.example' },
  { client: '192.0.2.25', to: 'director@institute.example' },
  { client: '192.0.2.25', to: 'sales@backup.example' },
  { client: '203.0.113.9', from: 'win@prize.example', to: 'someone@victim.example' },
  { client: '203.0.113.9', from: 'win@prize.example', to: 'someone%victim.example@dept.example' },
  { client: '198.51.100.23', to: 'staff@dept.example' },
  { client: '133.9.12.66', from: 'printer@dept.example', to: 'user@elsewhere.example' },
];
