/** Lists that never come to rest: what is taken of them, and what never is. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PolicyStore } from '../../src/lists/policy-store';
import { address, now } from '../../testkit/core';
import { type Folder, makeFolder } from '../../testkit/folder';
import { until } from '../../testkit/until';

class Followed {
  readonly said: string[] = [];
  readonly store: PolicyStore;

  constructor(readonly folder: Folder) {
    const say = (...lines: readonly string[]) => void this.said.push(lines.join('\n'));
    this.store = new PolicyStore(folder.path, { loginfo: say, lognotice: say, logwarn: say, logerror: say });
    this.said.length = 0;
    this.store.follow();
  }

  trusts(client: string): boolean {
    return this.store.policy.relay.clientNetworks.findAddress(address(client), now)?.excluded === false;
  }
}

describe('a list that never comes to rest', () => {
  let site: Followed | undefined;
  let isOver = false;
  let storm: Promise<void> = Promise.resolve();
  afterEach(async () => {
    isOver = true;
    await storm;
    site?.store.close();
  });

  function start(ini: string, text: string): Followed {
    site = new Followed(makeFolder({ 'smtpcheck.ini': ini, localip: text }));
    isOver = false;
    return site;
  }

  async function repeat(step: (n: number) => Promise<void> | void): Promise<void> {
    for (let n = 0; !isOver; n++) await step(n);
  }

  it('is in force within some times the settle time when it is replaced 100 times a second', async () => {
    const site = start('[main]\npoll=200ms\nsettle=200ms\n', '192.0.2.7\n192.0.2.8\n');
    const begun = performance.now();
    storm = repeat(async (n) => {
      site.folder.write('localip.new', `192.0.2.8\n# ${n}\n`);
      fs.renameSync(site.folder.file('localip.new'), site.folder.file('localip'));
      await sleep(10);
    });
    await sleep(1000);
    assert.ok(site.trusts('192.0.2.7'), 'one that is about to be replaced is not taken at once');
    await until('192.0.2.7 is revoked', () => !site.trusts('192.0.2.7'));
    assert.ok(site.trusts('192.0.2.8'));
    const time = performance.now() - begun;
    assert.ok(time < 6_000, `after ${time} ms`);
  });

  it('is never in force half-written when it is written in place', async () => {
    const site = start('[main]\npoll=200ms\nsettle=300ms\n', '192.0.2.7\n');
    const file = fs.openSync(site.folder.file('localip'), 'r+');
    // Each state is a list that could be taken, and the one that is meant is never there for long.
    storm = repeat(async (n) => {
      fs.ftruncateSync(file);
      fs.writeSync(file, `192.0.2.8\n# ${n}\n`, 0);
      await sleep(20);
      fs.writeSync(file, '!192.0.2.8\n', 0);
      await sleep(5);
    });
    const end = performance.now() + 5_000;
    while (performance.now() < end) {
      assert.ok(site.trusts('192.0.2.7') && !site.trusts('192.0.2.8'), site.said.join('\n'));
      await sleep(10);
    }
    assert.deepEqual([site.store.policy.generation, site.said], [1, []]);
    isOver = true;
    await storm;
    fs.closeSync(file);
    fs.writeFileSync(site.folder.file('localip'), '192.0.2.9\n');
    await until('the last one is in force', () => site.trusts('192.0.2.9'));
  });

  it('is never in force half-written when it is deleted and slowly written anew', async () => {
    const site = start('[main]\npoll=200ms\nsettle=200ms\n', '192.0.2.7\n');
    storm = repeat(async () => {
      site.folder.remove('localip');
      const file = fs.openSync(site.folder.file('localip'), 'w');
      for (let part = 0; part < 50; part++) {
        fs.writeSync(file, `192.0.2.${100 + part}\n`);
        await sleep(20);
      }
      fs.writeSync(file, '!192.0.2.100\n');
      fs.closeSync(file);
    });
    const end = performance.now() + 5_000;
    while (performance.now() < end) {
      assert.ok(!site.trusts('192.0.2.100'), 'half of a list was in force');
      await sleep(10);
    }
  });
});
