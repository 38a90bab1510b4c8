import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import constants from 'haraka-constants';
import {
  addressClasses,
  closeSites,
  type SessionOptions,
  Site,
  type SiteOptions,
  textOf,
} from '../../../testkit/haraka';
import { type DnsStub, startDns } from '../../../testkit/live/dns';

afterEach(closeSites);

const denied = '550 5.7.1 Relaying denied';
const localProblem = '451 4.3.0 Temporary local problem, please try again';

interface RcptCase {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly ini?: readonly string[];
  readonly client?: SessionOptions;
  readonly to: string;
  readonly reply: string;
  /** Result key and rule; no opinion leaves none. */
  readonly result?: readonly ['pass' | 'fail' | 'skip' | 'err', string];
  /** The rule of a decision without opinion. */
  readonly passed?: string;
  readonly relaying?: boolean;
}

const cases: readonly RcptCase[] = [
  { name: 'refuses a stranger', to: 'user@victim.example', reply: denied, result: ['fail', 'relay-denied'] },
  {
    name: 'leaves a local recipient to the other plugins',
    to: 'user@local.example',
    reply: '250',
    passed: 'plain-recipient',
  },
  {
    name: 'relays for a client in localip',
    files: { localip: '203.0.113' },
    to: 'user@victim.example',
    reply: '250',
    relaying: true,
  },
  {
    name: 'relays for a mapped client in localip',
    files: { localip: '203.0.113' },
    client: { ip: '::ffff:203.0.113.9' },
    to: 'user@victim.example',
    reply: '250',
    relaying: true,
  },
  {
    name: 'relays for an IPv6 client in localip',
    files: { localip: '2001:db8::/32' },
    client: { ip: '2001:db8::9' },
    to: 'user@victim.example',
    reply: '250',
    relaying: true,
  },
  {
    name: 'refuses a client beside localip',
    files: { localip: '203.0.113\n!203.0.113.9' },
    to: 'user@victim.example',
    reply: denied,
  },
  { name: 'does not trust loopback', client: { ip: '127.0.0.1' }, to: 'user@victim.example', reply: denied },
  {
    name: 'permits a domain of relay.to and leaves relaying alone',
    files: { 'relay.to': 'backup.example' },
    to: 'user@sub.Backup.example',
    reply: '250',
    result: ['pass', 'destination'],
  },
  {
    name: 'permits a mailbox of relay.to',
    files: { 'relay.to': 'user@backup.example' },
    to: 'User@backup.example',
    reply: '250',
    result: ['pass', 'destination'],
  },
  {
    name: 'permits a mailbox in quotes that need not be there',
    files: { 'relay.to': 'john.smith@backup.example' },
    to: '"John.Smith"@backup.example',
    reply: '250',
  },
  {
    name: 'refuses another mailbox of that domain',
    files: { 'relay.to': 'user@backup.example' },
    to: 'other@backup.example',
    reply: denied,
  },
  { name: 'permits an address literal', files: { 'relay.to': '192.0.2.25' }, to: 'user@[192.0.2.25]', reply: '250' },
  {
    name: 'permits an IPv6 literal',
    files: { 'relay.to': '2001:db8::/32' },
    to: 'user@[IPv6:2001:db8::25]',
    reply: '250',
  },
  { name: 'refuses another literal', files: { 'relay.to': '192.0.2.25' }, to: 'user@[192.0.2.26]', reply: denied },
  {
    name: 'permits a U-label domain that is listed as an A-label',
    files: { 'relay.to': 'xn--bcher-kva.example' },
    to: 'user@bücher.example',
    reply: '250',
  },
  ...['bücher', 'BÜCHER', 'Bu\u0308cher', 'ｂüｃｈｅｒ', 'xn--BCHER-kva'].map((spelling) => ({
    name: `knows an exclusion whatever letters it is written in: ${spelling}`,
    files: { 'relay.to': 'backup.example\n!bücher.backup.example' },
    to: `user@${spelling}.backup.example`,
    reply: denied,
    result: ['fail', 'destination-excluded'] as const,
  })),
  {
    name: 'refuses a domain that is another one once it is mapped',
    files: { 'relay.to': 'backup.example' },
    to: 'user@ｂａｃｋｕｐ.example',
    reply: '550 5.1.2 Bad destination system address',
    result: ['fail', 'impossible-domain'],
  },
  { name: 'takes bare postmaster', to: 'postmaster', reply: '250', result: ['pass', 'postmaster'] },
  {
    name: 'refuses a percent route to a local domain',
    to: 'user%victim.example@local.example',
    reply: denied,
    result: ['fail', 'routed-local-part'],
  },
  {
    name: 'refuses a bang path to a backup domain',
    files: { 'relay.to': 'backup.example' },
    to: 'victim.example!user@backup.example',
    reply: denied,
    result: ['fail', 'routed-local-part'],
  },
  {
    name: 'refuses an address in quotes',
    to: '"user@victim.example"@local.example',
    reply: denied,
    result: ['fail', 'routed-local-part'],
  },
  {
    name: 'takes an odd local part that is no route',
    to: 'SRS0=HHH=TT=victim.example=user@local.example',
    reply: '250',
  },
  {
    name: 'takes a route from a trusted client',
    files: { localip: '203.0.113' },
    to: 'user%victim.example@local.example',
    reply: '250',
    relaying: true,
  },
  {
    name: 'refuses a name that objects have, trusted or not',
    files: { localip: '203.0.113' },
    to: 'user@constructor',
    reply: '550 5.1.2 Bad destination system address',
    relaying: true,
  },
  {
    name: 'permits by relay.map',
    files: { 'relay.map': 'To:partner.example RELAY' },
    to: 'user@partner.example',
    reply: '250',
    result: ['pass', 'relay-map'],
  },
  {
    name: 'refuses by relay.map in its own words',
    files: { 'relay.map': 'To:old.example ERROR:5.1.6:551 It moved' },
    to: 'user@old.example',
    reply: '551 5.1.6 It moved',
    result: ['fail', 'relay-map'],
  },
  {
    name: 'defers by relay.map in its own words',
    files: { 'relay.map': 'To:old.example 450 Later' },
    to: 'user@old.example',
    reply: '450 4.7.1 Later',
    result: ['skip', 'relay-map'],
  },
  {
    name: 'names the exclusion that refuses',
    files: { localip: '203.0.113\n!203.0.113.9' },
    to: 'user@victim.example',
    reply: denied,
    result: ['fail', 'client-excluded'],
  },
  {
    name: 'leaves routes to others without restriction',
    ini: ['[relay]', 'restriction=false'],
    to: 'user%victim.example@local.example',
    reply: '250',
    passed: 'plain-recipient',
  },
  {
    name: 'refuses without restriction what relay.map refuses',
    files: { 'relay.map': 'To:old.example REJECT' },
    ini: ['[relay]', 'restriction=false'],
    to: 'user@old.example',
    reply: '550 5.7.1 Access denied',
    result: ['fail', 'relay-map'],
  },
  {
    name: 'leaves the rest to others without restriction',
    ini: ['[relay]', 'restriction=false'],
    to: 'user@victim.example',
    reply: '550 I cannot deliver mail',
    passed: 'restriction-off',
  },
];

