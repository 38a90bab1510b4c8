/** The policy of a Haraka folder as a command compares it or asks it: all of it, or the reason why not. */
import type { ListVersions, PolicyParts } from '../lists/policy';
import type { ListData } from '../policy/entries/list';
import type { LocalDomainsData } from '../policy/entries/local-domains';
import type { RelayMapData } from '../policy/entries/relay-map';
import { describeFinding } from '../policy/findings/finding-text';
import { contentAt } from '../policy/sets/content-at';
import type { PolicyContent, PolicyLists } from '../policy/sets/policy-lists';
import type { ParsedSettings, PluginName } from '../policy/settings/settings';
import type { Settings } from '../policy/settings/settings-description';
import { type HarakaFolder, pluginLines, suitePluginsOf } from './haraka-folder';
import { CannotRun, type Io } from './io';
import { withRedis } from './redis';
import { loadFolder } from './site';

export interface FolderPolicy {
  readonly content: PolicyContent;
  readonly settings: Settings;
  /** Where each setting that the folder's file names stands. */
  readonly written: ParsedSettings['written'];
  /** The plugins of the suite that the folder loads. */
  readonly loaded: readonly PluginName[];
  /** The keys of Redis that lists were read from. */
  readonly keys: readonly string[];
}

/**
 * The policy as it is at the time. `named` is what the operator calls the folder. Whatever cannot be read ends the command: half a
 * policy is none.
 */
export async function readPolicy(
  folder: HarakaFolder,
  named: string,
  env: Io['env'],
  time: number,
): Promise<FolderPolicy> {
  const { onDisk, keys } = await loadFolder(folder, env);
  const faults = onDisk.findings.filter(({ severity }) => severity === 'fault').map(describeFinding);
  const { site, unread } = withRedis(onDisk, keys);
  const { policy, versions } = site;
  if (!policy || !versions || faults.length > 0) throw new CannotRun(`${named} cannot be read:`, ...faults);
  if (unread.length > 0) throw new CannotRun(`${named} has lists in Redis that cannot be read:`, ...unread);
  const plugins = pluginLines(folder).map(({ name }) => name);
  const { written } = site.settings.value;
  const names = [...keys.values()].map(({ redis }) => redis.name);
  return { ...policyOf({ settings: policy.settings, written, versions }, plugins, time), keys: names };
}

/** The policy as it is at the time. `plugins`: all that Haraka loads. */
export function policyOf(
  { settings, written, versions }: PolicyParts,
  plugins: readonly string[],
  time: number,
): FolderPolicy {
  const { restriction, local_delivery: localDelivery } = settings.relay;
  const acceptsLocal = plugins.includes('rcpt_to.in_host_list');
  return {
    content: contentAt({ lists: listsOf(versions), restriction, localDelivery, acceptsLocal }, time),
    settings,
    written,
    loaded: [...new Set(plugins.flatMap(suitePluginsOf))],
    keys: [],
  };
}

function listsOf(versions: ListVersions): PolicyLists {
  return {
    local_ip: versions.local_ip.value as ListData,
    local_domain: versions.local_domain.value as ListData,
    relay_to: versions.relay_to.value as ListData,
    hosts: versions.hosts.value as ListData,
    relay_map: versions.relay_map.value as RelayMapData,
    host_list: versions.host_list.value as LocalDomainsData,
    host_list_regex: versions.host_list_regex.value as LocalDomainsData,
  };
}
