/** The harness itself, against Haraka without the suite: what the other live tests rely on. */
import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { type DnsStub, startDns } from '../../testkit/live/dns';
import { listeners, type RunningHaraka, startHaraka } from '../../testkit/live/haraka';
import { withoutIpv6 } from '../../testkit/live/ipv6';
import { connect, isGo, session } from '../../testkit/live/smtp-client';
import { versions } from '../../testkit/live/versions';

const plugins = ['rcpt_to.in_host_list', 'keep_queue'];
const files = { host_list: 'local.example\n' };

for (const version of versions) {
  describe(`the harness with Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;

    before(async () => {
      stub = await startDns({
        '127.66.0.1': ['mail.sender.example'],
        '127.66.0.2': { answer: 'SERVFAIL' },
        '127.66.0.3': { PTR: ['slow.sender.example'], delay: 300 },
        '::1': ['six.sender.example'],
      });
      haraka = await startHaraka({ version, plugins, files, dns: stub.port, listen: listeners });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    it('takes local mail, which is then in the queue', async () => {
      const replies = await session({
        port: haraka.port,
        localAddress: '127.66.0.1',
        helo: 'mail.sender.example',
        mail: 'someone@sender.example',
        rcpts: ['user@local.example', '"two words"@Local.Example'].slice(0, version === '3.1' ? 1 : 2),
        data: 'Subject: kept\nX-Long: one\n two\n\n.dotted\n',
      });
      assert.equal(replies.done?.code, 250);
      const [message] = (await haraka.queued()).filter(({ headers }) => headers.includes('Subject: kept'));
      assert.equal(message?.via, 'local');
      assert.equal(message?.sender, 'someone@sender.example');
      assert.equal(message?.recipients[0], 'user@local.example');
      assert.ok(message?.headers.includes('X-Long: one two'));
      assert.ok(message?.text.includes('\r\n.dotted\r\n'));
    });

    it('refuses foreign recipients', async () => {
      const { rcpts, go } = await session({
        port: haraka.port,
        helo: 'mail.sender.example',
        mail: '',
        rcpts: ['user@victim.example'],
        data: 'Subject: never\n',
      });
      assert.equal(rcpts[0]?.code, 550);
      assert.equal(go, undefined);
    });

    it('reads the outbound queue', async () => {
      const relaying = await startHaraka({ version, plugins: ['trust_everybody'], dns: stub.port });
      try {
        const rcpts = ['one@away.example', 'two@away.example', 'three@elsewhere.example'];
        await session({ port: relaying.port, helo: 'x.example', mail: '', rcpts, data: 'Subject: out\n' });
        const queued = await relaying.queued();
        assert.deepEqual(
          queued.map(({ via, recipients }) => ({ via, recipients })),
          [
            { via: 'outbound', recipients: rcpts.slice(0, 2) },
            { via: 'outbound', recipients: rcpts.slice(2) },
          ],
        );
        assert.ok(queued.every(({ headers }) => headers.includes('Subject: out')));
      } finally {
        await relaying.stop();
      }
    });

    const names = [
      { client: '127.66.0.1', seen: /Hello mail\.sender\.example \[127\.66\.0\.1\]/ },
      { client: '127.66.0.2', seen: /Hello \[127\.66\.0\.2\]/ },
      { client: '127.66.0.3', seen: /Hello slow\.sender\.example/ },
      { client: '127.66.0.4', seen: /Hello \[127\.66\.0\.4\]/ },
    ];
    for (const { client, seen } of names) {
      it(`gives ${client} the name that the stub has for it`, async () => {
        stub.clear();
        const { helo } = await session({ port: haraka.port, localAddress: client, helo: 'h', mail: '', rcpts: [] });
        assert.match(helo?.text ?? '', seen);
        assert.ok(stub.questions.some(({ name, type }) => name === client && type === 'PTR'));
      });
    }

    it('sees the zone as it is now', async () => {
      stub.change({ '127.66.0.9': ['before.example'] });
      const ask = () => session({ port: haraka.port, localAddress: '127.66.0.9', helo: 'h', mail: '', rcpts: [] });
      assert.match((await ask()).helo?.text ?? '', /before\.example/);
      stub.change({ '127.66.0.9': undefined });
      assert.doesNotMatch((await ask()).helo?.text ?? '', /before\.example/);
    });

    it('hears IPv6 and IPv4-mapped clients, where there is IPv6', async () => {
      if (!listeners.includes('ipv6')) return withoutIpv6();
      const six = await session({ port: haraka.ports.ipv6 ?? 0, host: '::1', helo: 'h', mail: '', rcpts: [] });
      assert.match(six.helo?.text ?? '', /six\.sender\.example \[::1\]/);
      const mapped = await session({
        port: haraka.ports.mapped ?? 0,
        localAddress: '127.66.0.1',
        helo: 'h',
        mail: '',
        rcpts: [],
      });
      assert.match(mapped.helo?.text ?? '', /127\.66\.0\.1/);
    });

    it('sends raw bytes and pipelined groups, and takes a closed connection for a reply', async () => {
      const client = await connect({ port: haraka.port });
      await client.command('EHLO pipe.example');
      client.write('MAIL FROM:<>\r\nRCPT TO:<user@local.example>\r\nRCPT TO:<us\0er@victim.example>\r\nDATA\r\n');
      const codes = (await client.replies(4)).map(({ code }) => code);
      assert.deepEqual(
        codes.map(String).map((code) => code[0]),
        ['2', '2', '5', '3'],
      );
      client.write('Subject: bare\n.\n');
      assert.equal((await client.reply()).code, 451);
      const other = await connect({ port: haraka.port });
      assert.equal((await other.command(`MAIL ${'x'.repeat(600)}`)).code, 521);
      assert.equal((await other.reply()).code, 'closed');
      assert.equal((await other.command('NOOP')).code, 'closed');
      client.destroy();
    });

    it('starts every worker of a cluster', async () => {
      const cluster = await startHaraka({ version, plugins, files, nodes: 2, dns: stub.port });
      try {
        const client = await connect({ port: cluster.port });
        assert.equal((await client.command('EHLO h')).code, 250);
        await client.command('MAIL FROM:<>');
        await client.command('RCPT TO:<user@local.example>');
        assert.ok(isGo(await client.command('DATA')));
        assert.equal((await client.message('Subject: cluster\n')).code, 250);
        client.destroy();
        assert.equal((await cluster.queued()).length, 1);
      } finally {
        await cluster.stop();
      }
      assert.equal(cluster.log().match(/harness: serving/g)?.length, 2);
      await assert.rejects(connect({ port: cluster.port }), { code: 'ECONNREFUSED' });
    });

    it('tells how a start failed', async () => {
      const exit = await startHaraka({ version, plugins: ['no_such_plugin'], expectExit: true });
      assert.notEqual(exit.code, 0);
      assert.match(exit.output, /no_such_plugin/);
      await assert.rejects(startHaraka({ version, plugins: ['no_such_plugin'] }), /no_such_plugin/);
    });
  });
}

describe('the stub DNS', () => {
  let stub: DnsStub;
  const resolver = new dns.Resolver({ timeout: 300, tries: 1 });

  before(async () => {
    stub = await startDns({
      '2001:db8::25': ['six.example', 'seven.example'],
      'two.example': { A: ['192.0.2.1', { data: '192.0.2.2', ttl: 5 }], MX: [[10, 'mx.two.example']] },
      'alias.example': { CNAME: 'two.example' },
      'round.example': { CNAME: 'round.example' },
      'broken.example': { answer: 'SERVFAIL' },
      'silent.example': { answer: 'drop' },
      'half.example': { A: ['192.0.2.3'], answer: { AAAA: 'SERVFAIL' } },
      'large.example': { A: ['192.0.2.5'], truncate: true },
    });
    resolver.setServers([`127.0.0.1:${stub.port}`]);
  });
  after(() => stub?.stop());

  it('answers records with their own TTLs', async () => {
    assert.deepEqual(await resolver.resolve4('two.example', { ttl: true }), [
      { address: '192.0.2.1', ttl: 60 },
      { address: '192.0.2.2', ttl: 5 },
    ]);
    assert.deepEqual(await resolver.resolveMx('two.example'), [{ priority: 10, exchange: 'mx.two.example' }]);
  });

  it('has reverse names of both families, listed by address', async () => {
    stub.clear();
    assert.deepEqual((await resolver.reverse('2001:db8::25')).sort(), ['seven.example', 'six.example']);
    assert.deepEqual(stub.questions, [{ name: '2001:db8::25', type: 'PTR', over: 'udp' }]);
  });

  it('follows an alias', async () => {
    assert.deepEqual(await resolver.resolve4('alias.example'), ['192.0.2.1', '192.0.2.2']);
  });

  it('answers over TCP what it truncates over UDP', async () => {
    stub.clear();
    assert.deepEqual(await resolver.resolve4('large.example'), ['192.0.2.5']);
    assert.deepEqual(
      stub.questions.map(({ over }) => over),
      ['udp', 'tcp'],
    );
  });

  const failures = [
    { name: 'absent.example', code: 'ENOTFOUND' },
    { name: 'half.example', code: 'ESERVFAIL' },
    { name: 'broken.example', code: 'ESERVFAIL' },
    { name: 'round.example', code: 'ESERVFAIL' },
    { name: 'silent.example', code: 'ETIMEOUT' },
    { name: 'two.example', code: 'ENODATA' },
  ];
  for (const { name, code } of failures) {
    it(`answers ${code} for ${name}`, () => assert.rejects(resolver.resolve6(name), { code }));
  }
});