for (const addresses of addressClasses) {
  describe(`relay, with ${addresses.name}`, () => {
    for (const { name, files = {}, ini = [], client = {}, to, reply, result, passed, relaying = false } of cases) {
      it(name, async () => {
        const session = new Site({ files, ini, addresses }).session(client);
        assert.equal(await session.open(), '220');
        assert.deepEqual(await session.send(to), [reply]);
        assert.equal(session.connection.relaying, relaying);
        assert.equal(session.recipients.length, reply === '250' ? 1 : 0);
        if (passed) assert.ok(session.site.passed.has(passed), passed);
        if (result)
          assert.ok(session.results(result[0]).includes(result[1]), `${result} in ${session.results(result[0])}`);
      });
    }
  });
}

for (const addresses of addressClasses) {
  describe(`relay to a domain beyond ASCII, with ${addresses.name}`, () => {
    const spellings = ['bücher', 'BÜCHER', 'BU\u0308CHER', 'ＢÜＣＨＥＲ'];
    const hosts = ['user@xn--bcher-kva.example'];

    for (const spelling of spellings) {
      it(`sends mail for ${spelling} where it was decided to go`, async () => {
        const relayTo = { 'relay.to': 'bücher.example' };
        const stranger = new Site({ addresses, files: relayTo }).session();
        assert.deepEqual(await stranger.send(`user@${spelling}.example`), ['250']);
        assert.deepEqual(stranger.recipients, hosts);
        const trusted = new Site({ addresses, files: { localip: '203.0.113' } }).session();
        await trusted.open();
        assert.deepEqual(await trusted.send(`user@${spelling}.example`), ['250']);
        assert.deepEqual(trusted.recipients, hosts);
      });

      it(`shows other plugins the domain of ${spelling}`, async () => {
        const session = new Site({ addresses, local: ['xn--bcher-kva.example'] }).session();
        assert.deepEqual(await session.send(`user@${spelling}.example`), ['250']);
        assert.deepEqual(session.recipients, hosts);
      });

      it(`decides on ${spelling} and changes nothing where it only observes`, async () => {
        const files = { 'relay.to': 'bücher.example' };
        const session = new Site({ addresses, ini: ['[relay]', 'mode=observe'], files }).session();
        await session.mail();
        const address = addresses.make(`user@${spelling}.example`);
        const { host } = address;
        await session.rcpt(address);
        assert.equal(address.host, host);
        const rules = session.log.map(({ data }) => `${data.action} ${data.rule} ${data.observed}`);
        assert.ok(rules.includes('permit destination true'), rules.join());
      });
    }

    it('decides by what another plugin has put in the place of the domain', async () => {
      const site = new Site({ addresses, files: { 'relay.to': 'bücher.example' } });
      const session = site.session();
      await session.mail();
      const address = addresses.make('user@BÜCHER.example');
      site.hooks.push({
        hook: 'rcpt',
        priority: 0,
        method: 'rewrite',
        plugin: Object.assign(Object.create(site.plugin), {
          rewrite: (next: () => void) => {
            address.host = 'victim.example';
            next();
          },
        }),
      });
      assert.equal(await session.rcpt(address), denied);
    });
  });
}

