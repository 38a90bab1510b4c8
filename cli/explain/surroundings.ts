/** What a played session takes from the Haraka folder besides the suite's own files. */
import { hostname } from 'node:os';
import type { Address } from '../../types/haraka';
import {
  type HarakaFolder,
  isTrue,
  readConfigIni,
  readConfigLines,
  readConfigText,
  readConfigValue,
  suitePluginsOf,
} from '../haraka-folder';
import { CannotRun } from '../io';

export interface Surroundings {
  /** The server's own name. */
  readonly me: string;
  readonly localDomains: LocalDomains | undefined;
  /** Of `connection.ini`. */
  readonly limits: { readonly strictPaths: boolean; readonly lineLength: number; readonly messageSize: number };
}

/** What `rcpt_to.in_host_list` knows. */
export interface LocalDomains {
  has(domain: string): boolean;
  /** Refuses senders in local domains from clients that may not relay. */
  readonly antiSpoof: boolean;
}

export function surroundingsOf(folder: HarakaFolder, plugins: readonly string[]): Surroundings {
  const connection = readConfigIni(folder, 'connection.ini')?.entries ?? [];
  const setting = (section: string, key: string) =>
    connection.find((entry) => entry.section === section && entry.key === key)?.value ?? '';
  return {
    me: readConfigValue(folder, 'me') ?? hostname(),
    localDomains: plugins.includes('rcpt_to.in_host_list') ? localDomains(folder) : undefined,
    limits: {
      strictPaths: isTrue(setting('main', 'strict_rfc1869')),
      lineLength: Number(setting('max', 'line_length')) || 512,
      messageSize: Number(setting('max', 'bytes')) || 26_214_400,
    },
  };
}

function localDomains(folder: HarakaFolder): LocalDomains {
  const domains = new Set(readConfigLines(folder, 'host_list').map(({ text }) => text.toLowerCase()));
  const patterns = readConfigLines(folder, 'host_list_regex').map(({ text }) => text);
  const pattern = patterns.length > 0 ? patternOf(patterns) : undefined;
  return {
    has: (domain) => domains.has(domain) || (pattern?.test(domain) ?? false),
    antiSpoof: /^(?:[1-9]|[a-z])/i.test((readConfigText(folder, 'host_list.anti_spoof') ?? '').trim()),
  };
}

function patternOf(patterns: readonly string[]): RegExp {
  try {
    return new RegExp(`^(?:${patterns.join('|')})$`, 'i');
  } catch (error) {
    throw new CannotRun('Haraka would not start with this:', `host_list_regex: ${String(error)}`);
  }
}

export function domainOf(address: Address): string {
  return (address.host ?? '').toLowerCase();
}

/** Plugins that say nothing before DATA, or that are played. */
const harmless =
  /^(?:queue\/.*|queue-.*|status|process_title|syslog|log\..*|watch|tls|prevent_credential_leaks|rcpt_to\.in_host_list|attachment|bounce|clamd|dcc|dkim|headers|messagesniffer|rspamd|spamassassin|uribl|data\..*|mailauth)$/;

/** Plugins that are loaded, are not played, and could answer a client otherwise. */
export function notPlayed(plugins: readonly string[]): readonly string[] {
  return plugins.filter((name) => suitePluginsOf(name).length === 0 && !harmless.test(name));
}
