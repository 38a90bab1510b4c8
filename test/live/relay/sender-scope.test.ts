/** Entries with `from=` and `until=`, as clients see them, and what other plugins see of the trust meanwhile. */
import assert from 'node:assert/strict';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connectBehindProxy, connectionIni } from '../../../testkit/live/proxied';
import type { SmtpClient } from '../../../testkit/live/smtp-client';
import {
  askFor,
  deliver,
  eventually,
  greet,
  load,
  open,
  pause,
  queuedAs,
  rcpt,
  said,
} from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const outside = 'user@victim.example';
const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';
const RECONNECT = '421 4.7.1 Relaying permission has changed, please reconnect';

const dept = '127.9.0.1';
const lab = '127.50.0.1';
const forgedLab = '127.50.0.2';
const late = '127.50.0.3';
const shortLived = '127.50.0.5';
const unresolved = '127.51.0.4';
const proxy = '127.0.0.1';
const xclientHost = '127.66.0.8';

const zone = {
  [lab]: ['pc.campus.example'],
  'pc.campus.example': { A: [lab] },
  [forgedLab]: ['forged.campus.example'],
  'forged.campus.example': { A: ['192.0.2.99'] },
  // Haraka knows the first name alone.
  [late]: ['www.elsewhere.example', 'late.campus.example'],
  'www.elsewhere.example': { A: [late] },
  'late.campus.example': { A: [late] },
  [shortLived]: ['short.campus.example'],
  'short.campus.example': { A: [shortLived], ttl: 1 },
  [unresolved]: { answer: 'SERVFAIL' as const },
};

const day = 24 * 60 * 60 * 1000;
const inDays = (days: number) => `${new Date(Date.now() + days * day).toISOString().slice(0, 16)}Z`;

const users = { 'auth_flat_file.ini': '[core]\nmethods=PLAIN,LOGIN\nconstrain_sender=false\n[users]\ntest=secret\n' };

const localip = [
  '127.9     from=dept.example,=lab.example  # the department',
  '127.9.1',
  '127.9.2   from=narrow.example',
  '!127.9.66',
  '127.8     from=<>',
  '192.0.2   from=dept.example',
].join('\n');

interface Row {
  readonly name: string;
  readonly from: string;
  readonly senders: Readonly<Record<string, string | RegExp>>;
}

const rows: readonly Row[] = [
  {
    name: 'trusts for the senders of the scope alone',
    from: dept,
    senders: {
      'a@dept.example': OK,
      'a@sub.dept.example': OK,
      'a@Dept.EXAMPLE': OK,
      'a@lab.example': OK,
      'a@sub.lab.example': DENIED,
      'a@notdept.example': DENIED,
      'a@dept.example.evil.example': DENIED,
      'dept.example@evil.example': DENIED,
      '': DENIED,
      postmaster: DENIED,
      'a@[127.9.0.1]': DENIED,
    },
  },
  { name: 'needs no sender where an entry has no scope', from: '127.9.1.1', senders: { 'a@any.example': OK, '': OK } },
  {
    name: 'asks the most specific entry, and no wider one',
    from: '127.9.2.1',
    senders: { 'a@narrow.example': OK, 'a@dept.example': DENIED },
  },
  { name: 'knows an exclusion inside', from: '127.9.66.1', senders: { 'a@dept.example': DENIED } },
  { name: 'covers the null sender by <> alone', from: '127.8.0.1', senders: { '': OK, 'a@dept.example': DENIED } },
  {
    name: 'trusts a name for its senders',
    from: lab,
    senders: { 'a@campus.example': OK, 'a@dept.example': DENIED },
  },
  {
    name: 'trusts a name that Haraka does not know yet',
    from: late,
    senders: { 'a@campus.example': OK, 'a@dept.example': DENIED },
  },
  {
    name: 'believes no name that does not lead back, whatever the sender',
    from: forgedLab,
    senders: { 'a@campus.example': `${DENIED}. IP name possibly forged [${forgedLab}]` },
  },
  {
    name: 'never trusts a stranger for a sender',
    from: '127.66.0.1',
    senders: { 'a@dept.example': /^550 5\.7\.1 Relaying denied/, 'a@campus.example': /^550 5\.7\.1 Relaying denied/ },
  },
];