describe('relay, by name', () => {
  let dns: DnsStub;
  /** The client for whom DNS never answers. */
  const silent = '203.0.113.5';

  before(async () => {
    dns = await startDns({
      '203.0.113.1': ['lab1.campus.example'],
      'lab1.campus.example': { A: ['203.0.113.1'] },
      '203.0.113.2': ['lab2.campus.example'],
      'lab2.campus.example': { A: ['203.0.113.99'] },
      '203.0.113.4': { answer: 'SERVFAIL' },
      [silent]: { answer: 'drop' },
      '203.0.113.6': ['lab6.campus.example'],
      'lab6.campus.example': { answer: 'SERVFAIL' },
      '203.0.113.7': ['a.other.example', 'lab7.campus.example'],
      'a.other.example': { A: ['203.0.113.7'] },
      'lab7.campus.example': { A: ['203.0.113.7'] },
      '2001:db8::8': ['lab8.campus.example'],
      'lab8.campus.example': { AAAA: ['2001:db8::8'] },
    });
  });
  after(() => dns.stop());
  beforeEach(() => dns.clear());

  const rows: readonly {
    readonly name: string;
    readonly ip: string;
    readonly reply: string;
    readonly result: readonly ['pass' | 'fail' | 'skip' | 'err', string];
  }[] = [
    { name: 'relays for a confirmed name', ip: '203.0.113.1', reply: '250', result: ['pass', 'client-domain'] },
    {
      name: 'relays for a confirmed name among others',
      ip: '203.0.113.7',
      reply: '250',
      result: ['pass', 'client-domain'],
    },
    {
      name: 'relays for a confirmed name of an IPv6 client',
      ip: '2001:db8::8',
      reply: '250',
      result: ['pass', 'client-domain'],
    },
    {
      name: 'refuses a forged name',
      ip: '203.0.113.2',
      reply: `${denied}. IP name possibly forged [203.0.113.2]`,
      result: ['fail', 'relay-denied'],
    },
    {
      name: 'refuses a client without a name',
      ip: '203.0.113.3',
      reply: `${denied}. IP name lookup failed [203.0.113.3]`,
      result: ['fail', 'relay-denied'],
    },
    ...['203.0.113.4', silent, '203.0.113.6'].map((ip) => ({
      name: `defers when DNS could not tell of ${ip}`,
      ip,
      reply: `450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for ${ip}`,
      result: ['err', 'name-unknown'] as const,
    })),
  ];
  for (const { name, ip, reply, result } of rows) {
    it(name, async () => {
      const dnsTimeout = ip === silent ? '200ms' : '5s';
      const session = new Site({ dns: dns.port, dnsTimeout, files: { localdomain: 'campus.example' } }).session({ ip });
      await session.open();
      assert.deepEqual(await session.send('user@victim.example'), [reply]);
      assert.ok(session.results(result[0]).includes(result[1]));
      assert.equal(session.connection.relaying, false);
    });
  }

  it("trusts at connect when Haraka's own name is listed and confirmed", async () => {
    const site = new Site({ dns: dns.port, files: { localdomain: 'campus.example' } });
    const session = site.session({ ip: '203.0.113.1', host: 'lab1.campus.example' });
    await session.open();
    assert.equal(session.connection.relaying, true);
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
  });

  it('does not trust at connect when that name is forged', async () => {
    const session = new Site({ dns: dns.port, files: { localdomain: 'campus.example' } }).session({
      ip: '203.0.113.2',
      host: 'lab2.campus.example',
    });
    await session.open();
    assert.equal(session.connection.relaying, false);
    assert.deepEqual(await session.send('user@victim.example'), [`${denied}. IP name possibly forged [203.0.113.2]`]);
  });

  it('asks nothing while no list goes by names, nor for a recipient that is decided already', async () => {
    const byAddress = new Site({ dns: dns.port, files: { localip: '198.51.100', 'relay.to': 'backup.example' } });
    const one = byAddress.session({ ip: '203.0.113.1', host: 'lab1.campus.example' });
    await one.open();
    await one.send('user@victim.example', 'user@backup.example');
    const byName = new Site({ dns: dns.port, files: { localdomain: 'campus.example', 'relay.to': 'backup.example' } });
    const two = byName.session({ ip: '203.0.113.3', host: 'a.other.example' });
    await two.open();
    assert.deepEqual(await two.send('user@local.example'), ['250']);
    two.endTransaction();
    assert.deepEqual(await two.send('user@backup.example', 'postmaster'), ['250', '250']);
    assert.deepEqual(dns.questions, []);
  });

  const route = 'user%victim.example@local.example';
  for (const { name, ip, reply } of [
    { name: 'takes a route from a confirmed name', ip: '203.0.113.1', reply: '250' },
    { name: 'refuses a route from a forged name', ip: '203.0.113.2', reply: denied },
    { name: 'refuses a route from a client without a name', ip: '203.0.113.3', reply: denied },
    {
      name: 'puts off a client with a route when DNS could not tell its name',
      ip: '203.0.113.4',
      reply: '450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for 203.0.113.4',
    },
  ]) {
    it(`${name}, before and after a plain recipient`, async () => {
      const session = new Site({ dns: dns.port, files: { localdomain: 'campus.example' } }).session({ ip });
      await session.open();
      const [before, , after] = await session.send(route, 'user@victim.example', route);
      assert.deepEqual([before, after], [reply, reply]);
    });
  }

  it('asks for no name because of a route where none could matter', async () => {
    const session = new Site({ dns: dns.port, files: { 'relay.map': 'Connect:campus.example RELAY' } }).session();
    await session.open();
    assert.deepEqual(await session.send(route), [denied]);
    assert.deepEqual(dns.questions, []);
  });

  /** A zone that changes, and records that last a second. */
  async function inAWhile(play: (dns: DnsStub, site: Site) => Promise<void>): Promise<void> {
    const names = await startDns({
      '203.0.113.1': ['lab1.campus.example'],
      'lab1.campus.example': { A: ['203.0.113.1'], ttl: 1 },
    });
    try {
      await play(names, new Site({ dns: names.port, files: { localdomain: 'campus.example' }, ini: ['cache_ttl=1s'] }));
    } finally {
      await names.stop();
    }
  }
  const byName = { ip: '203.0.113.1', host: 'lab1.campus.example' };
  const reconnect = '421 4.7.1 Relaying permission has changed, please reconnect';
  const recipients = ['user@victim.example'] as const;

  it('trusts a name on an open connection for as long as its records last', async () => {
    await inAWhile(async (names, site) => {
      const trusted = site.session(byName);
      await trusted.open();
      const plain = site.session({ ip: byName.ip });
      await plain.open();
      for (const session of [trusted, plain]) assert.deepEqual(await session.send(...recipients), ['250']);
      await sleep(1100);
      assert.deepEqual(await trusted.send(...recipients), ['250']);
      assert.equal(trusted.connection.relaying, true);
      assert.equal(names.questions.filter(({ type }) => type === 'A').length, 2);
      names.change({ 'lab1.campus.example': { A: ['203.0.113.99'] } });
      await sleep(1100);
      assert.deepEqual(await trusted.send(...recipients), [reconnect]);
      assert.deepEqual(await plain.send(...recipients), [`${denied}. IP name possibly forged [${byName.ip}]`]);
    });
  });

  it('does not trust it while its name cannot be looked up again', async () => {
    await inAWhile(async (names, site) => {
      const session = site.session(byName);
      await session.open();
      names.change({ [byName.ip]: { answer: 'SERVFAIL' } });
      await sleep(1100);
      assert.deepEqual(await session.send(...recipients), [reconnect]);
      const again = site.session(byName);
      await again.open();
      assert.deepEqual(await again.send(...recipients), [
        `450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for ${byName.ip}`,
      ]);
      names.change({ [byName.ip]: ['lab1.campus.example'] });
      await sleep(1100);
      assert.deepEqual(await again.send(...recipients), ['250']);
    });
  });

  it('asks once for a client, however many recipients it has', async () => {
    const session = new Site({ dns: dns.port, files: { localdomain: 'campus.example' } }).session({
      ip: '203.0.113.2',
    });
    await session.open();
    await session.send('a@victim.example', 'b@victim.example', 'c@victim.example');
    assert.deepEqual(
      dns.questions.map(({ name, type }) => `${type} ${name}`),
      ['PTR 203.0.113.2', 'A lab2.campus.example'],
    );
  });

  it('refuses by a forged name in relay.map, which could not have permitted', async () => {
    const files = { 'relay.map': 'Connect:campus.example REJECT\nTo:partner.example RELAY' };
    const session = new Site({ dns: dns.port, files }).session({ ip: '203.0.113.2' });
    await session.open();
    assert.deepEqual(await session.send('user@partner.example'), ['550 5.7.1 Access denied']);
  });
});

