/** Names of clients: what a name has to be to count, how long asking for it may take, and when it is not asked for. */
import assert from 'node:assert/strict';
import { type DnsStub, startDns, type Zone } from '../../../testkit/live/dns';
import { listeners, type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { withoutIpv6 } from '../../../testkit/live/ipv6';
import { askFor, deliver, eventually, greet, load, open, pause, rcpt } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const outside = 'user@victim.example';
const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';
const RECONNECT = '421 4.7.1 Relaying permission has changed, please reconnect';
const cannotResolve = (ip: string) => `450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for ${ip}`;

/** The names are under `localdomain` unless they say otherwise; the first is what Haraka finds by itself. */
interface Row {
  readonly name: string;
  readonly ptr: Zone[string];
  readonly forward?: (address: string) => Zone;
  readonly reply: (address: string) => RegExp | string;
}

const rows: readonly Row[] = [
  {
    name: 'a name that leads back',
    ptr: ['lab1.campus.example'],
    forward: (ip) => ({ 'lab1.campus.example': { A: ['192.0.2.7', ip] } }),
    reply: () => OK,
  },
  {
    name: 'a name that leads into the same network only',
    ptr: ['lab2.campus.example'],
    forward: (ip) => ({ 'lab2.campus.example': { A: [ip.replace(/\d+$/, '250')] } }),
    reply: (ip) => `${DENIED}. IP name possibly forged [${ip}]`,
  },
  {
    name: 'a name that does not exist',
    ptr: ['lab3.campus.example'],
    reply: (ip) => `${DENIED}. IP name possibly forged [${ip}]`,
  },
  {
    name: 'a name that is an alias of one that leads back',
    ptr: ['alias.campus.example'],
    forward: (ip) => ({ 'alias.campus.example': { CNAME: 'real.host.example' }, 'real.host.example': { A: [ip] } }),
    reply: () => OK,
  },
  {
    name: 'a listed name behind one that is not listed',
    ptr: ['www.elsewhere.example', 'lab5.campus.example'],
    forward: (ip) => ({ 'www.elsewhere.example': { A: [ip] }, 'lab5.campus.example': { A: [ip] } }),
    reply: () => OK,
  },
  {
    name: 'a listed name that leads elsewhere behind one that leads back',
    ptr: ['good.elsewhere.example', 'lab6.campus.example'],
    forward: (ip) => ({ 'good.elsewhere.example': { A: [ip] }, 'lab6.campus.example': { A: ['192.0.2.6'] } }),
    reply: () => DENIED,
  },
  {
    name: 'the tenth name',
    ptr: [...numbered(9), 'tenth.campus.example'],
    forward: (ip) => ({ 'tenth.campus.example': { A: [ip] } }),
    reply: () => OK,
  },
  {
    name: 'the eleventh name, which is not looked at',
    ptr: [...numbered(10), 'eleventh.campus.example'],
    forward: (ip) => ({ 'eleventh.campus.example': { A: [ip] } }),
    reply: (ip) => `${DENIED}. IP name possibly forged [${ip}]`,
  },
  {
    name: 'an answer that only TCP can carry',
    ptr: { PTR: ['lab9.campus.example'], truncate: true },
    forward: (ip) => ({ 'lab9.campus.example': { A: [ip], truncate: true } }),
    reply: () => OK,
  },
  {
    name: 'no name',
    ptr: [],
    reply: (ip) => `${DENIED}. IP name lookup failed [${ip}]`,
  },
  {
    name: 'SERVFAIL for the name',
    ptr: { answer: 'SERVFAIL' },
    reply: cannotResolve,
  },
  {
    name: 'SERVFAIL for the addresses of a listed name',
    ptr: ['broken.campus.example'],
    forward: () => ({ 'broken.campus.example': { answer: 'SERVFAIL' } }),
    reply: cannotResolve,
  },
  {
    name: 'no answer for the addresses of a listed name',
    ptr: ['silent.campus.example'],
    forward: () => ({ 'silent.campus.example': { answer: 'drop' } }),
    reply: cannotResolve,
  },
  {
    name: 'SERVFAIL for the addresses of a name that could not matter',
    ptr: ['broken.elsewhere.example'],
    forward: () => ({ 'broken.elsewhere.example': { answer: 'SERVFAIL' } }),
    reply: () => DENIED,
  },
  {
    name: 'a listed name that leads back beside one that cannot be resolved',
    ptr: ['broken.elsewhere.example', 'lab15.campus.example'],
    forward: (ip) => ({
      'broken.elsewhere.example': { answer: 'SERVFAIL' },
      'lab15.campus.example': { A: [ip] },
    }),
    reply: () => OK,
  },
  {
    name: 'a name that nobody can look up',
    ptr: ['not a name at all.campus.example'],
    reply: (ip) => `${DENIED}. IP name possibly forged [${ip}]`,
  },
  {
    name: 'the root for a name',
    ptr: ['.'],
    reply: (ip) => `${DENIED}. IP name lookup failed [${ip}]`,
  },
  {
    name: 'a name with a label that no entry could have',
    ptr: ['-pc.campus.example'],
    forward: (ip) => ({ '-pc.campus.example': { A: [ip] } }),
    reply: () => OK,
  },
  {
    name: 'a name with a dot inside its label, which is no host of the domain',
    ptr: [String.raw`x\.campus.example`],
    forward: (ip) => ({ 'x.campus.example': { A: [ip] } }),
    reply: (ip) => new RegExp(`^${DENIED}(?:\\. IP name possibly forged \\[${ip}\\])?$`),
  },
  {
    name: 'an excluded name that leads back, without a word of it',
    ptr: ['x.guest.campus.example'],
    forward: (ip) => ({ 'x.guest.campus.example': { A: [ip] } }),
    reply: () => DENIED,
  },
];

const addressOf = (row: number) => `127.60.0.${row + 1}`;
const sharing = '127.61.0.1';
const shortLived = '127.61.0.2';
const local = 'user@local.example';
const needless = ['127.63.0.1', '127.63.0.2', '127.63.0.4', '127.63.1.1', '127.9.0.3'];

for (const version of versions) {
  describe(`names of clients with Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;

    before(async () => {
      const zone: Record<string, Zone[string]> = {
        '::1': ['six.campus.example'],
        'six.campus.example': { AAAA: ['::1'], A: ['127.0.0.1'] },
        [sharing]: ['a.sharing.example', 'b.sharing.example'],
        'a.sharing.example': { A: [sharing] },
        'b.sharing.example': { A: [sharing] },
        [shortLived]: ['short.campus.example'],
        'short.campus.example': { A: [shortLived], ttl: 1 },
      };
      // A name that Haraka finds, and that could not matter.
      for (const ip of needless) zone[ip] = ['host.elsewhere.example'];
      for (const [number, { ptr, forward }] of rows.entries()) {
        Object.assign(zone, { [addressOf(number)]: ptr }, forward?.(addressOf(number)));
      }
      stub = await startDns(zone);
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
        files: {
          host_list: 'local.example\n',
          localip: '127.9\n',
          localdomain: 'campus.example\n!guest.campus.example\n',
          'relay.to': 'backup.example\n',
          'smtpcheck.ini': `[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=300ms\ntries=2\n`,
        },
        dns: stub.port,
        listen: listeners,
      });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    for (const [number, { name, reply: wanted }] of rows.entries()) {
      it(`decides on ${name}`, async () => {
        const from = addressOf(number);
        const reply = await askFor(haraka, outside, { from });
        const expected = wanted(from);
        if (typeof expected === 'string') assert.equal(reply, expected);
        else assert.match(reply, expected);
      });
    }

    it('does not wait for a silent DNS server much longer than the settings say', async () => {
      const from = '127.62.0.1';
      const client = await open(haraka, { from });
      stub.change({ [from]: { answer: 'drop' } });
      const started = Date.now();
      assert.equal(await rcpt(client, outside), cannotResolve(from));
      const took = Date.now() - started;
      assert.ok(took >= 250 && took < 1_500, `${took} ms for 2 times 300 ms`);
      assert.match(await rcpt(client, local), OK);
      client.destroy();
    });

    it('tries again soon after it could not tell', async () => {
      const from = '127.62.0.2';
      stub.change({ [from]: { answer: 'SERVFAIL' } });
      assert.equal(await askFor(haraka, outside, { from }), cannotResolve(from));
      stub.change({ [from]: ['back.campus.example'], 'back.campus.example': { A: [from] } });
      await pause(5_200);
      assert.match(await askFor(haraka, outside, { from }), OK);
    });

    it('confirms an IPv6 client by its IPv6 addresses, where there is IPv6', async () => {
      if (!listeners.includes('ipv6')) return withoutIpv6();
      const visit = { port: haraka.ports.ipv6 ?? 0, host: '::1', from: '::1' };
      assert.match(await askFor(haraka, outside, visit), OK);
    });

    /** What the suite asked: Haraka itself asks for the PTR of each connection once. */
    const askedBySuite = (connections: number, ip: string) => {
      const asked = stub.questions.map(({ type, name }) => `${type} ${name}`);
      for (let i = 0; i < connections; i++) {
        const at = asked.indexOf(`PTR ${ip}`);
        assert.ok(at >= 0, `Haraka asks for the name of ${ip}`);
        asked.splice(at, 1);
      }
      return asked.sort();
    };

    for (const [name, from, recipient] of [
      ['to a local recipient', '127.63.0.1', local],
      ['to a listed destination', '127.63.0.2', 'user@backup.example'],
      ['from a listed address', '127.9.0.3', outside],
      ['to a postmaster', '127.63.0.4', 'postmaster'],
    ] as const) {
      it(`asks nothing for mail ${name}`, async () => {
        stub.clear();
        assert.match(await deliver(haraka, [recipient], `asks nothing ${name}`, { from }), OK);
        assert.deepEqual(askedBySuite(1, from), []);
      });
    }

    it('names an exclusion in the log', async () => {
      const line = await haraka.waitForLog(/smtpcheck refuse.*ptr=x\.guest\.campus\.example/);
      assert.match(line, /rule=client-excluded at=localdomain:2 .*reason="550 5\.7\.1 Relaying denied"/);
    });

    for (const [name, row, reply] of [
      ['takes a route from a client whose name is trusted', 4, () => OK],
      ['refuses a route from a client whose name is forged', 1, () => new RegExp(`^${DENIED}$`)],
      ['puts off a client with a route whose name cannot be looked up', 10, cannotResolve],
    ] as const) {
      it(`${name}, first as well as after a plain recipient`, async () => {
        const from = addressOf(row);
        const client = await open(haraka, { from });
        const route = 'user%victim.example@local.example';
        const replies = [await rcpt(client, route)];
        await rcpt(client, outside);
        replies.push(await rcpt(client, route));
        for (const said of replies) {
          const expected = reply(from);
          if (typeof expected === 'string') assert.equal(said, expected);
          // The transaction of a client that is not trusted as a whole takes mail of one way only.
          else if (expected === OK) assert.match(said, /^(?:250|452) /);
          else assert.match(said, expected);
        }
        client.destroy();
      });
    }

    it('asks on a connection that is open again when its records have expired', async () => {
      const from = '127.62.0.3';
      const name = 'moving.campus.example';
      stub.change({ [from]: [name], [name]: { A: [from], ttl: 1 } });
      const atConnect = await greet(haraka, { from });
      const client = await open(haraka, { from });
      for (let i = 0; i < 2; i++) {
        assert.match(await rcpt(client, outside), OK);
        await pause(1_100);
      }
      stub.change({ [name]: { A: ['192.0.2.1'] } });
      await pause(1_100);
      const forged = `${DENIED}. IP name possibly forged [${from}]`;
      for (const session of [atConnect, client]) {
        await session.command('MAIL FROM:<someone@sender.example>');
        assert.equal(await rcpt(session, outside), RECONNECT);
        assert.ok(await session.waitForClose());
      }
      assert.equal(await askFor(haraka, outside, { from }), forged);
    });

    it('asks again on a connection that is open soon after it could not tell', async () => {
      const from = '127.62.0.4';
      stub.change({ [from]: { answer: 'SERVFAIL' } });
      const client = await open(haraka, { from });
      assert.equal(await rcpt(client, outside), cannotResolve(from));
      stub.change({ [from]: ['back.campus.example'], 'back.campus.example': { A: [from] } });
      await eventually(
        (reply) => OK.test(reply),
        () => rcpt(client, outside),
      );
      client.destroy();
    });

    it('asks once for many connections at the same time, and remembers', async () => {
      const wave = async () => {
        stub.clear();
        const clients = await Promise.all(Array.from({ length: 20 }, () => open(haraka, { from: sharing })));
        const replies = await Promise.all(clients.map((client) => rcpt(client, outside)));
        for (const client of clients) client.destroy();
        assert.deepEqual([...new Set(replies)], [DENIED]);
        return askedBySuite(20, sharing);
      };
      assert.deepEqual(await wave(), ['A a.sharing.example', 'A b.sharing.example', `PTR ${sharing}`]);
      assert.deepEqual(await wave(), []);
    });

    it('does not remember longer than the TTL', async () => {
      assert.match(await askFor(haraka, outside, { from: shortLived }), OK);
      stub.clear();
      assert.match(await askFor(haraka, outside, { from: shortLived }), OK);
      assert.deepEqual(askedBySuite(1, shortLived), []);
      stub.change({ 'short.campus.example': { A: ['192.0.2.1'] } });
      await pause(1_200);
      assert.equal(
        await askFor(haraka, outside, { from: shortLived }),
        `${DENIED}. IP name possibly forged [${shortLived}]`,
      );
    });

    it('forgets what it remembers when [dns] changes, and then asks the new servers', async () => {
      const from = '127.62.0.9';
      assert.match(await askFor(haraka, outside, { from }), /^550 /);
      const other = await startDns({ [from]: ['new.campus.example'], 'new.campus.example': { A: [from] } });
      await load(haraka, 'smtpcheck.ini', `[dns]\nservers=127.0.0.1:${other.port}\n`);
      assert.match(await askFor(haraka, outside, { from }), OK);
      await other.stop();
      await load(haraka, 'smtpcheck.ini', `[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=300ms\ntries=2\n`);
    });

    it('waits for a name as long as the timeout says, however quick the DNS was before', async () => {
      const from = '127.62.0.10';
      await load(haraka, 'smtpcheck.ini', `[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=2s\ntries=1\n`);
      for (const from of ['127.62.2.1', '127.62.2.2', '127.62.2.3', '127.62.2.4']) {
        stub.change({ [from]: { PTR: [], delay: 5 } });
        assert.match(await askFor(haraka, outside, { from }), /^550 /);
      }
      stub.change({ [from]: ['late.campus.example'], 'late.campus.example': { A: [from], delay: 1_500 } });
      assert.match(await askFor(haraka, outside, { from }), OK);
      await load(haraka, 'smtpcheck.ini', `[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=300ms\ntries=2\n`);
    });

    it('answers every client when more ask at once than can be remembered', async () => {
      const ini = `[dns]\nservers=127.0.0.1:${stub.port}\ncache_size=1\n`;
      const clients = Array.from({ length: 10 }, (_, i) => `127.62.1.${i + 1}`);
      const names = clients.map((ip, i) => [ip, { PTR: [`many${i}.campus.example`], delay: 50 }] as const);
      stub.change(Object.fromEntries(names));
      stub.change(Object.fromEntries(clients.map((ip, i) => [`many${i}.campus.example`, { A: [ip], delay: 50 }])));
      await load(haraka, 'smtpcheck.ini', ini);
      const replies = await Promise.all(clients.map((from) => askFor(haraka, outside, { from })));
      for (const reply of replies) assert.match(reply, OK);
    });

    it('withdraws trust in a name that is listed no longer, from connections that are open', async () => {
      const lab = addressOf(0);
      const session = await open(haraka, { from: lab });
      const lazy = await open(haraka, { from: addressOf(4) });
      for (const client of [session, lazy]) assert.match(await rcpt(client, outside), OK);
      await load(haraka, 'localdomain', '=somewhere.campus.example\n');
      assert.equal(await rcpt(session, outside), RECONNECT);
      assert.ok(await session.waitForClose());
      const again = await open(haraka, { from: lab });
      for (const client of [again, lazy]) {
        assert.equal(await rcpt(client, outside), DENIED);
        await client.command('MAIL FROM:<someone@sender.example>');
        assert.equal(await rcpt(client, outside), DENIED);
        client.destroy();
      }
    });

    it('refuses by a name that is denied from now on, on connections that are open', async () => {
      const session = await open(haraka, { from: addressOf(4) });
      assert.match(await rcpt(session, local), OK);
      // Its second name.
      await load(haraka, 'host.deny', '=lab5.campus.example\n');
      assert.equal(await rcpt(session, local), '550 5.7.1 Access denied');
      session.destroy();
      await load(haraka, 'host.deny', '# nobody\n');
    });

    it('asks nothing at all while no list goes by names', async () => {
      await load(haraka, 'localdomain', '# none\n');
      const from = '127.63.1.1';
      stub.clear();
      assert.equal(await askFor(haraka, outside, { from }), DENIED);
      assert.match(await askFor(haraka, 'user@backup.example', { from }), OK);
      assert.deepEqual(askedBySuite(2, from), []);
    });

    it('has met no fault of its own', () => {
      assert.doesNotMatch(haraka.log(), /smtpcheck fault|failed:|unhandled|ran callback multiple/i);
    });
  });
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}.elsewhere.example`);
}
