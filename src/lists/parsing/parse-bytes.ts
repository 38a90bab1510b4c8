/** Parses the content of a list, in whichever thread; `parse-worker-client.ts` starts one for a large list. */

// Not all of the policy: a worker reads this code while its list waits.
import { type ListData, parseList } from '../../policy/entries/list';
import { type LocalDomainsData, parseHostList, parseHostListRegex } from '../../policy/entries/local-domains';
import type { Parsed as ParsedText } from '../../policy/entries/parse-lines';
import { parseRelayMap, type RelayMapData } from '../../policy/entries/relay-map';
import { decodeText, hashOf } from '../files/file-reader';
import type { ListId } from '../list-settings';

export interface Task {
  readonly name: ListId;
  readonly file: string;
  /** Lines in no order, of which each counts once; without it the text of a list as it is. */
  readonly unordered?: boolean;
  /** The hash of the content in force: the same again need not be parsed, and comes back without data. */
  readonly known?: string | undefined;
  /** Whether the result is to have the text of a list that can be applied. */
  readonly withText?: boolean;
}

export interface Parsed extends ParsedList {
  readonly hash: string;
  /** How many findings there are beyond those handed over. */
  readonly omitted: number;
  readonly text?: Uint8Array;
}

/** A log has room for no more, and a million of them would hold up the thread that serves mail. */
export const mostReported = 200;

export function parseBytes(bytes: Uint8Array, { name, file, unordered, known, withText }: Task): Parsed {
  const content = unordered ? sortLines(bytes) : bytes;
  const hash = hashOf(content);
  if (hash === known) return { findings: [], hash, omitted: 0 };
  const text = decodeText(content);
  const { data, findings } = parseListContent(name, file, text, content);
  if (!data) return { findings, hash, omitted: 0 };
  const kept = content.length <= longestKeptText ? { ...data, text } : data;
  return { data: kept, findings, hash, omitted: 0, ...(withText && { text: content }) };
}

/** With its text, where that is short: an operator is shown the line that has decided. */
export type ListContent = (ListData | RelayMapData | LocalDomainsData) & { readonly text?: string };

/** Some thousand entries; what is larger is made by programs. Bytes. */
export const longestKeptText = 262_144;

/** The content of a list, or why there is none. */
export type ParsedList = ParsedText<ListContent>;

export function parseListContent(name: ListId, file: string, text: string, octets?: Uint8Array): ParsedList {
  switch (name) {
    case 'relay_map':
      return parseRelayMap(file, text, octets);
    case 'host_list':
      return parseHostList(file, text);
    case 'host_list_regex':
      return parseHostListRegex(file, text);
    default:
      return parseList(name, file, text, octets);
  }
}

/** The empty list, under the name of the file that could fill it. */
export function emptyList(name: ListId, file: string): ListContent {
  return parseListContent(name, file, '').data as ListContent;
}

/** The list while nobody can tell what is on it. */
export function unavailableList(name: ListId, file: string): ListContent {
  return { ...emptyList(name, file), available: false };
}

/** Lines by their bytes, as `LC_ALL=C sort -u` has them. A scan may give an entry twice. */
export function sortLines(bytes: Uint8Array): Buffer {
  // As Latin-1 each byte is a character, and characters compare as bytes.
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\n');
  lines.pop();
  lines.sort();
  const once = lines.filter((line, i) => i === 0 || line !== lines[i - 1]);
  return Buffer.from(once.map((line) => `${line}\n`).join(''), 'latin1');
}
