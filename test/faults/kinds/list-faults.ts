/** Faults of the lists: every way in which a file can be damaged, done to all lists at once or to each alone. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { all, type Changes } from '../checks/expectations';
import { Storm } from '../injection/storm';
import { type ListName, listNames, lists } from '../site';
import { escaped, processes, type World, workers } from '../world';
import type { Fault } from './fault';

interface Damage {
  readonly name: string;
  /** What becomes of the list. */
  readonly effect: 'kept' | 'emptied' | 'deleted';
  readonly editsLists?: true;
  /** Damages the file, and waits until it is noticed where it will be. */
  inflict(world: World, list: ListName): Promise<void>;
  /** Before the list is put back. */
  cease?(world: World, list: ListName): Promise<void>;
}

/** Whoever was trusted at connect is told to come again, whatever the recipient. */
const revoked: Changes = { 'trusted-local': ['accepted', 'deferred'] };

/** Allow lists that say nothing permit nothing; a deny list that says nothing refuses nobody. */
const withoutList: Readonly<Record<ListName, Changes>> = {
  localip: { ...all(['trusted-address'], ['refused', 'deferred']), 'over-limit': ['refused', 'deferred'], ...revoked },
  localdomain: { ...all(['trusted-name'], ['refused', 'deferred']), ...revoked },
  'relay.to': all(['backup', 'verified'], ['refused']),
  'relay.map': all(['mapped'], ['refused']),
  'host.deny': all(['denied'], ['accepted']),
};

const storms = new Map<ListName, Storm>();

const damages: readonly Damage[] = [
  {
    name: 'cut off in mid-entry',
    effect: 'kept',
    inflict: (world, list) =>
      complains(world, list, processes, () => {
        const { text, cut } = lists[list];
        const size = fs.statSync(world.path(list)).size;
        fs.truncateSync(world.path(list), size - (text.length - cut.length));
      }),
  },
  {
    name: 'emptied',
    effect: 'emptied',
    inflict: (world, list) => world.taken(list, '', () => fs.truncateSync(world.path(list), 0)),
  },
  {
    name: 'filled with garbage and NULs',
    effect: 'kept',
    inflict: (world, list) =>
      complains(world, list, processes, () =>
        fs.writeFileSync(world.path(list), Buffer.from(`${lists[list].text}\0\0\xff\xfe\x80\0\n`.repeat(50), 'latin1')),
      ),
  },
  {
    name: 'unreadable',
    effect: 'kept',
    // The master has stayed root, and may read what it likes.
    inflict: (world, list) => complains(world, list, workers, () => fs.chmodSync(world.path(list), 0)),
  },
  {
    name: 'replaced by a directory',
    effect: 'kept',
    inflict: (world, list) =>
      complains(world, list, processes, () => replace(world, list, (file) => fs.mkdirSync(file))),
  },
  {
    name: 'replaced by a FIFO',
    effect: 'kept',
    inflict: (world, list) =>
      complains(world, list, processes, () => replace(world, list, (file) => execFileSync('mkfifo', [file]))),
  },
  {
    name: 'replaced by a dangling link',
    effect: 'deleted',
    inflict: (world, list) =>
      misses(world, list, () => replace(world, list, (file) => fs.symlinkSync('nowhere', file))),
  },
  {
    name: 'swapped 100 times a second',
    effect: 'kept',
    editsLists: true,
    async inflict(world, list) {
      storms.set(list, await Storm.begin(world, list));
    },
    async cease(_world, list) {
      await storms.get(list)?.end();
      storms.delete(list);
    },
  },
  {
    name: 'deleted and created again',
    effect: 'deleted',
    inflict: (world, list) => misses(world, list, () => fs.rmSync(world.path(list))),
  },
];

/** A finding is a line of the log, which is indented. */
function complains(world: World, list: ListName, times: number, damage: () => void): Promise<void> {
  return world.said(new RegExp(` {2}${escaped(list)}:\\d+: `, 'g'), times, damage);
}

function misses(world: World, list: ListName, damage: () => void): Promise<void> {
  return world.said(new RegExp(`${escaped(list)} (is missing|was deleted): `, 'g'), processes, damage);
}

/** In one step, as the tools of administrators do it; otherwise it were a deletion too. */
function replace(world: World, list: ListName, make: (file: string) => void): void {
  const folder = path.join(world.aside, 'made');
  fs.mkdirSync(folder, { recursive: true });
  const made = path.join(folder, list);
  make(made);
  // A directory cannot take the place of a file in one step.
  if (fs.statSync(made, { throwIfNoEntry: false })?.isDirectory()) fs.rmSync(world.path(list));
  fs.renameSync(made, world.path(list));
}

function changesOf({ effect }: Damage, hit: readonly ListName[]): Changes {
  if (effect === 'kept') return {};
  const lost = hit.filter((list) => effect === 'emptied' || list !== 'host.deny');
  return Object.assign({}, ...lost.map((list) => withoutList[list]));
}

function faultOf(damage: Damage, hit: readonly ListName[]): Fault {
  const single = hit.length === 1;
  return {
    name: `${single ? hit[0] : 'every list'} ${damage.name}`,
    long: single,
    changes: changesOf(damage, hit),
    ...(damage.editsLists && { editsLists: true }),
    async begin(world) {
      await Promise.all(hit.map((list) => damage.inflict(world, list)));
    },
    async end(world) {
      await Promise.all(hit.map((list) => damage.cease?.(world, list)));
      await Promise.all(hit.map((list) => restore(world, list)));
    },
  };
}

export async function restore(world: World, list: ListName): Promise<void> {
  const text = world.fresh(lists[list].text);
  await world.taken(list, text, () => world.put(world.path(list), text));
}

export const listFaults: readonly Fault[] = damages.flatMap((damage) => [
  faultOf(damage, listNames),
  ...listNames.map((list) => faultOf(damage, [list])),
]);