for (const version of versions) {
  describe(`trust for some senders, with Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;

    before(async () => {
      stub = await startDns(zone);
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'auth/flat_file', 'xclient', 'rcpt_to.in_host_list', 'witness', 'keep_queue'],
        files: {
          host_list: 'local.example\n',
          localip,
          localdomain: 'campus.example  from=campus.example\n',
          'relay.to': 'backup.example\n',
          'xclient.hosts': `${xclientHost}\n`,
          'connection.ini': connectionIni(version, [proxy]),
          ...users,
        },
        dns: stub.port,
      });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    /** `connection.relaying` as other plugins saw it, hook by hook. */
    const seenBy = async (ip: string, count: number) =>
      eventually(
        (seen) => seen.length >= count,
        async () =>
          [...haraka.log().matchAll(/^witness: (.*)$/gm)]
            .map(([, text = '']) => JSON.parse(text) as { hook: string; ip: string; relaying: boolean })
            .filter((one) => one.ip === ip)
            .map(({ hook, relaying }) => `${hook} ${relaying}`),
      );

    for (const { name, from, senders } of rows) {
      it(name, async () => {
        for (const [mail, reply] of Object.entries(senders)) {
          const answer = await askFor(haraka, outside, { from, mail });
          if (typeof reply === 'string') assert.equal(answer, reply, mail);
          else assert.match(answer, reply, mail);
        }
      });
    }

    it('names the entry that did not cover the sender', async () => {
      haraka.clearLog();
      assert.equal(await askFor(haraka, outside, { from: dept, mail: 'a@evil.example' }), DENIED);
      const line = await haraka.waitForLog(/rule=sender-not-covered/);
      assert.match(line, /at="?localip:1"?/);
      assert.match(line, /note="the department"/);
      assert.match(line, /from=<a@evil\.example>/);
    });

    it('names the entry that covers it, for the transaction and for each recipient', async () => {
      haraka.clearLog();
      assert.match(await askFor(haraka, outside, { from: dept, mail: 'a@dept.example' }), OK);
      await haraka.waitForLog(/rule=client-network at="?localip:1"? .*from=<a@dept\.example> rcpt="" /);
      await haraka.waitForLog(
        /rule=client-network at="?localip:1"? .*from=<a@dept\.example> rcpt=<user@victim\.example> /,
      );
    });

    it('begins trust at MAIL, and ends it with the transaction', async () => {
      const from = '127.9.0.2';
      haraka.clearLog();
      const client = await open(haraka, { from, mail: 'a@dept.example' });
      assert.match(await rcpt(client, outside), OK);
      await client.command('RSET');
      await client.command('MAIL FROM:<a@evil.example>');
      assert.equal(await rcpt(client, outside), DENIED);
      // A second MAIL in an open transaction begins another.
      await client.command('MAIL FROM:<a@dept.example>');
      assert.match(await rcpt(client, outside), OK);
      await client.command('MAIL FROM:<>');
      assert.equal(await rcpt(client, outside), DENIED);
      client.destroy();
      const seen = await seenBy(from, 8);
      assert.deepEqual(
        seen.filter((line) => !line.startsWith('rcpt_ok')),
        [
          'connect false',
          ...['mail true', 'rcpt true'],
          ...['mail false', 'rcpt false'],
          ...['mail true', 'rcpt true'],
          ...['mail false', 'rcpt false'],
        ],
      );
    });

    it('ends it with the message as well', async () => {
      const client = await open(haraka, { from: dept, mail: 'a@dept.example' });
      assert.match(await rcpt(client, outside), OK);
      assert.equal(said(await client.command('DATA')).slice(0, 3), '354');
      assert.match(said(await client.message('Subject: ends\n\ntext\n')), OK);
      await client.command('MAIL FROM:<a@evil.example>');
      assert.equal(await rcpt(client, outside), DENIED);
      client.destroy();
      assert.deepEqual(await queuedAs(haraka, 'ends'), [`outbound ${outside}`]);
    });

    it('decides each transaction of a pipeline by its own sender', async () => {
      const client = await greet(haraka, { from: dept });
      client.write(
        [
          ...['MAIL FROM:<a@dept.example>', `RCPT TO:<${outside}>`, 'RSET'],
          ...['MAIL FROM:<a@evil.example>', `RCPT TO:<${outside}>`],
          ...['MAIL FROM:<a@dept.example>', `RCPT TO:<${outside}>`],
        ]
          .map((line) => `${line}\r\n`)
          .join(''),
      );
      const replies = (await client.replies(7)).map(said);
      assert.match(replies[1] ?? '', OK);
      assert.equal(replies[4], DENIED);
      assert.match(replies[6] ?? '', OK);
      client.destroy();
    });

    it('refuses an uncovered sender only what it could not send otherwise', async () => {
      const client = await open(haraka, { from: dept, mail: 'a@evil.example' });
      assert.match(await rcpt(client, 'user@local.example'), OK);
      assert.match(await rcpt(client, 'user@backup.example'), OK);
      assert.equal(await rcpt(client, outside), DENIED);
      assert.equal(await rcpt(client, 'user%victim.example@local.example'), DENIED);
      client.destroy();
    });

    it('delivers our own mail of a covered sender here, and the other mail outside', async () => {
      await deliver(haraka, ['user@local.example', outside], 'both', { from: dept, mail: 'a@dept.example' });
      assert.deepEqual(await queuedAs(haraka, 'both'), ['local user@local.example', `outbound ${outside}`]);
    });

    it('leaves to AUTH what AUTH gives', async () => {
      const client = await greet(haraka, { from: dept });
      await authenticate(client);
      await client.command('MAIL FROM:<a@evil.example>');
      assert.match(await rcpt(client, outside), OK);
      client.destroy();
    });

    it('judges the client behind a proxy, and never the proxy', async () => {
      const ask = async (client: string, mail: string) =>
        replyTo(await connectBehindProxy({ port: haraka.port, proxy, client }), mail);
      assert.match(await ask('192.0.2.7', 'a@dept.example'), OK);
      assert.equal(await ask('192.0.2.7', 'a@evil.example'), DENIED);
      assert.match(await ask('203.0.113.7', 'a@dept.example'), /^550 5\.7\.1 Relaying denied/);
    });

    it('judges the client that XCLIENT names', async () => {
      const ask = async (client: string, mail: string) => {
        const session = await greet(haraka, { from: xclientHost });
        await session.command(`XCLIENT NAME=[UNAVAILABLE] ADDR=${client}`);
        return replyTo(session, mail);
      };
      assert.match(await ask('192.0.2.7', 'a@dept.example'), OK);
      assert.equal(await ask('192.0.2.7', 'a@evil.example'), DENIED);
    });

    it('follows a reload: to a scope, to a narrower one, and to none', async () => {
      const from = '127.9.1.7';
      const before = await open(haraka, { from, mail: 'a@dept.example' });
      const covered = await open(haraka, { from, mail: 'a@dept.example' });
      const other = await open(haraka, { from, mail: 'a@evil.example' });
      assert.match(await rcpt(before, outside), OK);
      await load(haraka, 'localip', localip.replace('127.9.1', '127.9.1 from=dept.example'));
      // Trusted at connect, whatever the sender: that is over.
      assert.equal(await rcpt(other, outside), RECONNECT);
      assert.equal(await rcpt(before, outside), RECONNECT);
      await covered.command('RSET');
      await covered.command('MAIL FROM:<a@dept.example>');
      assert.match(await rcpt(covered, outside), OK);
      await load(haraka, 'localip', localip.replace('127.9.1', '127.9.1 from=lab.example'));
      assert.equal(await rcpt(covered, outside), RECONNECT);
      assert.equal(await askFor(haraka, outside, { from, mail: 'a@dept.example' }), DENIED);
      assert.match(await askFor(haraka, outside, { from, mail: 'a@lab.example' }), OK);
      const waiting = await open(haraka, { from, mail: 'a@evil.example' });
      await load(haraka, 'localip', localip);
      assert.match(await rcpt(waiting, outside), OK);
      waiting.destroy();
    });

    it('leaves a client without trust at connect as it is at MAIL, where its entry has no scope', async () => {
      const from = '127.13.0.1';
      haraka.clearLog();
      const client = await greet(haraka, { from });
      await load(haraka, 'localip', `${localip}\n127.13\n`);
      await client.command('MAIL FROM:<a@any.example>');
      assert.match(await rcpt(client, outside), OK);
      client.destroy();
      assert.deepEqual((await seenBy(from, 3)).slice(0, 3), ['connect false', 'mail false', 'rcpt false']);
      await load(haraka, 'localip', localip);
    });

    it('asks for a name again whose time is over, and keeps the trust in it', async () => {
      const client = await open(haraka, { from: shortLived, mail: 'a@campus.example' });
      assert.match(await rcpt(client, outside), OK);
      await pause(1200);
      assert.match(await rcpt(client, outside), OK);
      client.destroy();
    });

    it('puts a client off whose name might cover the sender, and could not be looked up', async () => {
      assert.match(await askFor(haraka, outside, { from: unresolved, mail: 'a@campus.example' }), /^450 4\.7\.1 /);
    });
  });
}

/** What the client of the session is answered for a recipient outside, in mail of this sender. */
async function replyTo(session: SmtpClient, mail: string): Promise<string> {
  await session.command('EHLO client.example');
  await session.command(`MAIL FROM:<${mail}>`);
  const reply = await rcpt(session, outside);
  session.destroy();
  return reply;
}

async function authenticate(client: SmtpClient): Promise<void> {
  const token = Buffer.from('\0test\0secret').toString('base64');
  const reply = await client.command(`AUTH PLAIN ${token}`);
  assert.equal(reply.code, 235, said(reply));
}

describe('an entry with an end', () => {
  let stub: DnsStub;
  let haraka: RunningHaraka;

  before(async () => {
    stub = await startDns({ [unresolved]: { answer: 'SERVFAIL' as const } });
    const soon = `until=${inDays(0.5)}`;
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'shift_clock'],
      files: {
        host_list: 'local.example\n',
        localip: `127.9 ${soon}  # the contractor\n127.10\n!127.10.5 ${soon}\n127.11 from=wide.example\n127.11.1 ${soon}\n`,
        localdomain: `campus.example ${soon}\n`,
        'relay.to': `backup.example mx.inner.example ${soon}\n`,
        'relay.map': `To:mapped.example RELAY ${soon}\nConnect:127.12 550 not now ${soon}\n`,
        'host.deny': `127.77 ${soon}\n127.78\n!127.78.1 ${soon}\n`,
      },
      dns: stub.port,
    });
  });
  after(async () => {
    await haraka?.stop();
    await stub?.stop();
  });

  it('exists until that instant and not a moment longer, without a reload, on open connections too', async () => {
    const answers = async () => ({
      trusted: await askFor(haraka, outside, { from: '127.9.0.1' }),
      excluded: await askFor(haraka, outside, { from: '127.10.5.1' }),
      narrow: await askFor(haraka, outside, { from: '127.11.1.1' }),
      narrowCovered: await askFor(haraka, outside, { from: '127.11.1.1', mail: 'a@wide.example' }),
      unresolved: await askFor(haraka, outside, { from: unresolved }),
      backup: await askFor(haraka, 'user@backup.example'),
      mapped: await askFor(haraka, 'user@mapped.example'),
      mapDenied: await askFor(haraka, 'user@mapped.example', { from: '127.12.0.1' }),
      denied: said((await greet(haraka, { from: '127.77.0.1' })).greeting),
      undenied: said((await greet(haraka, { from: '127.78.1.1' })).greeting).slice(0, 3),
    });
    const deferred = `450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for ${unresolved}`;
    const trusted = await open(haraka, { from: '127.9.0.1' });
    assert.match(await rcpt(trusted, outside), OK);
    const cleared = await open(haraka, { from: '127.78.1.1' });
    const local = 'user@local.example';
    assert.match(await rcpt(cleared, local), OK);
    const before = await answers();
    for (const name of ['trusted', 'narrow', 'narrowCovered', 'backup', 'mapped'] as const)
      assert.match(before[name], OK, name);
    assert.equal(before.excluded, DENIED);
    assert.equal(before.unresolved, deferred);
    assert.equal(before.mapDenied, '550 5.7.1 not now');
    assert.equal(before.denied, '554 5.7.1 Access denied');
    assert.equal(before.undenied, '220');

    process.kill(haraka.pid, 'SIGUSR2');
    await haraka.waitForLog(/^clock: /m);
    assert.equal(await rcpt(trusted, outside), RECONNECT);
    assert.equal(await rcpt(cleared, local), '550 5.7.1 Access denied');
    const after = await answers();
    for (const name of ['trusted', 'narrow', 'backup', 'mapped', 'mapDenied'] as const)
      assert.match(after[name], /^550 5\.7\.1 Relaying denied/, name);
    assert.match(after.narrowCovered, OK);
    assert.match(after.excluded, OK);
    // No name could matter any more, so none that cannot be looked up puts a client off.
    assert.equal(after.unresolved, DENIED);
    assert.match(after.denied, /^220 /);
    assert.equal(after.undenied, '554');
  });
});

