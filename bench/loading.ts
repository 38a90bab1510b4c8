/** Time and memory of loading a list of a million entries, each time in a fresh process. */

import fs from 'node:fs';
import path from 'node:path';
import type { FollowedList } from './followed-list';
import { type Files, largest } from './lists';
import { inFreshProcess, type Result } from './measure';
import type { OneList } from './one-list';

const runs = 3;
const reloads = 3;
/** Entries of a list that has a thread of its own to parse it, too, and is small. */
const few = 10_000;

export async function loading(folder: string, files: Files): Promise<Result[]> {
  const empty = path.join(folder, 'empty');
  fs.writeFileSync(empty, '');
  return [
    ...(await ofKind('addresses', 'local_ip', files.addresses, empty, 40)),
    ...(await ofKind('domains', 'local_domain', files.domains, empty, 120)),
  ];
}

async function ofKind(what: string, id: string, file: string, empty: string, bytes: number): Promise<Result[]> {
  const runsOf = async (of: string, how: 'list' | 'set') => {
    const all: OneList[] = [];
    for (let i = 0; i < runs; i++) all.push(await inFreshProcess<OneList>('one-list', id, of, how));
    return (key: keyof OneList) => Math.min(...all.map((one) => one[key]));
  };
  const full = await runsOf(file, 'list');
  const without = await runsOf(empty, 'list');
  const asSet = await runsOf(file, 'set');
  const perEntry = (full('resident') - without('resident')) / largest;
  return [
    { measure: `loading ${largest} ${what}`, value: full('wall'), unit: 'ms', target: { atMost: 2000 } },
    { measure: `loading ${largest} ${what}, processor time`, value: full('cpu'), unit: 'ms' },
    { measure: `the same against reading its lines into a Set`, value: full('cpu') / asSet('intoSet'), unit: 'x' },
    { measure: `memory of ${largest} ${what}`, value: perEntry, unit: 'bytes an entry', target: { atMost: bytes } },
    await afterReloads(what, id, file, bytes),
  ];
}

/**
 * Through the same store that serves mail, which parses large lists in a thread of its own: that takes some memory the first
 * time, whatever the size of the list.
 */
async function afterReloads(what: string, id: string, file: string, bytes: number): Promise<Result> {
  const small = `${file}-few`;
  fs.writeFileSync(small, `${fs.readFileSync(file, 'utf8').split('\n', few).join('\n')}\n`);
  const residentOf = (list: string) => inFreshProcess<FollowedList>('followed-list', id, list, String(reloads));
  const without = await residentOf(small);
  const perEntry = (await residentOf(file)).map((resident, i) => (resident - (without[i] as number)) / (largest - few));
  const each = perEntry.slice(0, -1).map((value) => value.toFixed(1));
  return {
    measure: `memory of ${largest} ${what} after ${reloads} reloads`,
    value: perEntry[reloads] as number,
    unit: 'bytes an entry',
    target: { atMost: bytes },
    remark: `at the start and after each reload before: ${each.join(', ')}`,
  };
}