describe('relay with mode=observe', () => {
  const ini = ['[relay]', 'mode=observe'];
  const files = { localip: '192.0.2', 'relay.to': 'backup.example' };

  it('answers as if it were absent, and tells what it would have said', async () => {
    const site = new Site({ files, ini });
    const stranger = site.session();
    await stranger.open();
    const absent = '550 I cannot deliver mail';
    const to = [
      'user@victim.example',
      'user@backup.example',
      'user%victim.example@local.example',
      'user@local.example',
    ];
    assert.deepEqual(await stranger.send(...to), [absent, absent, '250', '250']);
    assert.deepEqual(stranger.results('fail'), ['relay-denied', 'routed-local-part']);
    assert.deepEqual(stranger.results('pass'), ['destination']);
    const refusal = stranger.log.find(({ data }) => data.rule === 'relay-denied');
    assert.equal(refusal?.data.observed, true);
    assert.equal((await site.run('queue', stranger.connection)).code, undefined);
    assert.deepEqual(site.sent, []);
  });

  it('gives no trust', async () => {
    const session = new Site({ files, ini }).session({ ip: '192.0.2.7' });
    await session.open();
    assert.equal(session.connection.relaying, false);
    assert.ok(session.results('pass').includes('client-network'));
  });

  it('chooses no next hop', async () => {
    const site = new Site({ files: { 'relay.to': 'backup.example [10.0.0.5]' }, ini });
    const mail = { todo: {}, logerror: () => {} };
    assert.equal((await site.run('get_mx', mail, 'backup.example')).code, undefined);
  });
});

