/** The zone of the stub DNS as a value, and what it answers to one question. Knows no sockets. */
import net from 'node:net';
import type { Answer, RecordType } from 'dns-packet';

/** `drop` never answers. */
export type Behaviour = 'SERVFAIL' | 'NXDOMAIN' | 'drop';

type WithTtl<T> = T | { readonly data: T; readonly ttl: number };

export interface Entry {
  readonly A?: readonly WithTtl<string>[];
  readonly AAAA?: readonly WithTtl<string>[];
  /** With the escapes of RFC 1035 §5.1: `a\\.b.example` has two labels. */
  readonly PTR?: readonly WithTtl<string>[];
  /** Preference and exchange. */
  readonly MX?: readonly WithTtl<readonly [number, string]>[];
  readonly CNAME?: WithTtl<string>;
  /** Seconds, for records without their own. */
  readonly ttl?: number;
  /** Instead of the records: for every type, or for some. */
  readonly answer?: Behaviour | Readonly<Partial<Record<RecordType, Behaviour>>>;
  /** Milliseconds before the answer. */
  readonly delay?: number;
  /** Over UDP only a truncated answer. */
  readonly truncate?: boolean;
}

/** By host name or by address; a bare list is PTR names. */
export type Zone = Readonly<Record<string, Entry | readonly string[]>>;
export type ParsedZone = ReadonlyMap<string, Entry>;

export interface Question {
  readonly name: string;
  readonly type: RecordType;
  readonly over: 'udp' | 'tcp';
}

export interface Resolved {
  readonly rcode: 'NOERROR' | Behaviour;
  readonly answers: readonly Answer[];
  readonly delay: number;
  readonly truncate: boolean;
}

const DEFAULT_TTL = 60;
const LONGEST_CHAIN = 8;

export function parseZone(zone: Zone): ParsedZone {
  const parsed = new Map<string, Entry>();
  for (const [name, entry] of Object.entries(zone)) {
    // dns-packet joins the labels of a question without escapes.
    const owner = net.isIP(name) ? canonicalAddress(name) : ownerOf(name.replace(/\\(.)/g, '$1'));
    parsed.set(owner, isNames(entry) ? { PTR: entry } : entry);
  }
  return parsed;
}

/** The name in lower case without its final dot; a reverse name as the address it stands for. */
export function ownerOf(name: string): string {
  const plain = name.toLowerCase().replace(/\.$/, '');
  const v4 = /^((?:\d+\.){4})in-addr\.arpa$/.exec(plain)?.[1];
  if (v4) return v4.slice(0, -1).split('.').reverse().join('.');
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(plain)?.[1];
  if (!v6) return plain;
  const digits = v6.slice(0, -1).split('.').reverse().join('');
  return canonicalAddress(digits.replace(/(.{4})(?!$)/g, '$1:'));
}

export function resolve(zone: ParsedZone, question: Pick<Question, 'name' | 'type'>): Resolved {
  const answers: Answer[] = [];
  let delay = 0;
  let truncate = false;
  let name = question.name;
  for (let hop = 0; hop < LONGEST_CHAIN; hop++) {
    const entry = zone.get(name);
    if (!entry) return { rcode: 'NXDOMAIN', answers, delay, truncate };
    delay += entry.delay ?? 0;
    truncate ||= entry.truncate ?? false;
    const behaviour = typeof entry.answer === 'object' ? entry.answer[question.type] : entry.answer;
    if (behaviour) return { rcode: behaviour, answers: [], delay, truncate };
    if (entry.CNAME === undefined || question.type === 'CNAME') {
      answers.push(...recordsOf(entry, name, question.type));
      return { rcode: 'NOERROR', answers, delay, truncate };
    }
    answers.push(...recordsOf(entry, name, 'CNAME'));
    name = ownerOf(dataOf(entry.CNAME));
  }
  return { rcode: 'SERVFAIL', answers: [], delay, truncate };
}

function recordsOf(entry: Entry, owner: string, type: RecordType): readonly Answer[] {
  const name = net.isIP(owner) ? reverseName(owner) : owner;
  const ttlOf = (record: WithTtl<unknown>) => (isWithTtl(record) ? record.ttl : (entry.ttl ?? DEFAULT_TTL));
  switch (type) {
    case 'PTR':
      return (entry.PTR ?? []).map((record) => pointer(name, ttlOf(record), dataOf(record)));
    case 'A':
    case 'AAAA':
      return (entry[type] ?? []).map((record) => ({ name, type, ttl: ttlOf(record), data: dataOf(record) }));
    case 'CNAME':
      return entry.CNAME === undefined ? [] : [{ name, type, ttl: ttlOf(entry.CNAME), data: dataOf(entry.CNAME) }];
    case 'MX':
      return (entry.MX ?? []).map((record) => {
        const [preference, exchange] = dataOf(record);
        return { name, type, ttl: ttlOf(record), data: { preference, exchange } };
      });
    default:
      return [];
  }
}

/** dns-packet knows no escapes: to a label with a dot or a control inside it is handed the octets. */
function pointer(name: string, ttl: number, target: string): Answer {
  if (!target.includes('\\')) return { name, type: 'PTR', ttl, data: target };
  const labels = [...target.matchAll(/(?:\\(?:[0-9]{3}|.)|[^.\\])+/gs)].map(([label]) =>
    Buffer.from(
      label.replace(/\\([0-9]{3}|.)/gs, (_, escaped: string) =>
        escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped,
      ),
      'latin1',
    ),
  );
  const data = Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
  return { name, type: 'UNKNOWN_12' as 'NULL', ttl, data };
}

function dataOf<T>(record: WithTtl<T>): T {
  return isWithTtl(record) ? record.data : record;
}

function isWithTtl<T>(record: WithTtl<T>): record is { readonly data: T; readonly ttl: number } {
  return typeof record === 'object' && record !== null && 'ttl' in record;
}

function isNames(entry: Entry | readonly string[]): entry is readonly string[] {
  return Array.isArray(entry);
}

function canonicalAddress(address: string): string {
  return net.isIPv4(address) ? address : new net.SocketAddress({ address, family: 'ipv6' }).address;
}

function reverseName(address: string): string {
  if (net.isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  const [head = '', tail] = address.split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  const digits = groups.map((group: string) => group.padStart(4, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}
