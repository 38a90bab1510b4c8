/**
 * Mail servers from Debian, each in a mount and process namespace of its own: their packages are unpacked beside the
 * system and laid over it for that process alone, so nothing is installed, sendmail and Postfix go together, and all of
 * them end with the test run. It takes root, a Debian of the same release, and a package mirror for the first run.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const packages: readonly string[] = [
  ...['sendmail-bin', 'sendmail-base', 'sendmail-cf', 'postfix', 'dovecot-core', 'dovecot-pop3d', 'popa3d'],
  ...['mailutils-pop3d', 'mailutils-common', 'libmailutils9', 'libmu-dbm9', 'libgc1', 'guile-3.0-libs', 'libgssglue1'],
  ...['libidn12', 'libntlm0', 'libgsasl18', 'liblzo2-2', 'libkyotocabinet16v5', 'libltdl7', 'libmariadb3', 'libwrap0'],
  ...['libexttextcat-2.0-0', 'liblua5.4-0', 'liblockfile1', 'm4', 'libsigsegv2'],
];

/** Kept between runs; SMTPCHECK_PEERS names another folder. */
const store = process.env.SMTPCHECK_PEERS ?? path.join(os.tmpdir(), 'smtpcheck-peers');

/** The unpacked packages. Says what to do where they cannot be had. */
export function peerPackages(): string {
  const root = path.join(store, 'root');
  const done = path.join(store, 'complete');
  if (fs.existsSync(done) && fs.readFileSync(done, 'utf8') === packages.join(' ')) return root;
  const debs = path.join(store, 'debs');
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(debs, { recursive: true });
  fs.mkdirSync(root, { recursive: true });
  try {
    execFileSync('apt-get', ['download', ...packages], { cwd: debs, stdio: 'pipe' });
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString() ?? String(error);
    throw new Error(`the peers' packages cannot be had (try “apt-get update”):\n${said}`);
  }
  for (const deb of fs.readdirSync(debs).filter((name) => name.endsWith('.deb'))) {
    execFileSync('dpkg', ['-x', path.join(debs, deb), root]);
  }
  // Where /lib is a link to /usr/lib, an overlay of /usr has to hold both.
  if (fs.existsSync(path.join(root, 'lib'))) {
    fs.cpSync(path.join(root, 'lib'), path.join(root, 'usr', 'lib'), { recursive: true });
  }
  fs.writeFileSync(done, packages.join(' '));
  return root;
}

export interface PeerFolder {
  readonly path: string;
  file(name: string): string;
  /** Writes a file below the folder and gives its full name. */
  write(name: string, text: string, mode?: number): string;
}

export interface PeerOptions {
  /** The command, given the folder and the port. */
  command(folder: PeerFolder, port: number): readonly string[];
  /** Run once in the namespace before it, for servers that compile their configuration. */
  prepare?(folder: PeerFolder, port: number): readonly string[];
  /**
   * A program that speaks on its standard streams, started for each connection. One that forks has process numbers of its
   * own, or its children would outlive it; one that does not has those of the machine, as its APOP timestamp shows.
   */
  readonly inetd?: 'forks' | 'one-process';
}

export interface Peer {
  readonly port: number;
  readonly folder: PeerFolder;
  stop(): Promise<void>;
}

const accounts = {
  passwd: [
    'postfix:x:8001:8001::/nonexistent:/usr/sbin/nologin',
    'dovecot:x:8002:8002::/nonexistent:/usr/sbin/nologin',
    'dovenull:x:8003:8003::/nonexistent:/usr/sbin/nologin',
    'smmta:x:8004:8004::/nonexistent:/usr/sbin/nologin',
    'smmsp:x:8005:8005::/nonexistent:/usr/sbin/nologin',
    'popa3d:x:8006:8006::/nonexistent:/usr/sbin/nologin',
  ],
  group: [
    'postfix:x:8001:',
    'dovecot:x:8002:',
    'dovenull:x:8003:',
    'smmta:x:8004:',
    'smmsp:x:8005:',
    'popa3d:x:8006:',
    'postdrop:x:8007:',
  ],
};

/** No DNS, and a name for the address that the audit asks from. */
export const strangerAddress = '127.0.0.5';
const hosts = `127.0.0.1 localhost mx.example.org\n${strangerAddress} stranger.example.org\n`;

