/** Limits of recipients as clients see them, and what an operator sees of them. */
import assert from 'node:assert/strict';
import { everything } from '../../../testkit/extent';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connectBehindProxy, connectionIni } from '../../../testkit/live/proxied';
import type { SmtpClient } from '../../../testkit/live/smtp-client';
import { type LimitsAnswer, statusJson } from '../../../testkit/live/status-client';
import {
  askFor,
  eventually,
  generationOf,
  greet,
  load,
  open,
  queuedAs,
  rcpt,
  send,
  type Visit,
} from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';
import { smtpcheck } from '../../cli/command';

const OK = /^250 /;
const OVER = '450 4.7.1 Too many recipients from this client; try again later';
const DENIED = /^550 5\.7\.1 /;
const proxy = '127.0.0.9';

const users = {
  'auth_flat_file.ini': '[core]\nmethods=PLAIN\nconstrain_sender=false\n[users]\ntest=secret\nTEST=secret\n',
};

const localip = [
  '127.1.0   limit=3/1h               # printers',
  '127.1.1   limit=30/1h limit=20/1d,all',
  '127.1.2   from=dept.example limit=2/1h',
  '127.1.3',
  '127.1.4   limit=2/1h',
  '127.1.5   limit=1/1h,all',
  '127.1.6   limit=2/1h',
  '127.1.7   limit=2/3s',
  '2001:db8:7::/48  limit=2/1h',
].join('\n');

const named = ['127.50.0.1', '127.50.0.2'] as const;
const forged = '127.50.0.3';
/** Haraka's own look-up finds the first name alone. */
const zone = {
  [named[0]]: ['pc.campus.example'],
  'pc.campus.example': { A: [named[0]] },
  [named[1]]: ['www.elsewhere.example', 'late.campus.example'],
  'www.elsewhere.example': { A: [named[1]] },
  'late.campus.example': { A: [named[1]] },
  [forged]: ['pc.campus.example'],
};

const settings = '[limits]\nclient=4/1h\nuser=2/1h\nreport_to=boss@ops.example\n';

/** Recipients outside, each another. */
let last = 0;
const outside = () => `user${++last}@victim.example`;

async function several(client: SmtpClient, count: number): Promise<readonly string[]> {
  const replies: string[] = [];
  for (let i = 0; i < count; i++) replies.push(await rcpt(client, outside()));
  return replies;
}

/** How many of so many recipients are accepted in a session of their own. */
async function accepted(haraka: RunningHaraka, count: number, visit: Visit): Promise<number> {
  const client = await open(haraka, visit);
  const replies = await several(client, count);
  client.destroy();
  for (const reply of replies) assert.ok(OK.test(reply) || reply === OVER, reply);
  return replies.filter((reply) => OK.test(reply)).length;
}

async function authenticate(client: SmtpClient, user = 'test'): Promise<void> {
  const reply = await client.command(`AUTH PLAIN ${Buffer.from(`\0${user}\0secret`).toString('base64')}`);
  assert.equal(reply.code, 235);
}

const reached = (haraka: RunningHaraka, name: string) =>
  haraka
    .log()
    .split('\n')
    .filter(
      (line) =>
        line.includes('smtpcheck limit reached') &&
        new RegExp(`counted="?${name.replaceAll('.', '\\.')}"? `).test(line),
    );

