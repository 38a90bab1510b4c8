/** The lists of the site as keys of Redis, and as files that stand in for them. */
import { type ListName, lists } from '../../faults/site';

export const linesOf = (list: ListName): readonly string[] =>
  lists[list].text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** What redis-cli takes for one word. */
export const quoted = (word: string): string =>
  `"${word.replace(/["\\]/g, '\\$&').replace(/[^ -~]/g, (odd) => Array.from(Buffer.from(odd), hex).join(''))}"`;

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

export type Form = 'set' | 'hash' | 'string';

/** The commands that make a key hold these lines and nothing else, in one step. */
export function filling(list: ListName, form: Form, lines: readonly string[] = linesOf(list)): readonly string[] {
  return ['MULTI', `DEL ${list}`, ...adding(list, form, lines), 'EXEC'];
}

function adding(list: ListName, form: Form, lines: readonly string[]): readonly string[] {
  switch (form) {
    case 'set':
      return [`SADD ${list} ${lines.map(quoted).join(' ')}`];
    case 'hash':
      return lines.map((line) => `HSET ${list} ${line.split(/\s+/, 2).map(quoted).join(' ')}`);
    case 'string':
      return [`SET ${list} "${lines.map((line) => `${quoted(line).slice(1, -1)}\\n`).join('')}"`];
  }
}

/** All three forms are in use. */
export const forms: Readonly<Record<ListName, Form>> = {
  localip: 'set',
  localdomain: 'set',
  'relay.to': 'string',
  'relay.map': 'hash',
  'host.deny': 'set',
};

export const allLists: readonly string[] = (Object.keys(forms) as ListName[]).flatMap((list) =>
  filling(list, forms[list]),
);

/** Each file says one thing more than its key, so that an answer tells which of both is in force. */
export const onlyInFiles: Readonly<Record<ListName, string>> = {
  localip: '127.7',
  localdomain: 'files.example',
  'relay.to': 'files.example',
  'relay.map': 'To:files-map.example RELAY',
  'host.deny': '127.79',
};

export const files: Readonly<Record<string, string>> = Object.fromEntries(
  (Object.keys(forms) as ListName[]).map((list) => [list, `${lists[list].text}${onlyInFiles[list]}\n`]),
);
