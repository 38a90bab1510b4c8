/** Faults of the server's own processes, its settings, and its disk. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { harakaProgram } from '../../../examples/haraka-directory';
import { eventually } from '../../../testkit/live/talk';
import { all, interrupted, localClasses, onwardClasses } from '../checks/expectations';
import { cannotMount, Disk } from '../injection/disk';
import { lists, portsText, settingsText } from '../site';
import { processes, settingsBack, type World, workers } from '../world';
import { type Fault, nothing } from './fault';
import { restore } from './list-faults';

const settings = 'smtpcheck.ini';

function brokenSettings(name: string, damage: (world: World) => void): Fault {
  return {
    name: `smtpcheck.ini ${name}`,
    changes: {},
    begin: (world) =>
      world.said(/ {2}smtpcheck\.ini:\d+: |smtpcheck\.ini was deleted: /g, processes, () => damage(world)),
    async end(world) {
      const text = world.fresh(settingsText + portsText(world.ports));
      await world.taken(settings, text, () => world.put(world.path(settings), text));
    },
  };
}

/** The small disk holds the list up to somewhere within an entry: what is left is not a shorter list. */
function longerThanTheDisk(disk: number): string {
  const whole = `${lists.localip.text}# \n`;
  // Entries are 16 bytes long, and the last one ends within its length, wherever the disk ends.
  const head = whole.replace('# ', `# ${'.'.repeat((16 + 3 - (whole.length % 16)) % 16)}`);
  const entries = Array.from(
    { length: 3 * (disk / 16) },
    (_, n) => `10.${100 + (n % 100)}.${100 + Math.floor(n / 100)}.0/24`,
  );
  return head + entries.join('\n');
}

const diskSize = 64 * 1024;
let listDisk: Disk | undefined;

function queueDisk({ queueDisk }: World): Disk {
  if (!queueDisk) throw new Error('the queue has no disk of its own');
  return queueDisk;
}

/** While it is there, the probe plugin defers what the queue plugins are to take. */
function deliveryDefers({ haraka }: World): string {
  return path.join(haraka.directory, 'delivery-defers');
}

export const processFaults: readonly Fault[] = [
  brokenSettings('broken', (world) =>
    fs.writeFileSync(world.path(settings), '[relay]\nrestrictoin=false\nlocal_ip=\n[privcy\nflags=\0\n'),
  ),
  brokenSettings('deleted', (world) => fs.rmSync(world.path(settings))),
  brokenSettings('replaced by a directory', (world) => {
    fs.rmSync(world.path(settings));
    fs.mkdirSync(world.path(settings));
  }),
  {
    name: 'disk full at reload',
    changes: {},
    impossible: cannotMount,
    async begin(world) {
      listDisk = Disk.mount(path.join(world.aside, 'disk'), { size: diskSize, mode: '755' });
      const list = path.join(listDisk.path, 'localip');
      const text = world.fresh(lists.localip.text);
      fs.writeFileSync(list, text);
      await world.taken(list, text, () =>
        fs.writeFileSync(
          world.path(settings),
          world.fresh(settingsText.replace('local_ip=localip', `local_ip=${list}`) + portsText(world.ports)),
        ),
      );
      await world.said(/ {2}\S+\/disk\/localip:\d+: /g, processes, () => {
        const refused = fill(list, longerThanTheDisk(diskSize));
        if (refused !== 'ENOSPC') world.ledger.find(`the disk was not full: ${refused}`);
      });
    },
    async end(world) {
      await settingsBack(world);
      await restore(world, 'localip');
      listDisk?.unmount();
    },
  },
  {
    // Local mail goes elsewhere, and whoever is refused at RCPT gets no further.
    name: "disk full where Haraka's queue is",
    changes: all(onwardClasses, ['accepted', 'deferred']),
    impossible: cannotMount,
    async begin(world) {
      const disk = queueDisk(world);
      // What is being written at this moment still finds room; without, Haraka may take it for queued and lose it.
      await world.said(/no room for a message in/g, workers, () => disk.fillUp(512 * 1024));
      disk.fillUp();
    },
    async end(world) {
      queueDisk(world).makeRoom();
    },
  },
  {
    // The local part of a mixed message is queued before the relayed part fails, so that it comes twice.
    name: "Haraka's queue cannot be written",
    changes: all(onwardClasses, ['accepted', 'deferred']),
    mustLeave: 'inPart',
    impossible: cannotMount,
    begin: (world) => world.said(/Unable to write queue file/g, workers, () => queueDisk(world).makeReadOnly()),
    async end(world) {
      queueDisk(world).makeWritable();
    },
  },
  {
    name: 'local delivery defers',
    changes: all(localClasses, ['accepted', 'deferred']),
    begin: (world) =>
      world.said(/probe: local delivery defers/g, workers, () => fs.writeFileSync(deliveryDefers(world), '')),
    async end(world) {
      fs.rmSync(deliveryDefers(world));
    },
  },
  {
    name: 'a worker killed',
    changes: {},
    meanwhile: interrupted,
    masterKeepsConnections: true,
    async begin(world) {
      const [victim] = world.pids();
      if (victim === world.haraka.pid || victim === undefined) throw new Error('there is no worker to kill');
      world.deathsExpected++;
      await world.said(/harness: serving/g, 1, () => {
        process.kill(victim, 'SIGKILL');
      });
    },
    end: nothing,
  },
  {
    name: "Haraka's graceful restart",
    changes: {},
    meanwhile: interrupted,
    impossible: ({ version }) =>
      version === '3.1' ? 'Haraka 3.1 says that it has reloaded, and restarts no worker' : undefined,
    async begin(world) {
      const old = world.pids();
      await world.said(/Reload complete, workers/g, 1, () => gracefulRestart(world));
      await eventually(
        (pids) => pids.length === workers && pids.every((pid) => !old.includes(pid)),
        async () => world.pids(),
        90_000,
      );
    },
    end: nothing,
  },
];

/** `haraka -c … --graceful`, as an administrator has it. */
function gracefulRestart(world: World): Promise<void> {
  const program = harakaProgram(world.options.version ?? '3.3');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, '-c', world.haraka.directory, '--graceful'],
      { timeout: 30_000 },
      (error, out) => (error || !/^250 /m.test(out) ? reject(error ?? new Error(out)) : resolve()),
    );
  });
}

function fill(file: string, text: string): string {
  try {
    fs.writeFileSync(file, text);
    return 'written';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
