/** What the audited server is meant to accept: given on the command line, or loaded from a Haraka folder. */

import { decodeText, readFileStateSync } from '../../lists/files/file-reader';
import { pathOf } from '../../lists/list-settings';
import type { Entry } from '../../policy/entries/entry';
import { formatAddress, parseAddress, parseAddressLiteral } from '../../policy/entries/ip-address';
import { admits } from '../../policy/entries/list';
import { describeFinding } from '../../policy/findings/finding-text';
import { type HarakaFolder, readConfigLines } from '../haraka-folder';
import { CannotRun } from '../io';
import { entriesOf } from '../lint/checks/entries';
import { withRedis } from '../redis';
import type { LoadedFolder } from '../site';

export interface BackupRecipient {
  /** What to ask for: `postmaster@backup.example.org`, `user@backup.example.org`, `postmaster@[192.0.2.25]`. */
  readonly address: string;
  /** Where all of a domain is admitted. */
  readonly domain: string | undefined;
}

export interface Site {
  readonly localDomains: readonly string[];
  readonly backupRecipients: readonly BackupRecipient[];
  /** `file:line` of the entry that trusts this client address, if one does. */
  trusts(address: string): string | undefined;
  /** Keys of Redis that could not be read, each with the reason: what they hold is not expected. */
  readonly unread: readonly string[];
}

export interface SiteOptions {
  readonly local: readonly string[];
  readonly backup: readonly string[];
  readonly folder: LoadedFolder | undefined;
}

/** Throws `CannotRun` where the folder's lists do not load: nothing could be expected of them. */
export function siteOf({ local, backup, folder: loaded }: SiteOptions): Site {
  const named = unique(backup).map(wholeDomain);
  if (!loaded) return { localDomains: lowered(local), backupRecipients: named, trusts: () => undefined, unread: [] };
  const { folder, onDisk, keys } = loaded;
  const { settings, findings } = onDisk;
  const { site, unread } = withRedis(onDisk, keys);
  const { policy } = site;
  if (!policy) throw new CannotRun('Haraka would not start with this:', ...findings.map(describeFinding));
  const { clientNetworks, destinations } = policy.relay;
  const now = Date.now();
  const { file } = settings.value.readable.relay.relay_to;
  const key = keys.get('relay_to');
  const text = key?.state === 'read' ? key.text : textOf(folder, file);
  const hosts = readConfigLines(folder, 'host_list').map(({ text }) => text);
  return {
    localDomains: lowered([...local, ...hosts]),
    backupRecipients: [
      ...named,
      ...entriesOf('relay_to', { file, text })
        .filter(({ entry }) => !entry.excluded)
        .map(({ entry }) => recipientIn(entry))
        // An exclusion may take out just the one that would be asked for.
        .filter(({ address }) => admits(destinations.findRecipient(partsOf(address), now))),
    ],
    trusts(address) {
      const parsed = parseAddress(address);
      const entry = parsed && clientNetworks.findAddress(parsed, now);
      return admits(entry) ? `${entry.source.file}:${entry.source.line}` : undefined;
    },
    unread,
  };
}

function textOf(folder: HarakaFolder, file: string): string {
  const state = file === '' ? undefined : readFileStateSync(pathOf(folder.config, file));
  return state?.state === 'read' ? decodeText(state.bytes) : '';
}

/** One recipient that the entry admits. */
function recipientIn(entry: Entry): BackupRecipient {
  switch (entry.kind) {
    case 'domain':
      return wholeDomain(entry.name);
    case 'mailbox':
      return { address: `${entry.localPart}@${entry.domain}`, domain: undefined };
    case 'network': {
      const literal = `${entry.address.family === 4 ? '' : 'IPv6:'}${formatAddress(entry.address)}`;
      return { address: `postmaster@[${literal}]`, domain: undefined };
    }
  }
}

function wholeDomain(domain: string): BackupRecipient {
  return { address: `postmaster@${domain}`, domain };
}

function partsOf(address: string): { localPart: string; domain: string } {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  return { localPart: address.slice(0, at), domain: parseAddressLiteral(domain) ? domain : domain.toLowerCase() };
}

function lowered(names: readonly string[]): string[] {
  return unique(names.map((name) => name.toLowerCase()));
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
