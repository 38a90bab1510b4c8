/** Time and memory of loading a list of a million entries, each time in a fresh process. */

import fs from 'node:fs';
import path from 'node:path';
import { inFreshProcess, type Result } from './measure';
import type { OneList } from './one-list';

const entries = 1_000_000;
const runs = 3;

export async function loading(folder: string, files: { addresses: string; domains: string }): Promise<Result[]> {
  const empty = path.join(folder, 'empty');
  fs.writeFileSync(empty, '');
  return [
    ...(await ofKind('addresses', 'local_ip', files.addresses, empty, 40)),
    ...(await ofKind('domains', 'local_domain', files.domains, empty, 120)),
  ];
}

async function ofKind(what: string, slot: string, file: string, empty: string, bytes: number): Promise<Result[]> {
  const runsOf = async (of: string, how: 'list' | 'set') => {
    const all: OneList[] = [];
    for (let i = 0; i < runs; i++) all.push(await inFreshProcess<OneList>('one-list', slot, of, how));
    return (key: keyof OneList) => Math.min(...all.map((one) => one[key]));
  };
  const full = await runsOf(file, 'list');
  const without = await runsOf(empty, 'list');
  const asSet = await runsOf(file, 'set');
  const perEntry = (full('resident') - without('resident')) / entries;
  return [
    { measure: `loading ${entries} ${what}`, value: full('wall'), unit: 'ms', target: { atMost: 2000 } },
    { measure: `loading ${entries} ${what}, processor time`, value: full('cpu'), unit: 'ms' },
    { measure: `the same against reading its lines into a Set`, value: full('cpu') / asSet('intoSet'), unit: 'x' },
    { measure: `memory of ${entries} ${what}`, value: perEntry, unit: 'bytes an entry', target: { atMost: bytes } },
  ];
}
