/**
 * The policy in force as the server hands it to the command. Tables go out as they lie in memory: a list of a million entries is
 * neither parsed nor copied for it, and what the command decides by is what the server decides by, whatever the files hold now.
 */
import type { PolicyParts } from '../lists/policy';
import type { SourceLine } from '../policy/findings/finding';

/** A worker that has another version of a list in force than the master. */
export interface Disagreement {
  readonly worker: number;
  readonly list: string;
}

export interface TransferredPolicy extends PolicyParts {
  /** The version of the suite: another may have other tables. */
  readonly suite: string;
  /** As named in `config/plugins` when the server was started. */
  readonly plugins: readonly string[];
  readonly disagreements: readonly Disagreement[];
}

/** Stands for a table in the JSON: its kind, where it begins, and how many numbers it has. */
interface Place {
  readonly table: readonly [kind: keyof typeof kinds, start: number, length: number];
}

const kinds = { bytes: Uint8Array, words: Uint32Array } as const;
/** Where each table begins, so that its numbers can be read in place. */
const alignment = Uint32Array.BYTES_PER_ELEMENT;

/** One line of JSON, padded with blanks, and the tables behind it. */
export function encodePolicy({ versions, written, ...rest }: TransferredPolicy): Uint8Array[] {
  const tables: Uint8Array[] = [];
  let end = 0;
  const place = (_: string, value: unknown): unknown => {
    if (!(value instanceof Uint8Array || value instanceof Uint32Array)) return value;
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const padding = paddingOf(bytes.length);
    const start = end;
    tables.push(bytes, new Uint8Array(padding));
    end += bytes.length + padding;
    return { table: [value instanceof Uint32Array ? 'words' : 'bytes', start, value.length] } satisfies Place;
  };
  const lists = Object.entries(versions).map(([name, { value, ...version }]) => {
    // Only the status shows the text.
    const { text: _, ...tablesOfList } = value;
    return [name, { ...version, value: tablesOfList }];
  });
  const json = JSON.stringify({ ...rest, written: [...written], versions: Object.fromEntries(lists) }, place);
  const head = Buffer.from(`${json}\n`);
  return [Buffer.from(`${json}${' '.repeat(paddingOf(head.length))}\n`), ...tables];
}

/** The versions may be of a suite that holds its lists otherwise: `suite` is to be looked at first. Throws where something is missing. */
export function decodePolicy(received: Uint8Array): TransferredPolicy {
  const headEnd = received.indexOf('\n'.charCodeAt(0)) + 1;
  const head = Buffer.from(received.buffer, received.byteOffset, headEnd).toString();
  // Numbers are read in place, which their place must allow.
  const bytes =
    (received.byteOffset + headEnd) % alignment === 0 ? received.subarray(headEnd) : received.slice(headEnd);
  const fill = (_: string, value: Partial<Place> | null): unknown => {
    if (!value?.table) return value;
    const [kind, start, length] = value.table;
    const table = new kinds[kind](bytes.buffer as ArrayBuffer, bytes.byteOffset + start, length);
    if (start + table.byteLength > bytes.length) throw new Error('the policy ends too early');
    return table;
  };
  const policy = JSON.parse(head, fill) as TransferredPolicy & { written: [string, SourceLine][] };
  return { ...policy, written: new Map(policy.written) };
}

function paddingOf(length: number): number {
  return (alignment - (length % alignment)) % alignment;
}

interface ProcessLists {
  readonly worker: number;
  readonly lists: readonly { readonly list: string; readonly source: string; readonly hash: string }[];
}

/** `own` is the master, or the single process. */
export function disagreementsOf([own, ...workers]: readonly ProcessLists[]): Disagreement[] {
  const inForce = new Map(own?.lists.map(({ list, source, hash }) => [list, `${source} ${hash}`]));
  return workers.flatMap(({ worker, lists }) =>
    lists
      .filter(({ list, source, hash }) => inForce.get(list) !== `${source} ${hash}`)
      .map(({ list }) => ({ worker, list })),
  );
}
