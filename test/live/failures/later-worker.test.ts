/** A worker that dies is replaced by one that decides as it did, whatever has become of the files in the meantime. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { harakaProgram } from '../../../examples/haraka-directory';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connect } from '../../../testkit/live/smtp-client';
import { askFor, eventually, said } from '../../../testkit/live/talk';
import { runsInFull, supportedVersions } from '../../../testkit/live/versions';

const outside = 'user@victim.example';
const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';
const trusted = '127.9.0.1';
const denied = '127.13.0.1';
const anybody = '127.66.0.1';

const base = { localip: '127.9\n', 'host.deny': '127.13\n' };

interface LaterCase {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  damage(haraka: RunningHaraka): void;
  /** What every process says once it has noticed. */
  readonly noticed: string;
  /** Before the worker dies and after it. */
  holds(haraka: RunningHaraka): Promise<void>;
  repair(haraka: RunningHaraka): void;
  repaired(haraka: RunningHaraka): Promise<boolean>;
}

const greeting = async (haraka: RunningHaraka, from: string) => {
  const client = await connect({ port: haraka.port, localAddress: from });
  client.destroy();
  return client.greeting;
};
const isDenied = async (haraka: RunningHaraka, from: string) => (await greeting(haraka, from)).code === 554;
const mayRelay = async (haraka: RunningHaraka, from: string) => OK.test(await askFor(haraka, outside, { from }));

async function deniesAsBefore(haraka: RunningHaraka): Promise<void> {
  assert.equal(said(await greeting(haraka, denied)), '554 5.7.1 Access denied');
  assert.equal(await isDenied(haraka, anybody), false);
}

async function trustsAsBefore(haraka: RunningHaraka): Promise<void> {
  assert.match(await askFor(haraka, outside, { from: trusted }), OK);
  assert.equal(await askFor(haraka, outside, { from: anybody }), DENIED);
}

const cases: readonly LaterCase[] = [
  {
    name: 'host.deny was deleted',
    files: {},
    damage: (haraka) => haraka.remove('host.deny'),
    noticed: 'host.deny was deleted',
    holds: deniesAsBefore,
    repair: (haraka) => haraka.write('host.deny', '127.14\n'),
    repaired: async (haraka) => !(await isDenied(haraka, denied)) && (await isDenied(haraka, '127.14.0.1')),
  },
  {
    name: 'host.deny was deleted, which the settings name',
    files: { 'smtpcheck.ini': '[deny]\nhosts=host.deny\n' },
    damage: (haraka) => haraka.remove('host.deny'),
    noticed: 'host.deny was deleted',
    holds: deniesAsBefore,
    repair: (haraka) => haraka.write('host.deny', ''),
    repaired: async (haraka) => !(await isDenied(haraka, denied)),
  },
  {
    name: 'localip has a fault',
    files: {},
    damage: (haraka) => haraka.write('localip', '127.66\n127.8/99\n'),
    noticed: 'localip:2: prefix-',
    holds: trustsAsBefore,
    repair: (haraka) => haraka.write('localip', '127.8\n'),
    repaired: async (haraka) => !(await mayRelay(haraka, trusted)) && (await mayRelay(haraka, '127.8.0.1')),
  },
  {
    name: 'localip was deleted, which the settings name',
    files: { 'smtpcheck.ini': '[relay]\nlocal_ip=localip\n' },
    damage: (haraka) => haraka.remove('localip'),
    noticed: 'localip is missing',
    async holds(haraka) {
      assert.equal(await askFor(haraka, outside, { from: trusted }), DENIED);
    },
    repair: (haraka) => haraka.write('localip', '127.9\n'),
    repaired: (haraka) => mayRelay(haraka, trusted),
  },
  {
    name: 'smtpcheck.ini has a fault',
    files: { 'smtpcheck.ini': '[relay]\nlocal_ip=ours\n', ours: '127.9\n', localip: '127.66\n' },
    damage: (haraka) => haraka.write('smtpcheck.ini', '[relay]\nrestrictoin=false\n'),
    noticed: 'smtpcheck.ini:2: ini-key-unknown',
    holds: trustsAsBefore,
    repair: (haraka) => haraka.write('smtpcheck.ini', '[relay]\nlocal_ip=\n'),
    repaired: async (haraka) => !(await mayRelay(haraka, trusted)),
  },
  {
    name: 'smtpcheck.ini was deleted',
    files: { 'smtpcheck.ini': '[relay]\nlocal_ip=ours\n', ours: '127.9\n', localip: '127.66\n' },
    damage: (haraka) => haraka.remove('smtpcheck.ini'),
    noticed: 'smtpcheck.ini was deleted',
    holds: trustsAsBefore,
    repair: (haraka) => haraka.write('smtpcheck.ini', ''),
    repaired: async (haraka) => !(await mayRelay(haraka, trusted)) && (await mayRelay(haraka, anybody)),
  },
];