describe('a fault in relay', () => {
  /** Whatever is asked of it, it throws. */
  function broken(text: string): never {
    return new Proxy(
      {},
      {
        get: () => {
          throw new Error(text);
        },
      },
    ) as never;
  }

  it('that throws is a temporary refusal, and said in the log', async () => {
    const session = new Site().session();
    await session.open();
    await session.mail();
    const { code, message } = await session.site.run('rcpt', session.connection, [broken('injected'), {}]);
    assert.deepEqual([code, textOf(message)], [constants.denysoft, localProblem]);
    assert.ok(session.log.some(({ level, text }) => level === 'logerror' && /fault in rcpt.*injected/s.test(text)));
  });

  it('in the policy itself is a temporary refusal', async () => {
    const session = new Site().session();
    await session.open();
    await session.mail();
    const noPolicy = () => {
      throw new Error('injected');
    };
    Object.defineProperty(session.site.plugin.smtpcheck, 'policy', { get: noPolicy });
    assert.equal(await session.rcpt('user@victim.example'), localProblem);
  });

  interface Suite {
    readonly names: { confirmed: () => Promise<unknown> };
    readonly events: { readonly faultCount: number };
  }

  const lookUps: readonly { readonly name: string; readonly confirmed: () => Promise<unknown> }[] = [
    { name: 'that rejects', confirmed: () => Promise.reject(new Error('injected')) },
    { name: 'that rejects with nothing', confirmed: () => Promise.reject() },
    { name: 'that never ends', confirmed: () => new Promise(() => {}) },
    {
      name: 'that throws where a promise is due',
      confirmed: () => {
        throw new Error('injected');
      },
    },
  ];
  for (const { name, confirmed } of lookUps) {
    it(`${name} is a temporary refusal`, async () => {
      const site = new Site({ files: { localdomain: 'campus.example' } });
      site.plugin.smtpcheckLimit = 100;
      const suite = site.plugin.smtpcheck as Suite;
      suite.names.confirmed = confirmed;
      const session = site.session();
      await session.open();
      assert.deepEqual(await session.send('user@victim.example'), [localProblem]);
      assert.equal(suite.events.faultCount, 1);
      assert.deepEqual(session.recipients, []);
    });
  }

  it('in connect refuses for now, and in connect_init gives no trust', async () => {
    const site = new Site({ files: { localip: '192.0.2' } });
    const session = site.session();
    session.connection.remote = broken('injected');
    assert.equal((await site.run('connect_init', session.connection)).code, undefined);
    const { code, message } = await site.run('connect', session.connection);
    assert.deepEqual(
      [code, textOf(message)],
      [constants.denysoftdisconnect, '421 4.3.0 Temporary local problem, please try again'],
    );
    assert.equal(session.connection.relaying, false);
  });

  it('in queue and get_mx keeps the mail', async () => {
    const site = new Site({ files: { 'relay.to': 'backup.example' } });
    const session = site.session();
    await session.open();
    await session.send('a@backup.example');
    site.plugin.haraka_require = () => broken('injected');
    const queue = await site.run('queue', session.connection);
    assert.deepEqual([queue.code, textOf(queue.message)], [constants.denysoft, localProblem]);
    const hops = await site.run('get_mx', { todo: broken('injected'), logerror: () => {} }, 'victim.example');
    assert.equal(hops.code, constants.denysoft);
  });

  it('of one that only observes is no refusal', async () => {
    const session = new Site({ ini: ['[relay]', 'mode=observe'], local: [] }).session();
    await session.open();
    await session.mail();
    assert.equal((await session.site.run('rcpt', session.connection, [broken('injected'), {}])).code, undefined);
  });
});

describe('what a refusal by relay leaves behind', () => {
  it('is a log line with stable keys, results and a counter', async () => {
    const site = new Site({ files: { 'relay.map': '# none\nTo:old.example REJECT' } } satisfies SiteOptions);
    const session = site.session({ host: 'client.example.org', helo: 'HELO.example.org' });
    await session.open();
    await session.send('user@old.example');
    const line = session.log.find(({ text }) => text === 'smtpcheck refuse');
    assert.equal(line?.level, 'lognotice');
    assert.deepEqual(line?.data, {
      action: 'refuse',
      rule: 'relay-map',
      at: 'relay.map:2',
      generation: 1,
      ip: '203.0.113.9',
      ptr: 'client.example.org',
      helo: 'HELO.example.org',
      from: '<sender@sender.example>',
      rcpt: '<user@old.example>',
      reason: '550 5.7.1 Access denied',
    });
    assert.equal(session.counted('refuse', 'relay-map'), 1);
  });
});