for (const version of versions) {
  describe(`limits of recipients, with Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;

    before(async () => {
      stub = await startDns(zone);
      haraka = await startHaraka({
        version,
        dns: stub.port,
        plugins: ['smtpcheck', 'auth/flat_file', 'rcpt_to.in_host_list', 'keep_queue', 'shift_clock'],
        files: {
          host_list: 'local.example\n',
          localip,
          localdomain: 'campus.example limit=1/1h\n',
          'relay.to': 'backup.example\n',
          'relay.map': 'To:mapped.example RELAY\n',
          'smtpcheck.ini': settings,
          'connection.ini': connectionIni(version, [proxy]),
          ...users,
        },
      });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    it('defer each recipient over them alone, and the others are sent', async () => {
      const from = '127.1.0.1';
      const client = await open(haraka, { from });
      assert.match(await rcpt(client, 'a@victim.example'), OK);
      assert.match(await rcpt(client, 'b@victim.example'), OK);
      // What stays here, and what anyone may send, counts against nothing.
      for (const free of ['user@local.example', 'user@backup.example', 'user@mapped.example', 'other@local.example'])
        assert.match(await rcpt(client, free), OK, free);
      assert.match(await rcpt(client, 'c@victim.example'), OK);
      assert.equal(await rcpt(client, 'd@victim.example'), OVER);
      assert.match(await rcpt(client, 'more@local.example'), OK);
      assert.match(await rcpt(client, 'more@backup.example'), OK);
      assert.equal(await rcpt(client, 'e@victim.example'), OVER);
      assert.match(await send(client, `over ${version}`), OK);
      client.destroy();
      assert.deepEqual(await queuedAs(haraka, `over ${version}`), [
        ...['local more@local.example', 'local other@local.example', 'local user@local.example'],
        ...['outbound a@victim.example', 'outbound b@victim.example', 'outbound c@victim.example'],
        ...['outbound more@backup.example', 'outbound user@backup.example', 'outbound user@mapped.example'],
      ]);
      assert.equal(await accepted(haraka, 2, { from }), 0);
      // Another client of the entry has its own.
      assert.equal(await accepted(haraka, 4, { from: '127.1.0.2' }), 3);
      const line = await haraka.waitForLog(/action=defer rule=limit-reached/);
      assert.match(line, /at="?localip:1"? .*note=printers/);
    });

    it('are said once in their window: in the log, and in one mail', async () => {
      const [line = '', ...more] = reached(haraka, '127.1.0.1');
      assert.deepEqual(more, []);
      assert.match(line, /\[WARN\]/);
      assert.match(line, /subject=client .*limit=3\/1h at="?localip:1"? ip=127\.1\.0\.1 .*rcpt=<d@victim\.example>/);
      const reports = await eventually(
        (found) => found.length > 0,
        async () =>
          (await haraka.queued()).filter(({ headers }) => headers.some((one) => one.includes('127.1.0.1 is over'))),
      );
      const [report] = reports;
      assert.equal(reports.length, 1);
      assert.deepEqual([report?.via, report?.sender, report?.recipients], ['outbound', '', ['boss@ops.example']]);
      assert.ok(report?.headers.includes('Auto-Submitted: auto-generated'));
      assert.match(report?.text ?? '', /localip:1[\s\S]*<d@victim\.example>/);
    });

    it('count through RSET, another MAIL, another connection and what a client lets go of', async () => {
      const from = '127.1.0.3';
      const client = await open(haraka, { from });
      assert.match(await rcpt(client, outside()), OK);
      await client.command('RSET');
      await client.command('MAIL FROM:<other@sender.example>');
      assert.match(await rcpt(client, outside()), OK);
      await client.command('MAIL FROM:<> SIZE=10 BODY=8BITMIME');
      assert.match(await rcpt(client, outside()), OK);
      assert.equal(await rcpt(client, outside()), OVER);
      client.destroy();
      assert.equal(await rcpt(await open(haraka, { from, mail: '' }), outside()), OVER);
    });

    it('hold for each recipient of a pipeline', async () => {
      const client = await greet(haraka, { from: '127.1.0.4' });
      const commands = ['MAIL FROM:<a@sender.example>', ...Array.from({ length: 6 }, () => `RCPT TO:<${outside()}>`)];
      client.write(commands.map((line) => `${line}\r\n`).join(''));
      const [, ...replies] = (await client.replies(7)).map(({ code }) => code);
      client.destroy();
      assert.deepEqual(replies, [250, 250, 250, 450, 450, 450]);
    });

    it('hold for all clients of an entry together, and no client below its own is held back', async () => {
      const clients = Array.from({ length: 20 }, (_, i) => `127.1.1.${i + 1}`);
      const counts = await Promise.all(clients.map((from) => accepted(haraka, 4, { from })));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        20,
      );
      const [line = '', ...more] = reached(haraka, '127.1.1');
      assert.deepEqual(more, []);
      assert.match(line, /subject=entry .*limit=20\/1d at="?localip:2"?/);
    });

    it('stand beside from=: a sender that is not covered is refused, and not counted', async () => {
      const from = '127.1.2.1';
      assert.match(await askFor(haraka, outside(), { from, mail: 'a@evil.example' }), DENIED);
      assert.equal(await accepted(haraka, 3, { from, mail: 'a@dept.example' }), 2);
      assert.match(await askFor(haraka, outside(), { from, mail: 'a@evil.example' }), DENIED);
    });

    it('of [limits] client hold where the entry has none', async () => {
      assert.equal(await accepted(haraka, 6, { from: '127.1.3.1' }), 4);
      const [line = ''] = reached(haraka, '127.1.3.1');
      assert.match(line, /limit=4\/1h at="?smtpcheck\.ini:2"?/);
      // An entry with a limit for all has one.
      assert.equal(await accepted(haraka, 2, { from: '127.1.5.1' }), 1);
    });

    it('of [limits] user count for a user, wherever the client is and however the name is written', async () => {
      for (const [from, user, expected] of [
        ['127.66.0.1', 'test', 1],
        ['127.1.4.1', 'TEST', 1],
        ['127.66.0.2', 'test', 0],
      ] as const) {
        const client = await greet(haraka, { from });
        await authenticate(client, user);
        await client.command('MAIL FROM:<a@sender.example>');
        const replies = await several(client, from === '127.66.0.1' ? 1 : 2);
        client.destroy();
        assert.equal(replies.filter((reply) => OK.test(reply)).length, expected, `${from} ${user}`);
      }
      assert.match(reached(haraka, 'test')[0] ?? '', /subject=user .*limit=2\/1h/);
      // What a user has sent counts for no client.
      assert.equal(await accepted(haraka, 3, { from: '127.1.4.1' }), 2);
    });

    it('hold for a client that is trusted by name, and are none for a name that leads elsewhere', async () => {
      for (const from of named) assert.equal(await accepted(haraka, 2, { from }), 1, from);
      assert.match(await askFor(haraka, outside(), { from: forged }), DENIED);
      assert.match(reached(haraka, named[0])[0] ?? '', /limit=1\/1h at="?localdomain:1"?/);
    });

    it('count IPv6 clients by their /64, and the client behind a proxy', async () => {
      const ask = async (client: string) => {
        const session = await connectBehindProxy({ port: haraka.port, proxy, client });
        await session.command('EHLO client.example');
        await session.command('MAIL FROM:<a@sender.example>');
        const reply = await rcpt(session, outside());
        session.destroy();
        return reply;
      };
      assert.match(await ask('2001:db8:7:1::1'), OK);
      assert.match(await ask('2001:db8:7:1:ffff::2'), OK);
      assert.equal(await ask('2001:db8:7:1:8000::3'), OVER);
      assert.match(await ask('2001:db8:7:2::1'), OK);
    });

    it('begin anew when their period is over', async () => {
      const from = '127.1.7.1';
      assert.equal(await accepted(haraka, 3, { from }), 2);
      await eventually(
        (reply) => OK.test(reply),
        () => askFor(haraka, outside(), { from }),
      );
    });

    it('are the same for a client before and after a reload, also of another limit', async () => {
      const from = '127.1.6.1';
      assert.equal(await accepted(haraka, 3, { from }), 2);
      await load(
        haraka,
        'localip',
        `# moved\n${localip.replace('127.1.6   limit=2/1h', '127.1.6 limit=3/60m # more')}`,
      );
      assert.equal(await accepted(haraka, 3, { from }), 1);
      await load(haraka, 'localip', localip.replace('127.1.6   limit=2/1h', '127.1.6'));
      // The limit of the settings has the same period.
      assert.equal(await accepted(haraka, 3, { from }), 1);
      await load(haraka, 'localip', localip);
      assert.equal(await accepted(haraka, 1, { from }), 0);
    });

    it('care for no clock that is set', async () => {
      const from = '127.1.0.7';
      assert.equal(await accepted(haraka, 4, { from }), 3);
      process.kill(haraka.pid, 'SIGUSR2');
      await haraka.waitForLog(/^clock: /m);
      assert.equal(await accepted(haraka, 1, { from }), 0);
    });

    it('are listed, and begin anew where the operator says so', async () => {
      const { limits, store } = await statusJson<LimitsAnswer>(haraka, 'limits.json');
      assert.equal(store, 'memory');
      const printer = limits.find(({ name }) => name === '127.1.0.1');
      assert.deepEqual(
        [printer?.limit, printer?.accepted, printer?.state, printer?.at],
        [...['3/1h', 3, 'over'], { file: 'localip', line: 1 }],
      );
      assert.ok((printer?.refused ?? 0) >= 2);
      const text = await smtpcheck(['limits', '-c', haraka.directory]);
      assert.equal(text.code, 1);
      assert.match(text.stdout, /^over +client +127\.1\.0\.1 +3\/1h +localip:1 +3 +\d+ /m);
      const unknown = await smtpcheck(['limits', '--reset', '192.0.2.99', '-c', haraka.directory]);
      assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
      assert.equal((await smtpcheck(['limits', '--reset', '2001:db8:7:1::77', '-c', haraka.directory])).code, 0);
      const reset = await smtpcheck(['limits', '--reset', '127.1.0.1', '-c', haraka.directory]);
      assert.deepEqual([reset.code, reset.stdout], [0, '127.1.0.1 begins anew\n']);
      assert.equal(await accepted(haraka, 4, { from: '127.1.0.1' }), 3);
    });

    it('are only observed where the settings say so: of all, or of entries alone', async () => {
      const observed = (from: string) =>
        [...haraka.log().matchAll(/rule=limit-reached .*observed=true/g)].filter(([line]) =>
          line.includes(`ip=${from} `),
        ).length;
      const from = '127.1.0.8';
      const fast = '[main]\nsettle=50ms\npoll=2s\n';
      const asked = { from };
      const ask = async () => {
        const client = await open(haraka, asked);
        const replies = await several(client, 4);
        client.destroy();
        return replies;
      };
      await load(haraka, 'smtpcheck.ini', `${settings}mode=observe\n${fast}`);
      for (const reply of await ask()) assert.match(reply, OK);
      await eventually(
        (count) => count === 1,
        async () => observed(from),
      );
      await load(haraka, 'smtpcheck.ini', `${settings}[relay]\nattributes=observe\n${fast}`);
      assert.match(await askFor(haraka, outside(), { from }), OK);
      // The setting is no attribute.
      assert.equal(await accepted(haraka, 5, { from: '127.1.3.8' }), 4);
      await load(haraka, 'smtpcheck.ini', `${settings}${fast}`);
      assert.equal(await accepted(haraka, 1, { from }), 0);
      assert.ok(generationOf(haraka, 'smtpcheck.ini') > 0);
    });
  });
}

