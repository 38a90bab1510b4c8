/** A side of a comparison: a Haraka folder as it is, or at a revision of the git repository that holds it, or what its server has in force. */
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { ownListSettings } from '../../lists/list-settings';
import { findHarakaFolder, type HarakaFolder } from '../haraka-folder';
import { CannotRun, type Io } from '../io';
import { type FolderPolicy, readPolicy } from '../policy-content';
import { readRunning, running } from '../running-policy';

export interface Side extends FolderPolicy {
  /** As the operator calls it. */
  readonly name: string;
  /** The folder that the file names of the policy start from. */
  readonly config: string;
}

/** `git:REV` and `running` are of the folder that `current` is; any other name is a folder. */
export async function readSide(
  name: string | undefined,
  current: () => HarakaFolder,
  io: Io,
  time: number,
): Promise<Side> {
  if (name === running) {
    const folder = current();
    return { name, config: folder.config, ...(await readRunning(folder, time)) };
  }
  if (name?.startsWith('git:')) return readRevision(name, current(), io, time);
  const folder = name === undefined ? current() : findHarakaFolder(name, io);
  return {
    name: name ?? folder.path,
    config: folder.config,
    ...(await readPolicy(folder, name ?? folder.path, io.env, time)),
  };
}

async function readRevision(name: string, folder: HarakaFolder, io: Io, time: number): Promise<Side> {
  const made = mkdtempSync(join(tmpdir(), 'smtpcheck-diff-'));
  try {
    const atRevision = await checkOut(name, folder, made, io);
    const policy = await readPolicy(atRevision, name, io.env, time);
    // What lies outside of the folder has no revision: today's text would be compared with itself.
    const outside = ownListSettings.map((list) => list.sourceIn(policy.settings).file).filter((f) => f.startsWith('/'));
    if (outside.length > 0) throw new CannotRun(`${name} names lists outside of the folder: ${outside.join(', ')}`);
    return { name, config: folder.config, ...policy };
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** What git sets for a hook, which may be of another repository than that of the folder. */
const ofHook = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_PREFIX'] as const;

/** Writes the folder as it is at the revision. An index of its own leaves that of the repository as it is. */
async function checkOut(name: string, folder: HarakaFolder, made: string, io: Io): Promise<HarakaFolder> {
  const revision = name.slice('git:'.length);
  const outer = Object.fromEntries(ofHook.map((name) => [name, undefined]));
  const env = { ...io.env, ...outer, GIT_INDEX_FILE: join(made, 'index') };
  const git = async (cwd: string, ...args: readonly string[]) => {
    try {
      return (await promisify(execFile)('git', [...args], { cwd, env })).stdout.trim();
    } catch (error) {
      const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
      if (code === 'ENOENT') throw new CannotRun(`${name}: there is no git here`);
      throw new CannotRun(`${name}: git has no such revision of ${folder.path}`, ...stderr.trim().split('\n'));
    }
  };
  const top = await git(folder.config, 'rev-parse', '--show-toplevel');
  const prefix = (await git(folder.config, 'rev-parse', '--show-prefix')).replace(/\/$/, '');
  const commit = await git(top, 'rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`);
  await git(top, 'read-tree', `${commit}:${prefix}`);
  const config = join(made, 'folder', 'config');
  await git(top, 'checkout-index', '--all', `--prefix=${config}${sep}`);
  for (const file of existsSync(config) ? readdirSync(config, { recursive: true, encoding: 'utf8' }) : []) {
    const path = join(config, file);
    if (lstatSync(path).isSymbolicLink() && !existsSync(path)) {
      throw new CannotRun(
        `${name}: ${relative(config, path)} is a link out of ${folder.config}, of which no revision is known`,
      );
    }
  }
  return { path: join(made, 'folder'), config };
}
