/** A trial on a live server: with mode=observe the suite decides and tells, and answers as if it were absent. */
import assert from 'node:assert/strict';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, deliver, greet, load, open, queuedAs, rcpt, said } from '../../../testkit/live/talk';

const OK = /^250 /;
const local = 'user@local.example';
const denied = '127.77.0.1';

describe('mode=observe', () => {
  let stub: DnsStub;
  let haraka: RunningHaraka;
  let without: RunningHaraka;

  before(async () => {
    stub = await startDns({ '127.50.0.1': ['lab.campus.example'], 'lab.campus.example': { A: ['127.50.0.1'] } });
    const plugins = ['rcpt_to.in_host_list', 'witness', 'keep_queue'];
    const files = { host_list: 'local.example\n' };
    haraka = await startHaraka({
      plugins: ['smtpcheck', ...plugins],
      files: {
        ...files,
        localip: '127.9\n',
        localdomain: 'campus.example\n',
        'relay.to': 'backup.example\n',
        'host.deny': '127.77\n',
        'smtpcheck.ini': '[main]\nmode=observe\n[privacy]\nflags=goaway\n',
      },
      dns: stub.port,
    });
    without = await startHaraka({ plugins, files, dns: stub.port });
  });
  after(async () => {
    await haraka?.stop();
    await without?.stop();
    await stub?.stop();
  });

  const conversations: readonly { readonly from: string; readonly lines: readonly string[] }[] = [
    { from: '127.66.0.1', lines: ['EHLO client.example', 'MAIL FROM:<a@sender.example>', `RCPT TO:<${local}>`] },
    {
      from: '127.66.0.1',
      lines: ['EHLO client.example', 'MAIL FROM:<a@sender.example>', 'RCPT TO:<u@backup.example>'],
    },
    {
      from: '127.66.0.1',
      lines: ['EHLO client.example', 'MAIL FROM:<a@sender.example>', 'RCPT TO:<u@victim.example>'],
    },
    { from: '127.66.0.1', lines: ['HELO bad;name', 'MAIL FROM:<a@sender.example>', 'RCPT TO:<u%v@local.example>'] },
    { from: '127.66.0.1', lines: ['VRFY root', 'EXPN root', 'VERB', 'ETRN local.example', 'MAIL FROM:<>'] },
    { from: '127.9.0.1', lines: ['EHLO client.example', 'MAIL FROM:<a@sender.example>', 'RCPT TO:<u@victim.example>'] },
    {
      from: '127.50.0.1',
      lines: ['EHLO client.example', 'MAIL FROM:<a@sender.example>', 'RCPT TO:<u@victim.example>'],
    },
    { from: denied, lines: ['EHLO client.example', 'MAIL FROM:<a@sender.example>', `RCPT TO:<${local}>`] },
  ];

  for (const { from, lines } of conversations) {
    it(`answers ${from} as Haraka alone: ${lines.join(', ')}`, async () => {
      const play = async (server: RunningHaraka) => {
        const client = await greet(server, { from, helo: '' });
        const replies = [said(client.greeting)];
        for (const line of lines) replies.push(said(await client.command(line)));
        client.destroy();
        return replies.map((reply) => reply.replace(/\([0-9A-F]+\)/, '(id)'));
      };
      assert.deepEqual(await play(haraka), await play(without));
    });
  }

  it('never grants relaying', () => {
    const seen = haraka
      .log()
      .split('\n')
      .filter((line) => line.startsWith('witness: '));
    assert.ok(seen.length > 10);
    assert.ok(seen.every((line) => line.includes('"relaying":false')));
  });

  it('logs what it would have answered', async () => {
    for (const pattern of [
      /smtpcheck refuse .*rule=client-denied-network at=host\.deny:1 .*ip=127\.77\.0\.1.*observed=true/,
      /smtpcheck refuse .*rule=relay-denied .*rcpt=<u@victim\.example> .*observed=true/,
      /smtpcheck refuse .*rule=routed-local-part .*observed=true/,
      /smtpcheck refuse .*rule=hello-malformed .*observed=true/,
      /smtpcheck refuse .*rule=noexpn .*observed=true/,
      /smtpcheck permit .*rule=destination at=relay\.to:1 .*observed=true/,
      /smtpcheck permit .*rule=client-network at=localip:1 .*ip=127\.9\.0\.1.*observed=true/,
      /smtpcheck permit .*rule=client-domain at=localdomain:1 .*ip=127\.50\.0\.1.*observed=true/,
    ]) {
      await haraka.waitForLog(pattern);
    }
  });

  it('changes no message', async () => {
    const headers = 'X-Authentication-Warning: somebody: said so\n';
    assert.match(await deliver(haraka, [local], 'observed', { helo: 'bank.example', headers }), OK);
    assert.deepEqual(await queuedAs(haraka, 'observed'), [`local ${local}`]);
    const [message] = (await haraka.queued()).filter((kept) => kept.headers.includes('Subject: observed'));
    assert.deepEqual(
      message?.headers.filter((header) => /^x-auth.*-warning/i.test(header)),
      ['X-Authentication-Warning: somebody: said so'],
    );
  });

  it('can be ended for one plugin at a time', async () => {
    await load(haraka, 'smtpcheck.ini', '[main]\nmode=observe\n[deny]\nmode=enforce\n');
    assert.equal(said((await greet(haraka, { from: denied })).greeting), '554 5.7.1 Access denied');
    assert.match(await askFor(haraka, 'u@victim.example'), /^550 I cannot deliver/);
    await load(haraka, 'smtpcheck.ini', '[relay]\nmode=enforce\n[deny]\nmode=observe\n');
    assert.match(said((await greet(haraka, { from: denied })).greeting), /^220 /);
    assert.match(await askFor(haraka, 'u@victim.example'), /^550 5\.7\.1 Relaying denied/);
    const session = await open(haraka);
    assert.match(await rcpt(session, 'u@backup.example'), OK);
    session.destroy();
  });

  it('has met no fault of its own', () => {
    assert.doesNotMatch(haraka.log(), /smtpcheck fault|failed:|unhandled|ran callback multiple/i);
  });
});
