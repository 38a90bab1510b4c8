/** The same changes in a cluster: every worker takes them, and no worker goes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { changes, changing } from '../../../testkit/live/changes';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import type { SmtpClient } from '../../../testkit/live/smtp-client';
import { eventually, greet, rcpt, settled } from '../../../testkit/live/talk';

const workers = 2;
const outside = 'user@victim.example';
const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';

describe('a cluster of two workers', () => {
  let haraka: RunningHaraka;
  let pids: readonly string[];

  before(async () => {
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'name_worker'],
      files: { host_list: 'local.example' },
      nodes: workers,
    });
    pids = [...(await oneOfEach(changing)).keys()].sort();
  });
  after(() => haraka?.stop());

  /** A connection with each worker. */
  async function oneOfEach(from: string): Promise<ReadonlyMap<string, SmtpClient>> {
    const clients = new Map<string, SmtpClient>();
    for (let attempt = 0; clients.size < workers && attempt < 50; attempt++) {
      const client = await greet(haraka, { from });
      const pid = /worker (\d+)/.exec(client.greeting.text)?.[1] ?? '';
      if (clients.has(pid)) client.destroy();
      else clients.set(pid, client);
    }
    assert.equal(clients.size, workers, 'not every worker answers');
    return clients;
  }

  /** What each worker says to the recipient, on connections of its own. */
  async function askAll(from: string, recipient: string): Promise<readonly string[]> {
    const replies: string[] = [];
    for (const client of (await oneOfEach(from)).values()) {
      await client.command('MAIL FROM:<someone@sender.example>');
      replies.push(await rcpt(client, recipient));
      client.destroy();
    }
    return replies;
  }

  for (const { name, arrange, change, allowed } of changes) {
    it(`takes within 10 s, in every worker: ${name}`, async () => {
      const all = (may: boolean) => (replies: readonly string[]) => replies.every((reply) => OK.test(reply) === may);
      if (arrange) {
        arrange(haraka);
        await settled();
      }
      await eventually(all(!allowed), () => askAll(changing, outside));
      change(haraka);
      await eventually(all(allowed), () => askAll(changing, outside));
    });
  }

  it('refuses a revoked client on connections opened before, in every worker', async () => {
    haraka.write('localip', '127.9\n');
    await eventually(
      (replies) => replies.every((reply) => OK.test(reply)),
      () => askAll(changing, outside),
    );
    const sessions = [...(await oneOfEach(changing)).values()];
    for (const session of sessions) {
      await session.command('MAIL FROM:<someone@sender.example>');
      assert.match(await rcpt(session, outside), OK);
    }
    haraka.write('localip', '127.8\n');
    await eventually(
      (replies) => replies.every((reply) => reply === DENIED),
      () => askAll(changing, outside),
    );
    for (const session of sessions) {
      assert.match(await rcpt(session, outside), /^421 4\.7\.1 /);
      assert.ok(await session.waitForClose());
    }
  });

  it('keeps the last good list in every worker, and every worker says so', async () => {
    const told = haraka.log().length;
    // Not in place: where the machine stops between emptying and writing, an empty list is the last good one.
    haraka.write('localip.new', '127.9/99\n');
    fs.renameSync(haraka.configFile('localip.new'), haraka.configFile('localip'));
    // The master has the lists too; it serves nobody.
    await eventually(
      (count) => count >= workers,
      async () => haraka.log().slice(told).split('localip:1: prefix-').length - 1,
    );
    assert.deepEqual(await askAll('127.8.0.1', outside), await askAll('127.8.0.2', outside));
    assert.ok((await askAll('127.8.0.1', outside)).every((reply) => OK.test(reply)));
  });

  it('takes a change of flags in every worker', async () => {
    haraka.write('smtpcheck.ini', '[privacy]\nflags=novrfy\nvrfy_reply=502\n');
    const ask = async () => {
      const clients = [...(await oneOfEach(changing)).values()];
      const replies = await Promise.all(clients.map((client) => client.command('VRFY user')));
      for (const client of clients) client.destroy();
      return replies.map(({ code }) => code);
    };
    assert.deepEqual(await eventually((codes) => codes.every((code) => code === 502), ask), [502, 502]);
  });

  it('still has the workers it began with', async () => {
    assert.deepEqual([...(await oneOfEach(changing)).keys()].sort(), pids);
    assert.doesNotMatch(haraka.log(), /smtpcheck fault|unhandled|worker \d+ (died|exited)/i);
  });
});
