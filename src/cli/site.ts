/** Loads a Haraka folder for a command: the suite's files in it, and the Redis keys that they name. */
import { type LoadedSite, loadSite } from '../lists/load';
import type { HarakaFolder } from './haraka-folder';
import type { Io } from './io';
import { type Keys, readRedis } from './redis';

export interface LoadedFolder {
  readonly folder: HarakaFolder;
  /** The files alone, with every finding. */
  readonly onDisk: LoadedSite;
  readonly keys: Keys;
}

/** Reads the folder once: the files by the suite's own loader, the keys by the folder's `redis.ini`. Changes nothing. */
export async function loadFolder(folder: HarakaFolder, env: Io['env']): Promise<LoadedFolder> {
  const onDisk = loadSite(folder.config);
  // Where smtpcheck.ini has faults, the settings that could be read still name lists to check.
  return { folder, onDisk, keys: await readRedis(folder, onDisk.settings.value.readable, env) };
}
