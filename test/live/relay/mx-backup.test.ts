/** Domains that list this server as a backup MX behind hosts in the networks of `mx:` entries, with real DNS and a real next hop. */
import assert from 'node:assert/strict';
import { type Primary, startPrimary } from '../../../testkit/fakes/primary';
import { type DnsStub, startDns, type Zone } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { type Sink, startSink } from '../../../testkit/live/sink';
import { askFor, deliver, eventually, load, open, queuedAs, rcpt } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';
const unresolved = (domain: string) => `450 4.4.3 Relaying temporarily denied. Cannot resolve MX records for ${domain}`;

const partner = '192.0.2.25';
const elsewhere = '203.0.113.25';
/** Hosts that are asked about recipients. */
const askedFirst = '192.0.2.41';
const askedAlone = '192.0.2.42';

const us = 'mx.local.example';

const zone: Zone = {
  'mx1.partner.example': { A: [partner] },
  'mx2.partner.example': { A: ['192.0.2.26'], AAAA: ['2001:db8:25::26'] },
  'half.partner.example': { A: [partner], AAAA: ['2001:db8:99::1'] },
  'mixed.partner.example': { A: [partner, elsewhere] },
  'broken.partner.example': { answer: 'SERVFAIL' },
  'mx.elsewhere.example': { A: [elsewhere] },
  'nat.local.example': { A: ['192.0.2.98'] },
  'alias.example': { CNAME: 'backup.partner.example' },
  'backup.partner.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [20, us],
    ],
  },
  'both.partner.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [10, 'mx2.partner.example'],
      [20, us],
    ],
  },
  'behind-nat.partner.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [20, 'nat.local.example'],
    ],
  },
  'primary.example': {
    MX: [
      [10, us],
      [20, 'mx1.partner.example'],
    ],
  },
  'equal.example': {
    MX: [
      [10, us],
      [10, 'mx1.partner.example'],
    ],
  },
  'without-us.example': { MX: [[10, 'mx1.partner.example']] },
  'elsewhere.example': {
    MX: [
      [10, 'mx.elsewhere.example'],
      [20, us],
    ],
  },
  'between.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [15, 'mx.elsewhere.example'],
      [20, us],
    ],
  },
  'behind.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [20, us],
      [30, 'mx.elsewhere.example'],
    ],
  },
  'half.example': {
    MX: [
      [10, 'half.partner.example'],
      [20, us],
    ],
  },
  'mixed.example': {
    MX: [
      [10, 'mixed.partner.example'],
      [20, us],
    ],
  },
  'broken.example': {
    MX: [
      [10, 'broken.partner.example'],
      [20, us],
    ],
  },
  'nowhere.example': {
    MX: [
      [10, 'gone.partner.example'],
      [20, us],
    ],
  },
  'null.example': { MX: [[0, '.']] },
  'address.example': { A: [partner] },
  'servfail.example': { answer: 'SERVFAIL' },
  'silent.example': { answer: 'drop' },
  'mx1.asked.example': { A: [askedFirst] },
  'mx2.asked.example': { A: [askedAlone] },
  'behind.asked.example': {
    MX: [
      [10, 'mx1.asked.example'],
      [15, 'mx2.asked.example'],
      [20, us],
    ],
  },
  'listed.asked.example': { MX: [[10, 'mx2.asked.example']] },
  'closed.partner.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [20, us],
    ],
  },
  'refused.partner.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [20, us],
    ],
  },
  'moving.example': {
    MX: [
      [10, 'mx1.partner.example'],
      [20, us],
    ],
  },
};

const relayTo = [
  'listed.example',
  '!closed.partner.example',
  'mx:192.0.2.0/27   # the partner',
  'mx:2001:db8:25::/48',
  'mx:192.0.2.40/30 verify',
  'listed.asked.example verify',
].join('\n');

const answers: Readonly<Record<string, RegExp | string>> = {
  'backup.partner.example': OK,
  'Backup.PARTNER.example': OK,
  'both.partner.example': OK,
  'behind-nat.partner.example': OK,
  'alias.example': OK,
  'behind.example': OK,
  'primary.example': DENIED,
  'equal.example': DENIED,
  'without-us.example': DENIED,
  'elsewhere.example': DENIED,
  'between.example': DENIED,
  'half.example': DENIED,
  'mixed.example': DENIED,
  'null.example': DENIED,
  'address.example': DENIED,
  'unknown.example': DENIED,
  'closed.partner.example': DENIED,
  'refused.partner.example': '550 5.7.1 Access denied',
  'broken.example': unresolved('broken.example'),
  'nowhere.example': unresolved('nowhere.example'),
  'servfail.example': unresolved('servfail.example'),
  'silent.example': unresolved('silent.example'),
};

