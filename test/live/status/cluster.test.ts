/** The status of a cluster: figures of all workers, through the end of one. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import {
  countIn,
  type Decisions,
  holdersOf,
  refusedInHistory,
  type Status,
  statusJson,
  statusOf,
  unmatchedIn,
} from '../../../testkit/live/status-client';
import { askFor, eventually, greet, load, pause, rcpt } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const outside = 'user@victim.example';
const clients = 6;

/** A refusal that a client has read: by which worker, and when. */
interface Refused {
  readonly pid: number;
  readonly at: number;
}

for (const version of versions) {
  describe(`the status of a cluster of Haraka ${version}`, () => {
    let haraka: RunningHaraka;

    before(async () => {
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'name_worker'],
        files: { host_list: 'local.example', localip: '127.9  # the lab\n127.8\n', 'relay.to': 'backup.example\n' },
        nodes: 2,
      });
      await eventually(
        (status) => workersOf(status).length === 2,
        () => statusOf(haraka).catch(() => undefined),
      );
    });
    after(() => haraka?.stop());

    it('counts what both workers decide, and shows it from both', async () => {
      const before = countIn(await statusOf(haraka), 'refuse', 'relay-denied');
      const refused = await traffic(haraka, 60);
      assert.equal(new Set(refused.map(({ pid }) => pid)).size, 2);
      const after = await eventually(
        (count) => count - before >= refused.length,
        async () => countIn(await statusOf(haraka), 'refuse', 'relay-denied'),
      );
      assert.equal(after - before, refused.length);
      assert.equal(await refusedInHistory(haraka), countIn(await statusOf(haraka), 'refuse'));
      const { decisions } = await statusJson<Decisions>(haraka, 'decisions.json');
      assert.ok(decisions.length >= refused.length);
    });

    it('loses of a worker that is killed under traffic its last second at most, and never counts backwards', async () => {
      const before = countIn(await statusOf(haraka), 'refuse');
      const [victim] = workersOf(await statusOf(haraka));
      assert.ok(victim);
      let isOver = false;
      const counts: number[] = [];
      const watching = (async () => {
        while (!isOver) {
          counts.push(countIn(await statusOf(haraka), 'refuse'));
          await pause(50);
        }
      })();
      const refused: Refused[] = [];
      const until = performance.now() + 5000;
      const sending = traffic(haraka, Number.POSITIVE_INFINITY, until, refused);
      await pause(2600);
      const killedAt = performance.now();
      process.kill(victim.pid, 'SIGKILL');
      await sending;
      await pause(2500);
      isOver = true;
      await watching;
      const counted = countIn(await statusOf(haraka), 'refuse') - before;
      // A report may be late by a busy moment of the worker.
      const lost = refused.filter(({ pid, at }) => pid === victim.pid && at > killedAt - 1500).length;
      assert.ok(
        refused.some(({ pid, at }) => pid === victim.pid && at < killedAt - 1500),
        'the worker has worked before',
      );
      assert.ok(
        refused.some(({ at }) => at > killedAt + 500),
        'mail goes on',
      );
      assert.ok(counted >= refused.length - lost, `${counted} of ${refused.length}, of which ${lost} may be lost`);
      // A decision whose reply was never read.
      assert.ok(counted <= refused.length + clients, `${counted} of ${refused.length}`);
      assert.deepEqual(
        [...counts].sort((a, b) => a - b),
        counts,
      );
      const workers = await eventually(
        (all) => all.length === 2,
        async () => workersOf(await statusOf(haraka)),
      );
      assert.ok(workers.every(({ pid }) => pid !== victim.pid));
    });

    it('shows a worker that is stopped as silent, and no longer once it goes on', async () => {
      const [worker] = workersOf(await statusOf(haraka));
      assert.ok(worker);
      const isSilent = async () => workersOf(await statusOf(haraka)).find(({ pid }) => pid === worker.pid)?.silent;
      process.kill(worker.pid, 'SIGSTOP');
      try {
        assert.equal(await eventually((silent) => silent === true, isSilent), true);
      } finally {
        process.kill(worker.pid, 'SIGCONT');
      }
      assert.equal(await eventually((silent) => silent === false, isSilent), false);
    });

    it('has one number for a version in all processes, also in one that starts later or has missed versions', async () => {
      const generations = async () => {
        const { processes, generation } = await statusOf(haraka);
        return processes.map((one) => [one.generation - generation, one.lists.local_ip?.generation]);
      };
      const agree = (all: readonly (readonly (number | undefined)[])[]) =>
        all.length === 3 && all.every(([difference, since]) => difference === 0 && since === all[0]?.[1]);
      const edit = async (text: string) => {
        await load(haraka, 'localip', text);
        await eventually(
          (status) => holdersOf(status, 'localip', text) === 3,
          () => statusOf(haraka),
        );
      };
      await edit('127.9  # the lab\n127.5\n');
      await edit('127.9  # the lab\n127.5\n127.4\n');
      assert.ok(agree(await eventually(agree, generations)));

      // Its successor begins with the number of the others, and writes it into the log.
      const [victim] = workersOf(await statusOf(haraka));
      assert.ok(victim);
      const told = haraka.log().length;
      process.kill(victim.pid, 'SIGKILL');
      await eventually(
        (log) => log.includes('harness: serving'),
        async () => haraka.log().slice(told),
      );
      const reached = await eventually(agree, generations);
      const { generation } = await statusOf(haraka);
      assert.ok(generation >= 3, JSON.stringify(reached));
      const pids = new Set<number>();
      while (pids.size < 2) {
        const asked = haraka.log().length;
        for (const { pid } of await traffic(haraka, 6)) pids.add(pid);
        const refusals = await eventually(
          (lines) => lines.length >= 6,
          async () => [
            ...haraka
              .log()
              .slice(asked)
              .matchAll(/smtpcheck refuse .*? generation=(\d+)/g),
          ],
        );
        for (const [, number] of refusals) assert.equal(Number(number), generation);
      }

      // One that is stopped sees the last of three versions only.
      const [sleeper] = workersOf(await statusOf(haraka));
      assert.ok(sleeper);
      process.kill(sleeper.pid, 'SIGSTOP');
      try {
        for (const n of [1, 2, 3]) await load(haraka, 'localip', `127.9  # the lab\n127.${n}\n`);
      } finally {
        process.kill(sleeper.pid, 'SIGCONT');
      }
      const holding = async () => holdersOf(await statusOf(haraka), 'localip', '127.9  # the lab\n127.3\n');
      await eventually((count) => count === 3, holding);
      assert.ok(agree(await eventually(agree, generations)));
      assert.equal((await statusOf(haraka)).generation, generation + 3);
    });

    it('shows a list that the workers reject, and the texts of entries that they have matched', async () => {
      await load(haraka, 'localip', '127.9  # the lab\n127.8\n');
      const client = await greet(haraka, { from: '127.9.0.1' });
      await client.command('MAIL FROM:<a@sender.example>');
      assert.match(await rcpt(client, outside), /^250 /);
      client.destroy();
      assert.deepEqual(await unmatchedIn(haraka, 'relay_to'), ['backup.example']);
      const texts = async () => (await statusOf(haraka)).entries.matched.map(({ list, text }) => `${list} ${text}`);
      await eventually((all) => all.includes('local_ip 127.9  # the lab'), texts);
      assert.deepEqual(await unmatchedIn(haraka, 'local_ip'), ['127.8']);
      haraka.write('host.deny', '192.0.2.0/99\n');
      const rejected = async () =>
        (await statusOf(haraka)).lists.filter((list) => list.rejected).map(({ list }) => list);
      assert.deepEqual(await eventually((lists) => lists.length > 0, rejected), ['hosts']);
      await load(haraka, 'host.deny', '192.0.2.0/24\n');
      assert.deepEqual(await eventually((lists) => lists.length === 0, rejected), []);
      assert.doesNotMatch(haraka.log(), /smtpcheck fault|status server failed|cannot be collected/);
    });
  });
}