for (const version of versions) {
  it(`a report to a mailbox of ours comes in as other mail does, with Haraka ${version}`, async () => {
    const haraka = await startHaraka({
      version,
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: {
        host_list: 'local.example\n',
        localip: '127.1.0   limit=1/1h\n127.0.0.1   limit=1/1h\n',
        'outbound.ini': 'enable_tls=false\n',
        'smtpcheck.ini': '[limits]\nreport_to=Boss@Local.Example\n',
      },
    });
    try {
      assert.equal(await accepted(haraka, 2, { from: '127.1.0.1' }), 1);
      const [report] = await eventually(
        (found) => found.length > 0,
        async () => (await haraka.queued()).filter(({ via }) => via === 'local'),
      );
      assert.deepEqual(
        [report?.sender, report?.recipients.map((one) => one.toLowerCase())],
        ['', ['boss@local.example']],
      );
      assert.ok(report?.headers.includes('Subject: smtpcheck: 127.1.0.1 is over its limit of 1 recipients in 1h'));
      // It was counted for nobody.
      assert.equal(await accepted(haraka, 1, { from: '127.0.0.1' }), 1);
    } finally {
      await haraka.stop();
    }
  });
}

if (everything) {
  it('ten thousand clients that are there at once have each its limit, and together that of their entry', async () => {
    const [clients, together] = [10_000, 15_000];
    const haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: {
        host_list: 'local.example\n',
        localip: `10.0.0.0/16 limit=2/1h limit=${together}/1h,all\n10.1.0.0/16 limit=2/1h\n`,
        'connection.ini': connectionIni('3.3', [proxy]),
      },
      nodes: 2,
    });
    const sessions: SmtpClient[] = [];
    try {
      for (const [network, expected] of [
        [0, together],
        [1, 2 * clients],
      ] as const) {
        for (let i = 0; i < clients; i += 250) {
          const some = Array.from({ length: 250 }, async (_, j) => {
            const client = `10.${network}.${(i + j) >> 8}.${(i + j) & 255}`;
            const session = await connectBehindProxy({ port: haraka.port, proxy, client, timeout: 120_000 });
            sessions.push(session);
            await session.command('EHLO client.example');
            await session.command('MAIL FROM:<a@sender.example>');
          });
          await Promise.all(some);
        }
        const counts = await Promise.all(
          sessions.map(async (session) => {
            const replies = await several(session, 3);
            for (const reply of replies) assert.ok(OK.test(reply) || reply === OVER, reply);
            return replies.filter((reply) => OK.test(reply)).length;
          }),
        );
        assert.ok(counts.every((count) => count <= 2));
        assert.equal(
          counts.reduce((sum, count) => sum + count, 0),
          expected,
        );
        for (const session of sessions.splice(0)) session.destroy();
      }
    } finally {
      for (const session of sessions) session.destroy();
      await haraka.stop();
    }
  }).timeout(240_000);
}