async function workerOf(haraka: RunningHaraka): Promise<number> {
  const { text } = await greeting(haraka, anybody);
  return Number(/worker (\d+)/.exec(text)?.[1]);
}

/** Where the master keeps the last good texts: what a worker has of it in its environment. */
async function directoryOf(haraka: RunningHaraka): Promise<string> {
  const environment = fs.readFileSync(`/proc/${await workerOf(haraka)}/environ`, 'utf8').split('\0');
  const notice = environment.find((entry) => entry.startsWith('SMTPCHECK_LAST_GOOD='))?.replace(/^.*?=/, '');
  return (JSON.parse(notice as string) as { directory: string }).directory;
}

for (const version of supportedVersions) {
  describe(`a worker of Haraka ${version} that comes later`, () => {
    let haraka: RunningHaraka | undefined;
    afterEach(() => haraka?.stop());

    const start = async (files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) => {
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'name_worker'],
        files: { host_list: 'local.example', ...base, ...files },
        nodes: 1,
        env,
      });
      return haraka;
    };

    for (const { name, files, damage, noticed, holds, repair, repaired } of runsInFull(version)
      ? cases
      : cases.slice(0, 1)) {
      it(`decides as those before where ${name}, and takes what is repaired`, async () => {
        const site = await start(files);
        damage(site);
        // The master says it, and the worker.
        await eventually(
          (count) => count === 2,
          async () => site.log().split(noticed).length - 1,
        );
        await holds(site);
        const before = await workerOf(site);
        site.clearLog();
        process.kill(before, 'SIGKILL');
        await site.waitForLog('harness: serving', 20_000);
        assert.notEqual(await workerOf(site), before);
        await holds(site);
        assert.match(site.log(), /is not taken from the disk: what the cluster's master has in force is in force here/);
        assert.equal(site.log().split('harness: serving').length - 1, 1, 'one new worker, and not several');

        repair(site);
        await eventually(
          (is) => is,
          () => repaired(site),
        );
      });
    }

    // Haraka 3.1 says that it has restarted its workers, and restarts none.
    if (version === '3.3') {
      it('decides as those before after a graceful restart', async () => {
        const site = await start({});
        site.remove('host.deny');
        await eventually(
          (count) => count === 2,
          async () => site.log().split('host.deny was deleted').length - 1,
        );
        const before = await workerOf(site);
        const program = harakaProgram('3.3');
        await promisify(execFile)(process.execPath, [program, '-c', site.directory, '--graceful'], { timeout: 30_000 });
        await site.waitForLog('Reload complete', 40_000);
        assert.notEqual(await workerOf(site), before);
        await deniesAsBefore(site);
      });
    }

    if (!runsInFull(version)) return;

    it('leaves no last good texts behind when its master has ended by SIGTERM', async () => {
      const site = await start({});
      const directory = await directoryOf(site);
      assert.equal(fs.readFileSync(path.join(directory, 'hosts'), 'utf8'), base['host.deny']);
      process.kill(site.pid, 'SIGTERM');
      await eventually(
        (isThere) => !isThere,
        async () => fs.existsSync(directory),
      );
    });

    it('defers what host.deny could decide where its last good text is lost, and relays for nobody', async () => {
      const site = await start({});
      fs.rmSync(await directoryOf(site), { recursive: true });
      site.remove('host.deny');
      const before = await workerOf(site);
      site.clearLog();
      process.kill(before, 'SIGKILL');
      await site.waitForLog('harness: serving', 20_000);
      for (const client of [denied, anybody]) {
        assert.equal(said(await greeting(site, client)), '421 4.7.1 Access temporarily denied');
      }
      site.write('host.deny', '127.14\n');
      await eventually(
        (is) => is,
        async () => !(await isDenied(site, denied)) && (await isDenied(site, '127.14.0.1')),
      );
    });
  }).timeout(60_000);
}
