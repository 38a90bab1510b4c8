/** The entry that decided, as its line is now: it may have changed since, or gone. */
import { readFileSync } from 'node:fs';
import { decodeText } from '../../lists/files/file-reader';
import { type ListSetting, ownListSettings, pathOf, settingsFile } from '../../lists/list-settings';
import { parseAddress } from '../../policy/entries/ip-address';
import { admits, type ListData, type ListKind, PolicyList, parseList } from '../../policy/entries/list';
import { parseRelayMap, RelayMap, type RelayMapData } from '../../policy/entries/relay-map';
import { printable } from '../../policy/findings/characters';
import { parseSettings } from '../../policy/settings/settings';
import type { Settings } from '../../policy/settings/settings-description';
import { beforeAllEnds } from '../../policy/tables/ends';
import { type HarakaFolder, readConfigText } from '../haraka-folder';
import { recipientOf } from '../log/recipient';
import type { ShownDecision } from '../shown-decision';

/** `ended`: the same, and its time is over. `unknown`: the list is in Redis, or no list of the folder has this name. */
export type EntryState = 'same' | 'ended' | 'changed' | 'gone' | 'unknown';

export interface EntryNow {
  readonly list: ListSetting['name'] | undefined;
  /** The line as it is now; null where there is none, or it cannot be read. */
  readonly text: string | null;
  readonly state: EntryState;
}

/** A decision with the names of its client, where they are known. */
export type NamedDecision = ShownDecision & { readonly names: readonly string[]; readonly note?: string };

/** The lists of a Haraka folder as they are written now. */
export class ListsNow {
  readonly settings: Settings;
  /** Where `[privacy] flags` stands, if it does. */
  readonly flagsAt: number | undefined;
  private readonly lines = new Map<string, readonly string[]>();

  constructor(private readonly folder: HarakaFolder) {
    const { readable, written } = parseSettings(settingsFile, readConfigText(folder, settingsFile) ?? '');
    this.settings = readable;
    this.flagsAt = written.get('privacy.flags')?.line;
  }

  /** What an operator calls the list. */
  nameOf(list: ListSetting['name']): string {
    const source = ownListSettings.find(({ name }) => name === list)?.sourceIn(this.settings);
    return source?.redis?.name ?? (source?.file || list);
  }

  lineOf(file: string, line: number): string | undefined {
    return this.linesOf(file)[line - 1]?.trim();
  }

  /** The first line of the list that is so; `part` stands in it. */
  find(list: ListSetting['name'], part: string, isWanted: (line: string) => boolean): number | undefined {
    const index = this.linesOf(this.nameOf(list)).findIndex((line) => line.includes(part) && isWanted(line.trim()));
    return index < 0 ? undefined : index + 1;
  }

  entryOf(decision: NamedDecision): EntryNow | undefined {
    const { entry } = decision;
    if (!entry) return undefined;
    const setting = ownListSettings.find(({ sourceIn }) => sourceIn(this.settings).file === entry.file);
    if (!setting && entry.file !== settingsFile) return { list: undefined, text: null, state: 'unknown' };
    const text = this.lineOf(entry.file, entry.line);
    if (text === undefined || /^(?:[#;]|$)/.test(text)) return { list: setting?.name, text: null, state: 'gone' };
    // A line of the settings decides by what it says now, whatever it said then.
    if (!setting) return { list: undefined, text, state: 'same' };
    const isSame = entry.text === null ? couldDecide(setting.name, text, decision) : entry.text === shownText(text);
    if (!isSame) return { list: setting.name, text, state: 'changed' };
    return { list: setting.name, text, state: hasEnded(setting.name, text) ? 'ended' : 'same' };
  }

  /** None where the file cannot be read. */
  private linesOf(file: string): readonly string[] {
    let lines = this.lines.get(file);
    if (!lines) {
      try {
        lines = decodeText(readFileSync(pathOf(this.folder.config, file)))
          .replace(/^\ufeff/, '')
          .split('\n');
      } catch {
        lines = [];
      }
      this.lines.set(file, lines);
    }
    return lines;
  }
}

/** As the status server shows the text of a line. */
function shownText(text: string): string {
  return printable(text.slice(0, 400));
}

/** Whether the entry of the line has ended. */
export function hasEnded(list: ListSetting['name'], text: string): boolean {
  const { data } = list === 'relay_map' ? parseRelayMap(list, text) : parseList(list as ListKind, list, text);
  return data !== undefined && data.latest.entries <= Date.now();
}

/** Whether the line could have decided so. A log has the comment of an entry, and not its text. */
function couldDecide(list: ListSetting['name'], text: string, decision: NamedDecision): boolean {
  const { note = '', names, ip, rule } = decision;
  const time = decision.time === '' ? beforeAllEnds : Date.parse(decision.time);
  if (note !== '' && !shownText(text).includes(note)) return false;
  const address = parseAddress(ip);
  const recipient = recipientOf(decision.rcpt);
  if (list === 'relay_map') {
    const { data } = parseRelayMap(list, text);
    const map = data && new RelayMap(data as RelayMapData);
    const found = [
      recipient && map?.findRecipient(recipient, time),
      address && map?.findClientAddress(address, time),
      ...names.map((name) => map?.findClientName(name, time)),
    ];
    return found.some((entry) => entry !== undefined);
  }
  const { data } = parseList(list as ListKind, list, text);
  const entries = data && new PolicyList(data as ListData);
  // Which MX hosts the domain had then is not known.
  if (rule === 'backup-mx' || (isOfVerify(rule) && entries?.hasExchanges)) return entries?.hasExchanges === true;
  const found =
    list === 'relay_to'
      ? [recipient && entries?.findRecipient(recipient, time)]
      : [address && entries?.findAddress(address, time), ...names.map((name) => entries?.findDomain(name, time))];
  const excludes = rule.endsWith('-excluded');
  const hasScope = rule === 'sender-not-covered';
  return found.some(
    (entry) => entry !== undefined && admits(entry) !== excludes && !(hasScope && entry.scope === undefined),
  );
}

function isOfVerify(rule: string): boolean {
  return ['unknown-recipient', 'recipient-unverified', 'unknown-recipients'].includes(rule);
}