export async function startPeer(options: PeerOptions): Promise<Peer> {
  const root = peerPackages();
  const folder = peerFolder();
  const remove = (): void => fs.rmSync(folder.path, { recursive: true, force: true, maxRetries: 5 });
  try {
    return await startIn(folder, root, options, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

async function startIn(folder: PeerFolder, root: string, options: PeerOptions, remove: () => void): Promise<Peer> {
  folder.write('etc/passwd', `${fs.readFileSync('/etc/passwd', 'utf8')}${accounts.passwd.join('\n')}\n`);
  folder.write('etc/group', `${fs.readFileSync('/etc/group', 'utf8')}${accounts.group.join('\n')}\n`);
  folder.write('etc/hosts', hosts);
  folder.write('etc/resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  // popa3d looks at passwords from an empty folder that its package brings along.
  fs.mkdirSync(folder.file('var/lib/popa3d'), { recursive: true });
  const port = await freePort();
  const command = options.command(folder, port);
  const prepare = options.prepare?.(folder, port);
  if (prepare !== undefined) await ended(inNamespace(root, folder, prepare), folder);
  const stop =
    options.inetd !== undefined
      ? await inetd(root, folder, command, port, options.inetd === 'forks' ? ownProcesses : [])
      : await daemon(root, folder, command, port);
  return {
    port,
    folder,
    stop: async () => {
      await stop();
      remove();
    },
  };
}

function peerFolder(): PeerFolder {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-peer-'));
  fs.chmodSync(folder, 0o755);
  const file = (name: string): string => path.join(folder, name);
  return {
    path: folder,
    file,
    write: (name, text, mode = 0o644) => {
      fs.mkdirSync(path.dirname(file(name)), { recursive: true });
      fs.writeFileSync(file(name), text, { mode });
      return file(name);
    },
  };
}

/**
 * The shell is the first process of its namespace: when it ends, all in there ends. It ends when its standard input does,
 * which is when the test run is gone, however that happened.
 */
const daemonScript = '"$@" </dev/null & cat >/dev/null';
const onceScript = 'exec "$@"';
const ownProcesses: readonly string[] = ['--pid', '--fork', '--kill-child', '--mount-proc'];

function inNamespace(
  root: string,
  folder: PeerFolder,
  command: readonly string[],
  script = onceScript,
  processes: readonly string[] = ownProcesses,
): ChildProcess {
  const setUp = [
    'set -e',
    `mount -t overlay usr -o lowerdir=${root}/usr:/usr /usr`,
    `mount -t overlay var -o lowerdir=${folder.file('var')}:/var /var`,
    `mount -t overlay etc -o lowerdir=${folder.file('etc')}:${root}/etc:/etc /etc`,
    script,
  ].join('\n');
  const child = spawn('unshare', ['--mount', ...processes, 'sh', '-c', setUp, 'peer', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => fs.existsSync(folder.path) && note(folder, text));
  return child;
}

function note(folder: PeerFolder, text: string): void {
  fs.appendFileSync(folder.file('log'), text);
}

export function peerLog(folder: PeerFolder): string {
  const read = (name: string): string =>
    fs.existsSync(folder.file(name)) ? fs.readFileSync(folder.file(name), 'utf8') : '';
  return `${read('log')}${read('maillog')}`;
}

async function ended(child: ChildProcess, folder: PeerFolder): Promise<void> {
  child.stdout?.on('data', (text: Buffer) => note(folder, text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`a peer could not be prepared (${code}):\n${peerLog(folder)}`);
}

async function daemon(
  root: string,
  folder: PeerFolder,
  command: readonly string[],
  port: number,
): Promise<() => Promise<void>> {
  const child = inNamespace(root, folder, command, daemonScript);
  child.stdout?.on('data', (text: Buffer) => note(folder, text.toString()));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    await closed;
  };
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    if (await answers(port)) return stop;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error(`a peer does not answer on port ${port}: ${command.join(' ')}\n${peerLog(folder)}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    const tell = (yes: boolean) => () => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('data', tell(true));
    socket.once('error', tell(false));
    socket.setTimeout(3000, tell(false));
  });
}

async function inetd(
  root: string,
  folder: PeerFolder,
  command: readonly string[],
  port: number,
  processes: readonly string[],
): Promise<() => Promise<void>> {
  const children = new Set<ChildProcess>();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const child = inNamespace(root, folder, command, onceScript, processes);
    children.add(child);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    child.once('close', () => {
      children.delete(child);
      socket.end();
    });
    child.stdin?.on('error', () => socket.destroy());
    socket.on('error', () => child.kill());
    socket.on('close', () => child.stdin?.end());
    if (child.stdin !== null) socket.pipe(child.stdin);
    child.stdout?.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
