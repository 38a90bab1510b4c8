/** Everything the hooks decide by, as one immutable value. A reload builds a new one and swaps the reference. */
import type { DenyPolicy } from '../policy/deny-decision';
import { type ListKind, PolicyList } from '../policy/entries/list';
import { LocalDomains, type LocalDomainsData } from '../policy/entries/local-domains';
import { RelayMap } from '../policy/entries/relay-map';
import type { LimitPolicy } from '../policy/limits';
import type { PrivacyPolicy } from '../policy/privacy';
import type { RelayPolicy } from '../policy/relay-policy';
import { type Mode, modeOf, type ParsedSettings, type PluginName, privacyFlagsOf } from '../policy/settings/settings';
import type { Settings } from '../policy/settings/settings-description';
import type { ListId } from './list-settings';
import type { Version } from './list-state';
import type { ListContent } from './parsing/parse-bytes';
import { WrittenEntries } from './written-entries';

export interface Policy {
  /** What the decisions of this policy name. */
  readonly entries: WrittenEntries;
  /** Counts the versions, from 1: those of the master, in a cluster. */
  readonly generation: number;
  readonly settings: Settings;
  readonly relay: RelayPolicy;
  readonly deny: DenyPolicy;
  readonly privacy: PrivacyPolicy;
  /** Absent where neither an entry nor a setting has a limit. */
  readonly limits: LimitPolicy | undefined;
  /** Whether any entry has an end. Where none has, no decision asks what time it is. */
  readonly hasEnds: boolean;
  /** Whether a plugin answers or only watches. */
  readonly mode: Readonly<Record<PluginName, Mode>>;
}

/** The lists and the map of one policy. */
export type Lists = { readonly [K in ListKind]: PolicyList } & {
  readonly relay_map: RelayMap;
  readonly local_domains: LocalDomains;
  readonly entries: WrittenEntries;
};

export type ListVersions = { readonly [N in ListId]: Version<ListContent> };

/** What a policy is made of. */
export interface PolicyParts {
  readonly settings: Settings;
  /** Where each setting that the file names stands. */
  readonly written: ParsedSettings['written'];
  readonly versions: ListVersions;
}

export function listsOf(versions: ListVersions): Lists {
  const list = (name: ListKind) => new PolicyList(versions[name].value as ConstructorParameters<typeof PolicyList>[0]);
  return {
    local_ip: list('local_ip'),
    local_domain: list('local_domain'),
    relay_to: list('relay_to'),
    hosts: list('hosts'),
    entries: new WrittenEntries(versions),
    relay_map: new RelayMap(versions.relay_map.value as ConstructorParameters<typeof RelayMap>[0]),
    local_domains: new LocalDomains(
      versions.host_list.value as LocalDomainsData,
      versions.host_list_regex.value as LocalDomainsData,
    ),
  };
}

export function buildPolicy(
  generation: number,
  settings: Settings,
  lists: Lists,
  written: ParsedSettings['written'] = new Map(),
): Policy {
  const all = [lists.local_ip, lists.local_domain, lists.relay_to, lists.hosts, lists.relay_map];
  return {
    hasEnds: all.some((list) => list.hasEnds),
    entries: lists.entries,
    generation,
    settings,
    relay: {
      restriction: settings.relay.restriction,
      clientNetworks: lists.local_ip,
      clientDomains: lists.local_domain,
      attributes: settings.relay.attributes,
      destinations: lists.relay_to,
      map: lists.relay_map,
      localDomains: lists.local_domains,
      localDelivery: settings.relay.local_delivery,
    },
    deny: { clients: lists.hosts, onDnsFailure: settings.deny.on_dns_failure },
    limits: limitsOf(settings, lists, written),
    privacy: { flags: privacyFlagsOf(settings), vrfyReply: settings.privacy.vrfy_reply === '252' ? 252 : 502 },
    mode: {
      deny: modeOf(settings, 'deny'),
      helo: modeOf(settings, 'helo'),
      privacy: modeOf(settings, 'privacy'),
      relay: modeOf(settings, 'relay'),
    },
  };
}

function limitsOf(
  { limits: { mode, client, user, ipv6 } }: Settings,
  { local_ip, local_domain }: Lists,
  written: ParsedSettings['written'],
): LimitPolicy | undefined {
  const hasAny = client !== null || user !== null || local_ip.hasLimits || local_domain.hasLimits;
  const at = (key: 'client' | 'user') => {
    const line = written.get(`limits.${key}`);
    return line && { [key]: line };
  };
  return hasAny ? { mode, client, user, ipv6, at: { ...at('client'), ...at('user') } } : undefined;
}
