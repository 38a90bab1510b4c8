/** A sendmail with the policy of the corpus, made as a site would make it: an m4 file, an access map. It only queues. */
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { type Listener, listeners } from '../../../testkit/live/haraka';
import { inWorkspace, runInside, startInside, type Workspace } from './namespace';
import type { Server, TakenMessage } from './server';

const access = `Connect:127.9	RELAY
Connect:127.8.1	RELAY
Connect:127.7.7.7	RELAY
Connect:campus.example	RELAY
To:backup.example	RELAY
To:[192.0.2.25]	RELAY
`;

const hosts: Readonly<Record<Listener, string>> = { ipv4: '127.0.0.1', ipv6: '::1', mapped: '::ffff:127.0.0.1' };

export function startSendmail(root: string, nameServer: string): Promise<Server> {
  return inWorkspace(nameServer, (workspace) => start(root, workspace));
}

async function start(root: string, workspace: Workspace): Promise<Server> {
  const ports: Partial<Record<Listener, number>> = {};
  for (const listener of listeners) ports[listener] = await freePort(hosts[listener]);

  const queue = path.join(workspace.path, 'queue');
  fs.mkdirSync(queue, { mode: 0o700 });
  // In /etc/mail, since sendmail opens no map below a folder that others may write to.
  workspace.write('etc/mail/access', access);
  const mc = configurationOf(workspace.path, ports);
  workspace.write('etc/mail/sendmail.cf', runInside(root, workspace, ['m4', '-'], mc));
  const map = path.join(workspace.etc, 'mail', 'access');
  const makemap = ['makemap', '-C', path.join(workspace.etc, 'mail', 'sendmail.cf'), 'hash', map];
  runInside(root, workspace, makemap, access);

  const serving = Object.entries(ports).map(([listener, port]) => ({ host: hosts[listener as Listener], port }));
  const daemon = await startInside(root, workspace, ['/usr/libexec/sendmail/sendmail', '-bD'], serving);
  return { ...daemon, name: 'sendmail', ports, queued: async () => readQueue(queue) };
}

// What is not policy is left as Debian has it, except where it would look beyond loopback or at the machine's load.
function configurationOf(directory: string, ports: Partial<Record<Listener, number>>): string {
  const daemons = Object.entries(ports).map(([listener, port]) => {
    const family = listener === 'ipv4' ? 'inet' : 'inet6';
    return `DAEMON_OPTIONS(\`Name=${listener}, Family=${family}, Addr=${hosts[listener as Listener]}, Port=${port}')dnl`;
  });
  return `include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(\`debian')dnl
define(\`confDOMAIN_NAME', \`mx.local.example')dnl
LOCAL_DOMAIN(\`local.example mx.local.example')dnl
FEATURE(\`access_db', \`hash -T<TMPF> /etc/mail/access')dnl
define(\`confPRIVACY_FLAGS', \`needmailhelo,noexpn,novrfy,authwarnings')dnl
dnl Senders are no part of this policy, and any local user exists.
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
MODIFY_MAILER_FLAGS(\`LOCAL', \`-w')dnl
undefine(\`ALIAS_FILE')dnl
dnl Queue, and send nothing.
define(\`confDELIVERY_MODE', \`queue')dnl
define(\`QUEUE_DIR', \`${directory}/queue')dnl
define(\`confPID_FILE', \`${directory}/sendmail.pid')dnl
define(\`STATUS_FILE', \`${directory}/statistics')dnl
define(\`confHOST_STATUS_DIRECTORY', \`')dnl
define(\`HELP_FILE', \`')dnl
define(\`confTO_IDENT', \`0s')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
define(\`confREFUSE_LA', \`1000')dnl
define(\`confQUEUE_LA', \`1000')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`no_default_msa')dnl
${daemons.join('\n')}
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;
}

// A control file is complete once it is called qf. Its R lines are the recipients, after the flags and a colon.
function readQueue(queue: string): readonly TakenMessage[] {
  const names = fs.readdirSync(queue).filter((name) => name.startsWith('qf'));
  return names.map((id) => {
    const lines = fs.readFileSync(path.join(queue, id), 'latin1').split('\n');
    const recipients = lines.flatMap((line) => /^R[A-Z]*:<?(.*?)>?$/.exec(line)?.[1] ?? []);
    return { id, recipients: recipients.map((text) => Buffer.from(text, 'latin1').toString('utf8')) };
  });
}
