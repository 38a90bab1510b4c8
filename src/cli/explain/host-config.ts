/** The part of Haraka's own configuration that a played session depends on. */

import { hostname } from 'node:os';
import type { LocalDomains as LocalDomainsOfPolicy } from '../../policy/entries/local-domains';
import { isTrue } from '../../policy/settings/ini';
import type { Address } from '../../types/haraka';
import { type HarakaFolder, readConfigIni, readConfigText, readConfigValue, suitePluginsOf } from '../haraka-folder';

export interface HostConfig {
  /** The server's own name. */
  readonly me: string;
  readonly localDomains: LocalDomains | undefined;
  readonly queues: Queues;
  /** Limits from `connection.ini`. */
  readonly limits: { readonly strictPaths: boolean; readonly lineLength: number; readonly messageSize: number };
}

/** The local domains as `rcpt_to.in_host_list` knows them. */
export interface LocalDomains {
  has(domain: string): boolean;
  /** Refuses senders in local domains from clients that may not relay. */
  readonly antiSpoof: boolean;
}

/** The plugins that are asked first to queue a message. */
export interface Queues {
  readonly local: string | undefined;
  /** Takes mail of a client that may relay to anyone; without such a plugin Haraka's outbound queue takes it. */
  readonly relaying: string | undefined;
}

export function readHostConfig(
  folder: HarakaFolder,
  plugins: readonly string[],
  localDomains: LocalDomainsOfPolicy,
): HostConfig {
  const connection = readConfigIni(folder, 'connection.ini')?.entries ?? [];
  const setting = (section: string, key: string) =>
    connection.find((entry) => entry.section === section && entry.key === key)?.value ?? '';
  return {
    me: readConfigValue(folder, 'me') ?? hostname(),
    localDomains: plugins.includes('rcpt_to.in_host_list')
      ? { has: (domain) => localDomains.has(domain), antiSpoof: antiSpoofOf(folder) }
      : undefined,
    queues: queuesOf(folder, plugins),
    limits: {
      strictPaths: isTrue(setting('main', 'strict_rfc1869')),
      lineLength: Number(setting('max', 'line_length')) || 512,
      messageSize: Number(setting('max', 'bytes')) || 26_214_400,
    },
  };
}

function antiSpoofOf(folder: HarakaFolder): boolean {
  return /^(?:[1-9]|[a-z])/i.test((readConfigText(folder, 'host_list.anti_spoof') ?? '').trim());
}

/** The setting that makes a queue plugin take mail of clients that may relay, and its default. */
const enableOutbound: Readonly<Record<string, { readonly file: string; readonly isDefault: boolean }>> = {
  'queue/smtp_forward': { file: 'smtp_forward.ini', isDefault: false },
  'queue/smtp_proxy': { file: 'smtp_proxy.ini', isDefault: true },
  'queue/qmail-queue': { file: 'qmail-queue.ini', isDefault: true },
};

/** Queue plugins that take only what another plugin wants dropped or kept aside. */
const takesOnRequest = /^queue\/(?:discard|quarantine)$/;

function queuesOf(folder: HarakaFolder, plugins: readonly string[]): Queues {
  const queues = plugins.filter((name) => /^queue[/-]|lmtp/i.test(name) && !takesOnRequest.test(name));
  const relaying = queues.find((name) => {
    const setting = enableOutbound[name];
    if (!setting) return false;
    const entries = readConfigIni(folder, setting.file)?.entries ?? [];
    const value = entries.find(({ section, key }) => section === 'main' && key === 'enable_outbound')?.value;
    return value === undefined ? setting.isDefault : isTrue(value);
  });
  return { local: queues.find((name) => name !== 'queue/deliver'), relaying };
}

export function domainOf(address: Address): string {
  return (address.host ?? '').toLowerCase();
}

/** Plugins that do not answer before DATA, or that are played. */
const harmless =
  /^(?:queue\/.*|queue-.*|status|process_title|syslog|log\..*|watch|tls|prevent_credential_leaks|rcpt_to\.in_host_list|attachment|bounce|clamd|dcc|dkim|headers|messagesniffer|rspamd|spamassassin|uribl|data\..*|mailauth)$/;

/** Plugins that are loaded, are not played, and could answer a client otherwise. */
export function notPlayed(plugins: readonly string[]): readonly string[] {
  return plugins.filter((name) => suitePluginsOf(name).length === 0 && !harmless.test(name));
}
