/** The lists that a Haraka folder keeps in Redis, read once by its `redis.ini`. */
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type ListSetting, listSettings } from '../lists/list-settings';
import { type LoadedSite, wrongType } from '../lists/load';
import { parseListContent } from '../lists/parsing/parse-bytes';
import { buildPolicy, type ListVersions, listsOf } from '../lists/policy';
import { type KeySnapshot, readSnapshots } from '../lists/redis/key-snapshot';
import { RedisClientFactory } from '../lists/redis/redis-client-factory';
import { RedisIniFile } from '../lists/redis/redis-ini';
import { type Finding, hasFault } from '../policy/findings/finding';
import { describeFinding } from '../policy/findings/finding-text';
import type { Settings } from '../policy/settings/settings-description';
import { type HarakaFolder, harakaPackageNames } from './haraka-folder';

/** Milliseconds: an operator at a terminal waits no longer for Redis. */
const readTimeout = 3000;

export type Keys = Awaited<ReturnType<typeof readSnapshots>>;

export function readRedis(folder: HarakaFolder, settings: Settings, env: NodeJS.ProcessEnv): Promise<Keys> {
  const factory = new RedisClientFactory(
    new RedisIniFile(folder.config, { loginfo() {}, lognotice() {}, logwarn() {}, logerror() {} }),
    packageSearchPaths(folder, env),
  );
  return readSnapshots(settings, factory, readTimeout);
}

/**
 * The site as a Haraka that starts now would load it. A key that could not be read, or was rejected, is `unread`, with
 * the reason: its list is then that of a server without Redis.
 */
export function withRedis(
  site: LoadedSite,
  keys: Keys,
): { readonly site: LoadedSite; readonly unread: readonly string[] } {
  if (!site.policy || !site.versions) return { site, unread: [] };
  const { settings } = site.policy;
  const versions: Partial<ListVersions> = {};
  const unread: string[] = [];
  for (const listSetting of listSettings) {
    const snapshot = keys.get(listSetting.name);
    if (!snapshot) continue;
    const { name } = snapshot.redis;
    const { text, reason } = textOf(listSetting, snapshot);
    const { data, findings } = text === undefined ? { findings: [] } : parseListContent(listSetting.name, name, text);
    const [first] = findings.filter(({ severity }) => severity === 'fault');
    if (data)
      Object.assign(versions, { [listSetting.name]: { file: name, value: data, hash: 'read', fingerprint: '' } });
    else unread.push(`${name}: ${first ? describeFinding(first) : reason}`);
  }
  const all: ListVersions = { ...site.versions, ...versions };
  return { site: { ...site, versions: all, policy: buildPolicy(1, settings, listsOf(all)) }, unread };
}

/** The text of the list as Haraka loads it at start, or the reason why there is none. */
function textOf(listSetting: ListSetting, snapshot: KeySnapshot): { readonly text?: string; readonly reason?: string } {
  switch (snapshot.state) {
    case 'read':
      return { text: snapshot.text };
    case 'missing':
      return listSetting.whenDeleted === 'empty' ? { text: '' } : { reason: 'there is no such key' };
    case 'wrong-type':
      return { reason: describeFinding(wrongType(snapshot.redis, snapshot.type)) };
    case 'unread':
      return { reason: snapshot.reason };
  }
}

/** A key for lint: the text of its list, the findings of loading it, and the reason where it could not be read. */
export function lintKey(listSetting: ListSetting, snapshot: KeySnapshot) {
  const { text, reason } = textOf(listSetting, snapshot);
  const findings: readonly Finding[] =
    snapshot.state === 'wrong-type'
      ? [wrongType(snapshot.redis, snapshot.type)]
      : text === undefined
        ? []
        : parseListContent(listSetting.name, snapshot.redis.name, text).findings;
  return { name: snapshot.redis.name, text, findings, unread: hasFault(findings) ? undefined : reason };
}

/** Where to look for `haraka-plugin-redis`: in the folder, in a Haraka installed in it, in the Haraka that the shell would run, beside this package. */
function packageSearchPaths(folder: HarakaFolder, env: NodeJS.ProcessEnv): string[] {
  const programs = (env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'haraka'))
    .filter((program) => existsSync(program))
    .map((program) => realpathSync(program));
  const installed = harakaPackageNames.map((name) => join(folder.path, 'node_modules', name, 'package.json'));
  return [join(folder.path, 'package.json'), ...installed, ...programs, __filename];
}
