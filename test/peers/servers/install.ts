/**
 * Fetches mail servers, Redis, Prometheus and fail2ban as Debian packages them and unpacks each, with the libraries this
 * machine lacks, into a cache folder. Nothing is installed: the mail servers exclude one another as packages, and no daemon of
 * theirs shall start here.
 *
 *     node .build/test/peers/servers/install.js
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Those that a policy is compared with. */
export type PeerName = 'sendmail' | 'postfix';

export type MailServer = keyof typeof packages;

/** Where each peer's `usr` and `etc` are, or why there are none. */
export type Peers<N extends MailServer> =
  | { readonly roots: Readonly<Record<N, string>> }
  | { readonly missing: string };

/** Where the `usr` of a package is, or why there is none. */
export type Unpacked = { readonly root: string } | { readonly missing: string };

export const packages = {
  sendmail: 'sendmail-bin',
  postfix: 'postfix',
  dovecot: 'dovecot-pop3d',
  popa3d: 'popa3d',
  mailutils: 'mailutils-pop3d',
} as const;
const fetching = ['apt-get', 'dpkg'];

export const cache = path.join(
  process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'),
  'haraka-plugin-smtpcheck',
  'peers',
);

/** The mail servers; without names, the two that a policy is compared with. */
export function installPeers(): Peers<PeerName>;
export function installPeers<N extends MailServer>(names: readonly N[]): Peers<N>;
export function installPeers(names: readonly MailServer[] = ['sendmail', 'postfix']): Peers<MailServer> {
  const missing = missingHere();
  if (missing) return { missing };
  const roots: Partial<Record<MailServer, string>> = {};
  for (const name of names) {
    const unpacked = unpackOnce(name, [packages[name]]);
    if ('missing' in unpacked) return unpacked;
    roots[name] = unpacked.root;
  }
  return { roots: roots as Record<MailServer, string> };
}

/** cf/README, which Debian has in a package of its own. */
export function installSendmailDocumentation(): Unpacked {
  const missing = noLinux() ?? absent(fetching);
  return missing === undefined ? unpackOnce('sendmail-doc', ['sendmail-doc']) : { missing };
}

/** Redis changes no user and reads nothing of the machine's, so it needs neither root nor namespaces. */
export function installRedis(): Unpacked {
  const missing = noLinux() ?? absent([...fetching, 'setpriv']);
  // The server's program is a link into the package of the tools.
  return missing === undefined ? unpackOnce('redis', ['redis-server', 'redis-tools']) : { missing };
}

/** Prometheus and promtool are single programs, which read nothing of the machine's. */
export function installPrometheus(): Unpacked {
  const missing = noLinux() ?? absent([...fetching, 'setpriv']);
  return missing === undefined ? unpackOnce('prometheus', ['prometheus']) : { missing };
}

/** Of fail2ban only what reads logs is run: it bans nobody and needs no root. */
export function installFail2ban(): Unpacked {
  const missing = noLinux() ?? absent(fetching);
  return missing === undefined ? unpackOnce('fail2ban', ['fail2ban']) : { missing };
}

/** For a program of an unpacked package that is run where it lies. */
export function environmentOf(root: string): NodeJS.ProcessEnv {
  const lib = path.join(root, 'usr', 'lib');
  const folders = fs.readdirSync(lib, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return { ...process.env, LD_LIBRARY_PATH: [lib, ...folders.map(({ name }) => path.join(lib, name))].join(':') };
}

function missingHere(): string | undefined {
  const missing = noLinux();
  if (missing) return missing;
  if (process.getuid?.() !== 0) return 'only root may start mail servers in namespaces of their own';
  const programs = absent([...fetching, 'unshare', 'mount', 'hostname']);
  if (programs) return programs;
  const refusal = run('unshare', ['--mount', '--uts', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return refusal && `this machine allows no namespaces: ${refusal}`;
}

export function noLinux(): string | undefined {
  return process.platform === 'linux' ? undefined : 'this is not Linux';
}

export function absent(programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => run('sh', ['-c', `command -v ${program}`]) !== undefined);
  return missing.length ? `no ${missing.join(', ')} here` : undefined;
}

function unpackOnce(folder: string, names: readonly string[]): Unpacked {
  const root = path.join(cache, folder);
  const failure = fs.existsSync(root) ? undefined : fetchAndUnpack(names, root);
  return failure === undefined ? { root } : { missing: `${names[0]} could not be had: ${failure}` };
}

// In a folder of its own and renamed at the end: a root that is there is whole, and two test runs may both be at it.
function fetchAndUnpack(names: readonly string[], root: string): string | undefined {
  fs.mkdirSync(cache, { recursive: true });
  const work = fs.mkdtempSync(path.join(cache, 'fetch-'));
  try {
    const archives = path.join(work, 'archives');
    fs.mkdirSync(path.join(archives, 'partial'), { recursive: true });
    const failure = download(names, archives) && (refreshPackageLists() || download(names, archives));
    return failure || unpack(archives, path.join(work, 'root'), root);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

function download(names: readonly string[], archives: string): string | undefined {
  return run('apt-get', [
    ...['-qq', '--yes', '--no-install-recommends', '--download-only', '--reinstall'],
    // Nothing but this folder is written, so a package manager at work elsewhere is no hindrance.
    ...['-o', 'Debug::NoLocking=1', '-o', `Dir::Cache::archives=${archives}`, 'install', ...names],
  ]);
}

export function refreshPackageLists(): string | undefined {
  return run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', 'update']);
}

function unpack(archives: string, unpacked: string, root: string): string | undefined {
  for (const archive of fs.readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const failure = run('dpkg', ['-x', path.join(archives, archive), unpacked]);
    if (failure) return failure;
  }
  // Packages from before the merge of /lib into /usr/lib.
  const lib = path.join(unpacked, 'lib');
  if (fs.existsSync(lib))
    fs.cpSync(lib, path.join(unpacked, 'usr', 'lib'), { recursive: true, verbatimSymlinks: true });
  if (!fs.existsSync(root)) fs.renameSync(unpacked, root);
  return undefined;
}

/** `undefined` when it went well, otherwise what it complained of. */
export function run(program: string, given: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, given, { encoding: 'utf8' });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim() || `${program} ended with ${status}`);
}

if (require.main === module) {
  for (const unpacked of [installPeers(), installRedis(), installPrometheus(), installFail2ban()]) {
    if ('missing' in unpacked) {
      console.error(unpacked.missing);
      process.exitCode = 2;
    }
  }
  if (process.exitCode === undefined) console.log(`All is in ${cache}; delete it to fetch it anew.`);
}
