/** Recipients that the server behind us is asked about before they are accepted, in a real dialogue with either side. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { everything } from '../../../testkit/extent';
import { keyPair } from '../../../testkit/fakes/listener';
import { knowsSome, type Primary, startPrimary } from '../../../testkit/fakes/primary';
import { makeFolder } from '../../../testkit/folder';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { statusOf } from '../../../testkit/live/status-client';
import { askFor, load, open, rcpt } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';
import { until } from '../../../testkit/until';

const OK = /^250 /;
const UNKNOWN = '550 5.1.1 No such user';
const LATER = '450 4.4.1 Recipient cannot be verified just now, try again later';
const ENOUGH = '421 4.7.1 Too many unknown recipients';

for (const version of versions) {
  describe(`verify of relay.to, with Haraka ${version}`, () => {
    let primary: Primary;
    let dns: DnsStub;
    let haraka: RunningHaraka;
    const file = path.join(makeFolder().path, 'verified');
    const asked = () => primary.asked.filter((one) => !one.startsWith('smtpcheck-'));
    const settings = (verify: string, more = '') =>
      `[main]\nsettle=50ms\npoll=200ms\n[verify]\ncache_file=${file}\n${verify}\n${more}`;
    const list = () =>
      [
        `backup.example  [127.0.0.1]:${primary.port}  verify  # the inner server`,
        `listed@backup.example`,
        `named.example inner.example:${primary.port} verify`,
        `plain.example [127.0.0.1]:${primary.port}`,
        'loop.example verify',
        'nowhere.example verify',
      ].join('\n');
    const start = (nodes = 0) =>
      startHaraka({
        version,
        nodes,
        dns: dns.port,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
        files: {
          me: 'mx.local.example',
          host_list: 'local.example\n',
          localip: '127.9\n',
          'relay.to': list(),
          'smtpcheck.ini': settings('timeout=10s\nrate=', `[dns]\nservers=127.0.0.1:${dns.port}\n`),
        },
      });
    const reload = (verify: string) =>
      load(haraka, 'smtpcheck.ini', settings(verify, `[dns]\nservers=127.0.0.1:${dns.port}\n`));

    before(async () => {
      primary = await startPrimary({ keys: keyPair('test-server') });
      dns = await startDns({
        'inner.example': { A: ['127.0.0.1'] },
        'loop.example': { MX: [[10, 'mx.local.example']] },
        'nowhere.example': { answer: 'SERVFAIL' },
      });
      haraka = await start();
    });
    after(async () => {
      await haraka?.stop();
      await primary?.stop();
      await dns?.stop();
    });
    beforeEach(() => {
      primary.manners.rcpt = knowsSome;
    });

    it('refuses whom the next hop does not know, in words of our own, and says so in the log', async () => {
      assert.equal(await askFor(haraka, 'nobody@backup.example'), UNKNOWN);
      const line = await haraka.waitForLog(/rule=unknown-recipient/);
      assert.match(line, /action=refuse .*at="?relay\.to:1"? .*note="the inner server"/);
      assert.match(await askFor(haraka, 'known@backup.example'), OK);
      assert.ok(primary.heard.includes('EHLO mx.local.example') && primary.heard.includes('STARTTLS'));
      assert.ok(primary.heard.includes('MAIL FROM:<>') && !primary.heard.includes('DATA'));
    });

    it('asks once, and decides each recipient of a message by itself', async () => {
      const before = asked().length;
      const client = await open(haraka);
      assert.equal(await rcpt(client, 'absent@backup.example'), UNKNOWN);
      assert.match(await rcpt(client, 'known1@backup.example'), OK);
      assert.equal(await rcpt(client, 'Absent@Backup.example'), UNKNOWN);
      assert.match(await rcpt(client, 'KNOWN1@backup.example'), OK);
      assert.equal(await rcpt(client, 'known1@victim.example'), '550 5.7.1 Relaying denied');
      await client.command('DATA');
      assert.match(String((await client.message('Subject: one of them\n\ntext\n')).code), /250/);
      client.destroy();
      assert.deepEqual(asked().slice(before), ['absent@backup.example', 'known1@backup.example']);
      const [message] = (await haraka.queued()).filter(({ text }) => text.includes('one of them'));
      assert.deepEqual(message?.recipients, ['known1@backup.example', 'KNOWN1@backup.example']);
    });

    it('asks about no recipient that is admitted without it, and about none that nothing admits', async () => {
      const before = primary.asked.length;
      for (const to of ['listed@backup.example', 'x@plain.example', 'x@local.example']) {
        assert.match(await askFor(haraka, to), OK, to);
      }
      assert.equal(await askFor(haraka, 'x@victim.example'), '550 5.7.1 Relaying denied');
      assert.equal(await askFor(haraka, 'x%victim.example@backup.example'), '550 5.7.1 Relaying denied');
      assert.match(await askFor(haraka, 'nobody2@backup.example', { from: '127.9.0.1' }), OK);
      assert.equal(primary.asked.length, before);
    });

    it('asks the next hop of the entry by its name, and the MX hosts but this one', async () => {
      assert.match(await askFor(haraka, 'known@named.example'), OK);
      assert.equal(await askFor(haraka, 'nobody@named.example'), UNKNOWN);
      assert.match(await askFor(haraka, 'anybody@loop.example'), OK);
      assert.match(await askFor(haraka, 'anybody@nowhere.example'), OK);
    });

    it('accepts, or defers by the setting, where the next hop gives no clear answer, and keeps to what it knew', async () => {
      assert.match(await askFor(haraka, 'known-before@backup.example'), OK);
      assert.equal(await askFor(haraka, 'nobody-before@backup.example'), UNKNOWN);
      primary.manners.rcpt = () => '451 4.3.0 Not now';
      const asksAll = async () => [
        await askFor(haraka, 'known-before@backup.example'),
        await askFor(haraka, 'nobody-before@backup.example'),
        await askFor(haraka, 'new@backup.example'),
      ];
      const [before, absent, fresh] = await asksAll();
      assert.match(`${before}`, OK);
      assert.equal(absent, UNKNOWN);
      assert.match(`${fresh}`, OK);
      await reload('timeout=10s\nrate=\nunsure=defer');
      const [still, gone, deferred] = await asksAll();
      assert.match(`${still}`, OK);
      assert.equal(gone, UNKNOWN);
      assert.equal(deferred, LATER);
      await haraka.waitForLog(/action=defer rule=recipient-unverified/);
      await reload('timeout=10s\nrate=');
    });

    it('waits for a silent next hop no longer than the setting says, and for the same one only once a second', async () => {
      await reload('timeout=1s\nrate=');
      primary.manners.rcpt = () => undefined;
      const began = performance.now();
      assert.match(await askFor(haraka, 'silence@backup.example'), OK);
      const took = performance.now() - began;
      assert.ok(took > 900 && took < 3000, `${took} ms`);
      const again = performance.now();
      assert.match(await askFor(haraka, 'silence2@backup.example'), OK);
      assert.ok(performance.now() - again < 900);
      primary.manners.rcpt = knowsSome;
      await new Promise((done) => setTimeout(done, 1100));
      assert.equal(await askFor(haraka, 'silence@backup.example'), UNKNOWN);
      await reload('timeout=10s\nrate=');
    });

    it('ends a connection that asks for too many unknown ones', async () => {
      await reload('timeout=10s\nrate=\nunknown=3');
      const client = await open(haraka);
      for (let i = 0; i < 3; i++) assert.equal(await rcpt(client, `guess${i}@backup.example`), UNKNOWN);
      const before = primary.asked.length;
      assert.equal(await rcpt(client, 'guess3@backup.example'), ENOUGH);
      await client.closed;
      assert.equal(primary.asked.length, before);
      assert.equal(await askFor(haraka, 'guess3@backup.example'), UNKNOWN);
      await reload('timeout=10s\nrate=');
    });

    it('asks no more than the rate allows, and still accepts whom it knows', async () => {
      await reload('timeout=10s\nrate=20/1h\nunknown=1000');
      const before = primary.asked.length;
      const guess = async (_: unknown, client: number) => {
        const session = await open(haraka, { from: `127.66.${client >> 7}.${(client & 127) + 1}` });
        const replies: string[] = [];
        for (let i = 0; i < 20; i++) replies.push(await rcpt(session, `name${client * 20 + i}@backup.example`));
        replies.push(await rcpt(session, 'known@backup.example'));
        session.destroy();
        return replies;
      };
      const all = await Promise.all(Array.from({ length: 50 }, guess));
      for (const replies of all) assert.match(replies.pop() ?? '', OK);
      const replies = all.flat();
      assert.equal(primary.asked.length - before, 20);
      assert.equal(replies.filter((one) => one === UNKNOWN).length, 20);
      assert.equal(replies.filter((one) => one === LATER).length, 980);
      await reload('timeout=10s\nrate=');
    });

    if (everything) {
      it('is asked no more often by a dictionary of 100,000 names from 1,000 clients', async () => {
        await reload('timeout=10s\nrate=300/1m');
        const [before, began] = [primary.asked.length, performance.now()];
        const replies = new Map<string, number>();
        const names = Array.from({ length: 1000 }, (_, client) => client);
        const guess = async () => {
          for (let client = names.pop(); client !== undefined; client = names.pop()) {
            const session = await open(haraka, { from: `127.67.${client >> 7}.${(client & 127) + 1}` });
            for (let i = 0; i < 100; i++) {
              const reply = await rcpt(session, `word${client * 100 + i}@backup.example`);
              replies.set(reply, (replies.get(reply) ?? 0) + 1);
              if (reply === ENOUGH) break;
              if (i % 20 === 0) assert.match(await rcpt(session, 'known@backup.example'), OK);
            }
            session.destroy();
          }
        };
        await Promise.all(Array.from({ length: 40 }, guess));
        const minutes = Math.ceil((performance.now() - began) / 60_000) + 1;
        const asked = primary.asked.length - before;
        assert.ok(asked >= 300 && asked <= 300 * minutes, `${asked} questions in less than ${minutes} minutes`);
        assert.deepEqual(
          [...replies.keys()].filter((reply) => ![UNKNOWN, LATER, ENOUGH].includes(reply)),
          [],
        );
        assert.equal(replies.get(UNKNOWN), asked);
        await reload('timeout=10s\nrate=');
      }).timeout(300_000);
    }

    it('no longer asks a domain that accepts whatever it is asked', async () => {
      primary.manners.rcpt = () => '250 2.1.5 Ok';
      await load(haraka, 'relay.to', `${list()}\nall.example [127.0.0.1]:${primary.port} verify`);
      assert.match(await askFor(haraka, 'one@all.example'), OK);
      await until('it is found out', () =>
        primary.asked.some((one) => /^smtpcheck-[0-9a-f]{24}@all\.example$/.test(one)),
      );
      await until('it is remembered', async () => {
        const before = primary.asked.length;
        assert.match(await askFor(haraka, `x${before}@all.example`), OK);
        return primary.asked.length === before;
      });
      await load(haraka, 'relay.to', list());
    });

    it('is counted in the status, with what is remembered', async () => {
      const { verify } = await statusOf(haraka);
      const { known, unknown, unsure } = verify.questions;
      assert.equal(known + unknown + unsure, primary.asked.length + 3, 'of three nobody was asked');
      assert.ok(known > 5 && unknown > 5 && unsure > 1 && verify.remembered > 50 && verify.unasked >= 980);
      assert.ok(verify.cache.size > 10 && Date.now() - Date.parse(verify.cache.oldest ?? '') < 120_000);
      assert.deepEqual(verify.acceptAll, ['all.example']);
    });

    it('knows after a restart what it knew before, also in a cluster of two', async () => {
      const before = asked().length;
      await haraka.stop();
      const kept = fs.readFileSync(file, 'utf8');
      assert.match(kept, /^smtpcheck verified recipients 1\n/);
      assert.match(kept, /^\["<known@backup\.example>","known",\d+\]$/m);
      haraka = await start(2);
      const ask = (to: string) =>
        Promise.all(Array.from({ length: 10 }, (_, i) => askFor(haraka, to, { from: `127.66.2.${i + 1}` })));
      for (const reply of await ask('nobody@backup.example')) assert.equal(reply, UNKNOWN);
      for (const reply of await ask('known@backup.example')) assert.match(reply, OK);
      assert.equal(asked().length, before);
      // The master asks for all.
      for (const reply of await ask('known-later@backup.example')) assert.match(reply, OK);
      assert.deepEqual(asked().slice(before), ['known-later@backup.example']);
    });

    it('starts without a file that it cannot read, and says so', async () => {
      await haraka.stop();
      fs.writeFileSync(file, 'something else\n');
      haraka = await start();
      await haraka.waitForLog(/verified cannot be used \(line 1 is not .*recipients are asked about again/);
      assert.equal(fs.readFileSync(`${file}.unreadable`, 'utf8'), 'something else\n');
      const before = asked().length;
      assert.match(await askFor(haraka, 'known@backup.example'), OK);
      assert.equal(asked().length, before + 1);
    });
  });
}