describe('limits of a cluster', () => {
  let haraka: RunningHaraka;

  before(async () => {
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'name_worker'],
      files: {
        host_list: 'local.example\n',
        localip: '127.2   limit=25/1h\n127.3 limit=40/1h,all\n',
        'smtpcheck.ini': '[limits]\nreport_to=boss@ops.example\n',
      },
      nodes: 2,
    });
  });
  after(() => haraka?.stop());

  it('are those of the server, and not of each worker', async () => {
    const workers = new Set<string>();
    const session = async (from: string) => {
      const client = await greet(haraka, { from });
      workers.add(client.greeting.text);
      await client.command('MAIL FROM:<a@sender.example>');
      const replies = await several(client, 2);
      client.destroy();
      return replies.filter((reply) => OK.test(reply)).length;
    };
    const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
    const all = (addresses: readonly string[]) => Promise.all(addresses.map(session));
    assert.equal(sum(await all(Array.from({ length: 30 }, () => '127.2.0.1'))), 25);
    assert.equal(sum(await all(Array.from({ length: 30 }, (_, i) => `127.3.0.${i + 1}`))), 40);
    assert.equal(workers.size, 2);
    assert.equal(reached(haraka, '127.2.0.1').length, 1);
    const reports = await eventually(
      (found) => found.length >= 2,
      async () => (await haraka.queued()).filter(({ recipients }) => recipients.includes('boss@ops.example')),
    );
    assert.equal(reports.length, 2);
  });

  it('are shown by the master, which resets them', async () => {
    const { limits } = await statusJson<LimitsAnswer>(haraka, 'limits.json');
    assert.deepEqual(limits.map(({ subject, name, accepted: count }) => `${subject} ${name} ${count}`).sort(), [
      'client 127.2.0.1 25',
      'entry 127.3 40',
    ]);
    assert.equal((await smtpcheck(['limits', '--reset', '127.3', '-c', haraka.directory])).code, 0);
    assert.match(await askFor(haraka, outside(), { from: '127.3.0.9' }), OK);
    assert.equal(await askFor(haraka, outside(), { from: '127.2.0.1' }), OVER);
  });
});
