/** What the log says of lists and of the entries that decide: once for a server, and with the words that stand beside an entry. */
import assert from 'node:assert/strict';
import { startHaraka } from '../../../testkit/live/haraka';
import { statusOf } from '../../../testkit/live/status-client';
import { askFor, eventually, generationOf, load } from '../../../testkit/live/talk';

const outside = 'user@victim.example';

describe('the log of lists', () => {
  it('has each version once for a cluster, with its entries and their change, and at debug from the workers', async () => {
    for (const level of ['info', 'debug']) {
      const haraka = await startHaraka({
        plugins: ['smtpcheck'],
        nodes: 2,
        files: { localip: '127.9\n', 'log.ini': `[main]\nlevel=${level}\ntimestamps=false\n` },
      });
      try {
        await load(haraka, 'localip', '127.8  # new\n127.7\n');
        // The workers see it as soon as the master does.
        await new Promise((resolve) => setTimeout(resolve, 1500));
        const loaded = haraka.log().match(/\[\w+\] .*loaded file=localip .*/g) ?? [];
        const wanted = /entries=2 \(\+2 -1\) process=(\d+)/;
        const changed = loaded.filter((line) => wanted.test(line));
        const pids = changed.map((line) => Number(wanted.exec(line)?.[1]));
        if (level === 'info') assert.deepEqual(pids, [haraka.pid], loaded.join('\n'));
        else assert.equal(new Set(pids).size, 3, loaded.join('\n'));
        assert.equal(changed.filter((line) => line.startsWith('[NOTICE]')).length, 1);
      } finally {
        await haraka.stop();
      }
    }
  });

  it('has one number for a version in all processes, also in a worker that starts after a reload', async () => {
    const haraka = await startHaraka({
      plugins: ['smtpcheck'],
      nodes: 2,
      files: { localip: '127.9\n', 'log.ini': '[main]\nlevel=debug\ntimestamps=false\n' },
    });
    const loaded = (process: string) =>
      new RegExp(`loaded file=localip generation=(\\d+) sha256=\\w+ entries=2.* process=(${process})$`, 'm');
    try {
      await load(haraka, 'localip', '127.8\n127.7\n');
      await eventually(
        (log) => [...log.matchAll(new RegExp(loaded('\\d+'), 'gm'))].length === 3,
        async () => haraka.log(),
      );
      const workers = async () => (await statusOf(haraka)).processes.filter(({ worker }) => worker > 0);
      const [victim] = await eventually((all) => all.length === 2, workers);
      assert.ok(victim);
      haraka.clearLog();
      process.kill(victim.pid, 'SIGKILL');
      const [, generation, pid] = loaded('\\d+').exec(await haraka.waitForLog(loaded('\\d+'))) ?? [];
      assert.notEqual(Number(pid), victim.pid);
      assert.equal(Number(generation), 2);
    } finally {
      await haraka.stop();
    }
  });

  it('says when a list that was rejected holds the version in force again, and once what is rejected', async () => {
    const haraka = await startHaraka({ plugins: ['smtpcheck'], files: { 'host.deny': '192.0.2.1\n' } });
    try {
      haraka.write('host.deny', '192.0.2.0/99\n');
      await haraka.waitForLog('host.deny:1: prefix-length');
      haraka.write('host.deny', '192.0.2.1\n');
      const line = await haraka.waitForLog('host.deny holds the version in force again');
      assert.match(line, /^\[NOTICE\]/);
      assert.equal(generationOf(haraka, 'host.deny'), 1);
      assert.equal(haraka.log().split('host.deny:1: prefix-length').length, 2);
    } finally {
      await haraka.stop();
    }
  });

  it('has the comment of the entry that decided as note, unless notes=false', async () => {
    const haraka = await startHaraka({
      plugins: ['smtpcheck'],
      files: { localip: '!127.9.0.1  # a stolen laptop\n127.9\n' },
    });
    try {
      assert.match(await askFor(haraka, outside, { from: '127.9.0.1' }), /^550 /);
      await haraka.waitForLog(/rule=client-excluded at=localip:1 .* note="a stolen laptop"/);
      await askFor(haraka, outside, { from: '127.9.0.2' });
      assert.doesNotMatch(await haraka.waitForLog(/rule=client-network at=localip:2/), /note=/);
      haraka.clearLog();
      haraka.write('smtpcheck.ini', '[main]\nnotes=false\nsettle=50ms\npoll=200ms\n');
      await haraka.waitForLog('loaded file=smtpcheck.ini');
      await askFor(haraka, outside, { from: '127.9.0.1' });
      await eventually(
        (line) => line !== undefined,
        async () => /rule=client-excluded .*/.exec(haraka.log())?.[0],
      );
      assert.doesNotMatch(haraka.log(), /note=/);
    } finally {
      await haraka.stop();
    }
  });
});