describe('the status of a cluster with a worker of another version', () => {
  it('has of its reports what it understands', async () => {
    const haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'other_version'],
      files: { host_list: 'local.example' },
      nodes: 2,
    });
    try {
      assert.match(await askFor(haraka, outside), /^550 /);
      const count = async () => countIn(await statusOf(haraka), 'refuse');
      assert.equal(await eventually((sum) => sum >= 8, count), 8);
      const status = await statusOf(haraka);
      assert.equal(countIn(status, 'refuse', 'of-tomorrow'), 7);
      assert.deepEqual(status.faults, {});
      const { decisions } = await statusJson<Decisions>(haraka, 'decisions.json');
      assert.deepEqual(decisions.map(({ rule }) => rule).sort(), ['of-tomorrow', 'relay-denied']);
      // The next report of the worker itself has its lists again.
      await eventually(
        (all) => all.length === 3 && all.every((names) => names.length > 5),
        async () => (await statusOf(haraka)).processes.map(({ lists }) => Object.keys(lists)),
      );
      assert.doesNotMatch(haraka.log(), /smtpcheck fault|status server failed|cannot be collected/);
    } finally {
      await haraka.stop();
    }
  });
});

function workersOf(status: Status | undefined): Status['processes'] {
  return status?.processes.filter(({ worker }) => worker > 0) ?? [];
}

/** Clients that are refused, one connection after the other, until so many refusals are read or the time is over. */
async function traffic(
  haraka: RunningHaraka,
  count: number,
  until = Number.POSITIVE_INFINITY,
  refused: Refused[] = [],
): Promise<readonly Refused[]> {
  let left = count;
  const one = async () => {
    while (left > 0 && performance.now() < until) {
      const client = await greet(haraka).catch(() => undefined);
      const pid = Number(/worker (\d+)/.exec(client?.greeting.text ?? '')?.[1]);
      if (!client || !pid) continue;
      await client.command('MAIL FROM:<a@sender.example>');
      for (let i = 0; i < 3 && left > 0; i++) {
        left--;
        if ((await rcpt(client, outside)).startsWith('550 ')) refused.push({ pid, at: performance.now() });
      }
      client.destroy();
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  return refused;
}
