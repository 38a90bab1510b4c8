/** Clients behind a proxy: the client's address counts, and never the proxy's. */
import assert from 'node:assert/strict';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connectBehindProxy, connectionIni } from '../../../testkit/live/proxied';
import { askFor, greet, rcpt, said } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const outside = 'user@victim.example';
const OK = /^250 /;
const DENIED = /^550 5\.7\.1 Relaying denied/;
const proxy = '127.0.0.1';
const trustedProxy = '127.9.0.9';
const xclientHost = '127.9.0.8';

for (const version of versions) {
  describe(`clients behind a proxy of Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;

    before(async () => {
      stub = await startDns({
        // The proxy's own name is trusted too.
        [proxy]: ['gateway.campus.example'],
        'gateway.campus.example': { A: [proxy, trustedProxy] },
        [trustedProxy]: ['gateway.campus.example'],
        '198.51.100.7': ['lab.campus.example'],
        'lab.campus.example': { A: ['198.51.100.7'] },
        '198.51.100.8': ['gateway.campus.example'],
      });
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'xclient', 'rcpt_to.in_host_list'],
        files: {
          'connection.ini': connectionIni(version, [proxy, trustedProxy]),
          'xclient.hosts': `${xclientHost}\n`,
          host_list: 'local.example\n',
          localip: `${proxy}\n127.9\n192.0.2.0/24\n2001:db8::/32\n`,
          localdomain: 'campus.example\n',
          'host.deny': '203.0.113.66\n',
        },
        dns: stub.port,
      });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    const ask = async (client: string, by: string, recipient = outside) => {
      const session = await connectBehindProxy({ port: haraka.port, proxy: by, client });
      if (session.greeting.code !== 220) return said(session.greeting);
      await session.command('EHLO client.example');
      await session.command('MAIL FROM:<someone@sender.example>');
      const reply = await rcpt(session, recipient);
      session.destroy();
      return reply;
    };

    for (const [name, client, reply] of [
      ['gives a stranger no trust for the proxy it comes by', '203.0.113.7', DENIED],
      ['gives an IPv6 stranger none', '2001:db9::7', DENIED],
      ['trusts a listed client', '192.0.2.7', OK],
      ['trusts a listed IPv6 client', '2001:db8::7', OK],
      ['trusts a client whose name is listed and leads back', '198.51.100.7', OK],
      ["does not trust a client that claims the proxy's name", '198.51.100.8', DENIED],
      ['refuses a client that is denied', '203.0.113.66', /^554 5\.7\.1 Access denied$/],
    ] as const) {
      for (const by of [proxy, trustedProxy]) {
        it(`${name}, by way of ${by}`, async () => {
          assert.match(await ask(client, by), reply);
        });
      }
    }

    // Haraka reads all of these, and this address is denied.
    for (const written of ['0xcb007142', '0xcb.0.0x71.66', '3405803842', '0313.0.0161.0102']) {
      it(`puts off a client whose address the proxy writes as ${written}`, async () => {
        assert.equal(await ask(written, proxy, 'user@local.example'), '421 4.7.1 Access temporarily denied');
      });
    }

    it('takes local mail of strangers', async () => {
      assert.match(await ask('203.0.113.7', proxy, 'user@local.example'), OK);
    });

    it('lets nobody else speak for others', async () => {
      const client = await greet(haraka, { from: '127.66.0.1', helo: '' });
      const reply = await client.command('PROXY TCP4 192.0.2.7 192.0.2.1 40000 25');
      assert.equal(reply.code, 421);
      assert.ok(await client.waitForClose());
      assert.match(await askFor(haraka, outside, { from: '127.66.0.1' }), DENIED);
    });

    for (const by of [proxy, trustedProxy]) {
      it(`takes no PROXY line from the client itself, by way of ${by}`, async () => {
        const client = await connectBehindProxy({ port: haraka.port, proxy: by, client: '203.0.113.7' });
        await client.command('EHLO client.example');
        await client.command('MAIL FROM:<someone@sender.example>');
        assert.match(await rcpt(client, outside), DENIED);
        await client.command('RSET');
        assert.equal((await client.command('PROXY TCP4 192.0.2.7 192.0.2.1 40000 25')).code, 421);
        assert.ok(await client.waitForClose());
      });
    }

    it('forgets the trust in who speaks XCLIENT for somebody else', async () => {
      const client = await greet(haraka, { from: xclientHost });
      await client.command('MAIL FROM:<someone@sender.example>');
      assert.match(await rcpt(client, outside), OK);
      await client.command('RSET');
      assert.equal((await client.command('XCLIENT ADDR=203.0.113.7 NAME=host.sender.example')).code, 220);
      await client.command('EHLO client.example');
      for (let transaction = 0; transaction < 2; transaction++) {
        await client.command('MAIL FROM:<someone@sender.example>');
        assert.match(await rcpt(client, outside), DENIED);
      }
      client.destroy();
    });

    it('trusts a listed client that somebody speaks XCLIENT for', async () => {
      const client = await greet(haraka, { from: xclientHost });
      assert.equal((await client.command('XCLIENT ADDR=192.0.2.7 NAME=host.sender.example')).code, 220);
      await client.command('EHLO client.example');
      await client.command('MAIL FROM:<someone@sender.example>');
      assert.match(await rcpt(client, outside), OK);
      client.destroy();
    });
  });
}