for (const version of versions) {
  describe(`mx: entries, with Haraka ${version}`, () => {
    let stub: DnsStub;
    let sink: Sink;
    let first: Primary;
    let alone: Primary;
    let haraka: RunningHaraka;
    const settings = (more = '') =>
      `[main]\nsettle=50ms\npoll=2s\n[relay]\nthis_host=192.0.2.98\n[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=300ms\ntries=1\n${more}`;

    before(async () => {
      stub = await startDns(zone);
      sink = await startSink();
      first = await startPrimary();
      alone = await startPrimary();
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'divert', 'rcpt_to.in_host_list', 'keep_queue'],
        files: {
          host_list: 'local.example\n',
          localip: '127.9\n',
          'relay.to': relayTo,
          'relay.map': 'To:refused.partner.example REJECT\n',
          'outbound.ini': 'enable_tls=false\n',
          'smtpcheck.ini': settings('mx_lookups=1000/1m\ncache_ttl=1s\n'),
        },
        dns: stub.port,
        env: {
          SMTPCHECK_TEST_DIVERT: JSON.stringify({
            ...{ [partner]: sink.port, [askedFirst]: first.port, [askedAlone]: alone.port },
          }),
        },
      });
    });
    after(async () => {
      await haraka?.stop();
      await sink?.stop();
      await first?.stop();
      await alone?.stop();
      await stub?.stop();
    });

    for (const [domain, answer] of Object.entries(answers)) {
      it(`answer ${answer === OK ? '250' : answer} for ${domain}`, async () => {
        const reply = await askFor(haraka, `user@${domain}`);
        if (typeof answer === 'string') assert.equal(reply, answer);
        else assert.match(reply, answer);
      });
    }

    it('are named with the decision', async () => {
      haraka.clearLog();
      assert.match(await askFor(haraka, 'user@backup.partner.example'), OK);
      assert.match(await haraka.waitForLog(/rule=backup-mx/), /at="?relay\.to:3"? .*note="the partner"/);
    });

    it('are asked about nothing that is decided without them', async () => {
      stub.clear();
      const client = await open(haraka);
      for (const to of [
        'a@listed.example',
        'a@local.example',
        'a@sub.closed.partner.example',
        'a@[192.0.2.25]',
        'a@refused.partner.example',
      ])
        await rcpt(client, to);
      client.destroy();
      assert.match(await askFor(haraka, 'a@backup.partner.example', { from: '127.9.0.1' }), OK);
      assert.deepEqual(
        stub.questions.filter(({ type }) => type === 'MX'),
        [],
      );
    });

    it('have one look-up for all who ask at the same time', async () => {
      stub.change({
        'many.example': {
          MX: [
            [10, 'mx1.partner.example'],
            [20, us],
          ],
          delay: 100,
        },
      });
      stub.clear();
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, i) => askFor(haraka, 'a@many.example', { from: `127.66.1.${i + 1}` })),
      );
      for (const reply of replies) assert.match(reply, OK);
      assert.equal(stub.questions.filter(({ name, type }) => name === 'many.example' && type === 'MX').length, 1);
    });

    it('ask the most preferred hosts whether they know a recipient, where the entry says so', async () => {
      assert.match(await askFor(haraka, 'known@behind.asked.example'), OK);
      assert.equal(await askFor(haraka, 'nobody@behind.asked.example'), '550 5.1.1 No such user');
      await haraka.waitForLog(/rule=unknown-recipient at="?relay\.to:5"?/);
      assert.deepEqual(alone.asked, []);
      assert.equal(await askFor(haraka, 'nobody@listed.asked.example'), '550 5.1.1 No such user');
      assert.deepEqual(alone.asked, ['nobody@listed.asked.example']);
      await first.stop();
      assert.match(await askFor(haraka, 'absent@behind.asked.example'), OK);
      assert.equal(alone.asked.length, 1, 'a host between would accept whatever it is asked');
    });

    it('open this recipient and no other', async () => {
      const client = await open(haraka);
      assert.match(await rcpt(client, 'a@backup.partner.example'), OK);
      assert.equal(await rcpt(client, 'a@elsewhere.example'), DENIED);
      assert.equal(await rcpt(client, 'a%elsewhere.example@backup.partner.example'), DENIED);
      client.destroy();
    });

    it('send the mail to the hosts before this one, and wait where the records have changed since', async () => {
      assert.match(await deliver(haraka, ['a@backup.partner.example'], `mx ${version}`), OK);
      await eventually(
        (taken) => taken.includes('a@backup.partner.example'),
        async () => sink.taken,
      );
      stub.change({
        'mx1.moving.example': { A: [partner] },
        'moving.example': {
          MX: [
            [10, 'mx1.partner.example'],
            [20, us],
          ],
        },
      });
      assert.match(await askFor(haraka, 'a@moving.example'), OK);
      const client = await open(haraka);
      assert.match(await rcpt(client, 'b@moving.example'), OK);
      stub.change({
        'moving.example': {
          MX: [
            [10, 'mx.elsewhere.example'],
            [20, us],
          ],
        },
      });
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await client.command('DATA');
      assert.match(String((await client.message(`Subject: moving ${version}\n\ntext\n`)).code), /250/);
      client.destroy();
      await haraka.waitForLog(/the MX hosts of moving\.example are not, or no longer, in the networks of mx: entries/);
      // Between two attempts it is under another name.
      await eventually(
        (queued) => queued.join() === 'outbound b@moving.example',
        () => queuedAs(haraka, `moving ${version}`),
      );
    });

    it('follow a reload, and let one client have so many domains looked up', async () => {
      await load(haraka, 'smtpcheck.ini', settings('mx_lookups=3/1m\n'));
      const from = '127.66.9.1';
      const asked = await Promise.all(
        ['a', 'b', 'c'].map((name) => askFor(haraka, `x@${name}.unknown.example`, { from })),
      );
      assert.deepEqual(asked, [DENIED, DENIED, DENIED]);
      assert.equal(await askFor(haraka, 'x@d.unknown.example', { from }), unresolved('d.unknown.example'));
      assert.equal(await askFor(haraka, 'x@a.unknown.example', { from }), DENIED);
      assert.equal(await askFor(haraka, 'x@d.unknown.example', { from: '127.66.9.2' }), DENIED);
      await load(haraka, 'relay.to', relayTo.replace(/^mx:192.*$/m, ''));
      assert.equal(await askFor(haraka, 'a@backup.partner.example', { from: '127.66.9.3' }), DENIED);
    });
  });
}
