/**
 * Runs a program of an unpacked Debian package as if it were installed, with an `/etc` of its own, in namespaces that
 * end with it: the machine's files are not touched, and nothing outlives the test run.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export interface Workspace {
  /** Readable by the users that the mail servers turn into. */
  readonly path: string;
  readonly etc: string;
  file(name: string): string;
  /** Returns the full name of the file. */
  write(name: string, text: string, mode?: number): string;
  remove(): void;
}

export interface Daemon {
  /** All output so far. */
  log(): string;
  stop(): Promise<void>;
}

const START_TIMEOUT = 15_000;
const STOP_TIMEOUT = 3_000;

// The servers insist on users of their own; the numbers are above what Debian gives out.
const users: readonly (readonly [string, number])[] = [
  ['root', 0],
  ['daemon', 1],
  ['mail', 8],
  ['smmta', 64501],
  ['smmsp', 64502],
  ['postfix', 64503],
  ['postdrop', 64504],
  ['dovecot', 64505],
  ['dovenull', 64506],
  ['popa3d', 64507],
  ['nobody', 65534],
];

export function idOf(user: string): number {
  return users.find(([name]) => name === user)?.[1] ?? 65534;
}

// The name server is asked at port 53: a resolver knows no other.
function makeWorkspace(nameServer: string, hosts: string): Workspace {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-beside-'));
  fs.chmodSync(directory, 0o755);
  const file = (name: string) => path.join(directory, name);
  const write = (name: string, text: string, mode = 0o644) => {
    fs.mkdirSync(path.dirname(file(name)), { recursive: true });
    fs.writeFileSync(file(name), text, { mode });
    return file(name);
  };
  write('etc/passwd', users.map(([name, id]) => `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin\n`).join(''));
  write('etc/group', users.map(([name, id]) => `${name}:x:${id}:\n`).join(''));
  write('etc/hosts', hosts);
  write('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n');
  write('etc/resolv.conf', `nameserver ${nameServer}\noptions timeout:2 attempts:2\n`);
  const remove = () => {
    process.off('exit', remove);
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', remove);
  return { path: directory, etc: file('etc'), file, write, remove };
}

/** Starts a server in a workspace that is removed with it, or if it does not start. */
export async function inWorkspace<T extends Daemon>(
  nameServer: string,
  start: (workspace: Workspace) => Promise<T>,
  hosts = '127.0.0.1 localhost\n',
): Promise<T> {
  const workspace = makeWorkspace(nameServer, hosts);
  try {
    const daemon = await start(workspace);
    return {
      ...daemon,
      async stop() {
        await daemon.stop();
        workspace.remove();
      },
    };
  } catch (error) {
    workspace.remove();
    throw error;
  }
}

const dress = `
mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr
mount -t overlay overlay -o "lowerdir=$2:$1/etc:/etc" /etc
if [ -d "$1/var" ]; then mount -t overlay overlay -o "lowerdir=$1/var:/var" /var; fi
hostname mx.local.example
shift 2
`;

/** Processes of the namespace have numbers of their own, and go with the first of them. */
const ownProcesses = ['--pid', '--fork', '--kill-child', '--mount-proc'];

/** What `unshare` is called with. */
function insideOf(
  root: string,
  { etc }: Workspace,
  command: readonly string[],
  script = 'exec "$@"',
  namespaces: readonly string[] = [],
): readonly string[] {
  return ['--mount', '--uts', ...namespaces, 'sh', '-ec', `${dress}${script}`, 'sh', root, etc, ...command];
}

/** Runs a command to its end and returns what it prints. */
export function runInside(root: string, workspace: Workspace, command: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('unshare', insideOf(root, workspace, command), {
    encoding: 'utf8',
    input,
  });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  return stdout;
}

/** A program that speaks on its standard streams; `forks`: its children would outlive it. */
export function pipeInside(
  root: string,
  workspace: Workspace,
  command: readonly string[],
  forks: boolean,
): ChildProcessWithoutNullStreams {
  return spawn('unshare', insideOf(root, workspace, command, undefined, forks ? ownProcesses : []));
}

/** Resolves when the ports take connections. */
export async function startInside(
  root: string,
  workspace: Workspace,
  command: readonly string[],
  ports: readonly { readonly host: string; readonly port: number }[],
): Promise<Daemon> {
  // Standard input is a pipe from the test run. It closes when that ends, and with the first process of a process
  // namespace all others go.
  // Postfix opens /dev/stdout by name, which a pipe allows and the socket that Node hands out does not.
  const script = '"$@" </dev/null 2>&1 | cat & read -r _ || true';
  const child = spawn('unshare', insideOf(root, workspace, command, script, ownProcesses));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const daemon: Daemon = {
    log: () => output,
    async stop() {
      await end(child);
      process.off('exit', kill);
    },
  };
  try {
    const deadline = Date.now() + START_TIMEOUT;
    for (const { host, port } of ports) await untilServing(host, port, deadline);
    return daemon;
  } catch {
    await daemon.stop();
    throw new Error(`${command.join(' ')} does not listen:\n${output}`);
  }
}

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
  child.stdin.end();
  await closed;
  clearTimeout(timer);
}

async function untilServing(host: string, port: number, deadline: number): Promise<void> {
  const socket = net.connect({ host, port });
  try {
    await once(socket, 'connect');
  } catch (error) {
    if (Date.now() > deadline) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await untilServing(host, port, deadline);
  } finally {
    socket.destroy();
  }
}