describe('[relay] attributes=observe', () => {
  let haraka: RunningHaraka;

  before(async () => {
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'auth/flat_file', 'rcpt_to.in_host_list', 'witness', 'keep_queue'],
      files: {
        ...users,
        host_list: 'local.example\n',
        localip: '127.9 from=dept.example\n',
        'relay.to': 'backup.example\n',
        'smtpcheck.ini': '[relay]\nattributes=observe\n',
      },
    });
  });
  after(() => haraka?.stop());

  it('trusts whatever the sender is, and logs what from= would refuse', async () => {
    const observed = () => [...haraka.log().matchAll(/rule=sender-not-covered .*observed=true/g)].length;
    assert.match(await askFor(haraka, outside, { from: dept, mail: 'a@dept.example' }), OK);
    assert.match(await askFor(haraka, 'user@local.example', { from: dept, mail: 'a@evil.example' }), OK);
    assert.match(await askFor(haraka, 'user@backup.example', { from: dept, mail: 'a@evil.example' }), OK);
    assert.equal(observed(), 0);
    assert.match(await askFor(haraka, outside, { from: dept, mail: 'a@evil.example' }), OK);
    await eventually(
      (count) => count === 1,
      async () => observed(),
    );
    // rcpt_to.in_host_list accepts everything of a client that may relay and sends as us.
    assert.match(await askFor(haraka, outside, { from: dept, mail: 'a@local.example' }), OK);
    await eventually(
      (count) => count === 2,
      async () => observed(),
    );
    // AUTH is a right of its own, and from= would refuse nothing.
    const client = await greet(haraka, { from: dept });
    await authenticate(client);
    await client.command('MAIL FROM:<a@evil.example>');
    assert.match(await rcpt(client, outside), OK);
    client.destroy();
    assert.equal(observed(), 2);
    assert.match(haraka.log(), /"hook":"connect","ip":"127\.9\.0\.1","relaying":true/);
  });

  it('enforces it from the reload on', async () => {
    await load(haraka, 'smtpcheck.ini', '[relay]\nattributes=enforce\n[main]\nsettle=50ms\npoll=2s\n');
    assert.equal(await askFor(haraka, outside, { from: dept, mail: 'a@evil.example' }), DENIED);
    assert.match(await askFor(haraka, outside, { from: dept, mail: 'a@dept.example' }), OK);
  });
});
