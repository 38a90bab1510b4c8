/**
 * Fetches sendmail and Postfix as Debian packages them and unpacks each, with the libraries this machine lacks, into a
 * cache folder. Nothing is installed: the two exclude one another as packages, and no daemon of theirs shall start here.
 *
 *     node .build/test/peers/install.js
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export type PeerName = 'sendmail' | 'postfix';

/** Where each peer's `usr` and `etc` are, or why there are none. */
export type Peers = { readonly roots: Readonly<Record<PeerName, string>> } | { readonly missing: string };

const packages: Readonly<Record<PeerName, string>> = { sendmail: 'sendmail-bin', postfix: 'postfix' };
const programs = ['apt-get', 'dpkg', 'unshare', 'mount', 'hostname'];

export const cache = path.join(
  process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'),
  'haraka-plugin-smtpcheck',
  'peers',
);

export function installPeers(): Peers {
  const missing = missingHere();
  if (missing) return { missing };
  const roots = { sendmail: path.join(cache, 'sendmail'), postfix: path.join(cache, 'postfix') };
  for (const [peer, root] of Object.entries(roots)) {
    if (fs.existsSync(root)) continue;
    const failure = fetchAndUnpack(packages[peer as PeerName], root);
    if (failure) return { missing: `${packages[peer as PeerName]} could not be had: ${failure}` };
  }
  return { roots };
}

function missingHere(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'only root may start mail servers in namespaces of their own';
  const absent = programs.filter((program) => run('sh', ['-c', `command -v ${program}`]) !== undefined);
  if (absent.length) return `no ${absent.join(', ')} here`;
  const refusal = run('unshare', ['--mount', '--uts', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return refusal && `this machine allows no namespaces: ${refusal}`;
}

// In a folder of its own and renamed at the end: a root that is there is whole, and two test runs may both be at it.
function fetchAndUnpack(name: string, root: string): string | undefined {
  fs.mkdirSync(cache, { recursive: true });
  const work = fs.mkdtempSync(path.join(cache, 'fetch-'));
  try {
    const archives = path.join(work, 'archives');
    fs.mkdirSync(path.join(archives, 'partial'), { recursive: true });
    const failure = download(name, archives) && (refreshPackageLists() || download(name, archives));
    return failure || unpack(archives, path.join(work, 'root'), root);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

function download(name: string, archives: string): string | undefined {
  return run('apt-get', [
    ...['-qq', '--yes', '--no-install-recommends', '--download-only', '--reinstall'],
    // Nothing but this folder is written, so a package manager at work elsewhere is no hindrance.
    ...['-o', 'Debug::NoLocking=1', '-o', `Dir::Cache::archives=${archives}`, 'install', name],
  ]);
}

function refreshPackageLists(): string | undefined {
  return run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', 'update']);
}

function unpack(archives: string, unpacked: string, root: string): string | undefined {
  for (const archive of fs.readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const failure = run('dpkg', ['-x', path.join(archives, archive), unpacked]);
    if (failure) return failure;
  }
  // Packages from before the merge of /lib into /usr/lib.
  const lib = path.join(unpacked, 'lib');
  if (fs.existsSync(lib)) fs.cpSync(lib, path.join(unpacked, 'usr', 'lib'), { recursive: true });
  if (!fs.existsSync(root)) fs.renameSync(unpacked, root);
  return undefined;
}

/** `undefined` when it went well, otherwise what it complained of. */
function run(program: string, given: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, given, { encoding: 'utf8' });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim() || `${program} ended with ${status}`);
}

if (require.main === module) {
  const peers = installPeers();
  if ('missing' in peers) {
    console.error(peers.missing);
    process.exitCode = 2;
  } else {
    console.log(`sendmail and Postfix are in ${cache}; delete it to fetch them anew.`);
  }
}
