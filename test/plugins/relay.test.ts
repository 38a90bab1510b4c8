import assert from 'node:assert/strict';
import fs from 'node:fs';
import constants from 'haraka-constants';
import type { Address } from '../../types/haraka';
import {
  addressClasses,
  closeSites,
  type Session,
  type SessionOptions,
  Site,
  type SiteOptions,
  textOf,
} from '../helpers/haraka';
import { until } from '../helpers/until';
import { type DnsStub, startDns } from '../live/harness/dns';

afterEach(closeSites);

const denied = '550 5.7.1 Relaying denied';
const apart = '452 4.5.3 Send this recipient in a separate transaction';
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
    assert.deepEqual(await two.send('user@backup.example', 'postmaster'), ['250', apart]);
    assert.deepEqual(dns.questions, []);
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

describe('trust', () => {
  it('is given once, however often connect_init runs', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await session.proxied('192.0.2.7');
    assert.equal(session.connection.relaying, true);
    assert.deepEqual(session.results('pass'), ['client-network']);
  });

  it('does not outlive the address it was given to', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await session.proxied('203.0.113.9');
    assert.equal(session.connection.relaying, false);
    assert.deepEqual(await session.send('user@victim.example'), [denied]);
    await session.proxied('192.0.2.8');
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
  });

  for (const [ini, allowed] of [
    [[], false],
    [['[relay]', 'mode=observe'], true],
  ] as const) {
    it(`${allowed ? 'leaves it to Haraka to take' : 'takes no'} PROXY lines once a client is connected`, async () => {
      const session = new Site({ ini }).session();
      session.connection.proxy.allowed = true;
      await session.open();
      assert.equal(session.connection.proxy.allowed, allowed);
    });
  }

  it('comes with the address behind a proxy', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '203.0.113.9' });
    await session.open();
    await session.proxied('192.0.2.7');
    assert.equal(session.connection.relaying, true);
  });

  async function revoked(session: Session): Promise<void> {
    const { site } = session;
    fs.rmSync(site.config('localip'));
    await until('the list is empty', () => site.log.some((line) => line.includes('file=localip generation=2 missing')));
  }

  it('is withdrawn at the next recipient after the list has changed', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
    await revoked(session);
    assert.equal(await session.rcpt('other@victim.example'), denied);
    assert.equal(session.connection.relaying, false);
    session.endTransaction();
    assert.equal(session.connection.relaying, false, 'the connection has forgotten it too');
    assert.deepEqual(await session.send('user@victim.example', 'user%victim.example@local.example'), [denied, denied]);
    assert.ok(session.log.some(({ text }) => text === 'smtpcheck trust withdrawn from 192.0.2.7'));
  });

  it('stays withdrawn when the same connection is vouched for by nobody', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await revoked(session);
    await session.send('user@victim.example');
    // As RSET and a new MAIL do.
    session.endTransaction();
    assert.deepEqual(await session.send('user@victim.example'), [denied]);
  });

  it('of another plugin counts again once ours is withdrawn', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await revoked(session);
    assert.deepEqual(await session.send('user@victim.example'), [denied]);
    session.endTransaction();
    session.connection.relaying = true;
    assert.deepEqual(await session.send('user@victim.example', 'other@victim.example'), ['250', '250']);
  });

  it('stays with a client that has authenticated', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    session.connection.notes.auth_user = 'someone';
    await revoked(session);
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
    assert.equal(session.connection.relaying, true);
  });

  it('of another plugin is not ours to take', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '203.0.113.9' });
    await session.open();
    session.connection.relaying = true;
    await revoked(session);
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
    assert.ok(session.site.passed.has('vouched'));
  });

  it('is withdrawn when relay is switched to observe', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    const { site } = session;
    site.write('smtpcheck.ini', '[relay]\nmode=observe\n');
    await until('it is', () => site.log.some((line) => line.includes('file=smtpcheck.ini generation=2')));
    assert.deepEqual(await session.send('user@victim.example'), ['550 I cannot deliver mail']);
    assert.equal(session.connection.relaying, false);
  });

  it('is nothing that HELO or MAIL FROM could earn', async () => {
    const files = { localip: '192.0.2', localdomain: 'campus.example', 'relay.to': 'backup.example' };
    const session = new Site({ files }).session({ helo: 'lab1.campus.example' });
    await session.open();
    await session.mail('someone@campus.example');
    assert.match(await session.rcpt('user@victim.example'), /^[45]50 /);
  });

  it('is none for a client without an address', async () => {
    const session = new Site({ files: { localdomain: 'campus.example' } }).session();
    session.connection.remote.ip = null;
    await session.open();
    assert.deepEqual(await session.send('user@victim.example', 'user@local.example'), [denied, '250']);
  });
});

describe('a transaction', () => {
  const files = { 'relay.to': 'backup.example\nother-backup.example', 'relay.map': 'To:void.example DISCARD' };
  const rows: readonly {
    readonly name: string;
    readonly to: readonly string[];
    readonly replies: readonly string[];
  }[] = [
    {
      name: 'holds any number of local recipients',
      to: ['a@local.example', 'b@local.example'],
      replies: ['250', '250'],
    },
    {
      name: 'holds any number of backup recipients',
      to: ['a@backup.example', 'b@other-backup.example'],
      replies: ['250', '250'],
    },
    {
      name: 'puts off a backup recipient after a local one',
      to: ['a@local.example', 'a@backup.example', 'b@local.example'],
      replies: ['250', apart, '250'],
    },
    {
      name: 'puts off a local recipient after a backup one',
      to: ['a@backup.example', 'a@local.example', 'b@backup.example'],
      replies: ['250', apart, '250'],
    },
    {
      name: 'goes by the recipients it holds, not by those it refused',
      to: ['a@victim.example', 'a@backup.example', 'a@local.example'],
      replies: [denied, '250', apart],
    },
    {
      name: 'keeps what is dropped apart',
      to: ['a@void.example', 'a@local.example', 'a@backup.example', 'b@void.example'],
      replies: ['250', apart, apart, '250'],
    },
    {
      name: 'takes bare postmaster beside local recipients',
      to: ['postmaster', 'a@local.example', 'a@backup.example'],
      replies: ['250', '250', apart],
    },
  ];
  for (const { name, to, replies } of rows) {
    it(name, async () => {
      const session = new Site({ files }).session();
      await session.open();
      assert.deepEqual(await session.send(...to), replies);
      assert.equal(session.connection.relaying, false);
    });
  }

  it('starts afresh after the one before', async () => {
    const session = new Site({ files }).session();
    await session.open();
    assert.deepEqual(await session.send('a@local.example'), ['250']);
    session.endTransaction();
    assert.deepEqual(await session.send('a@backup.example'), ['250']);
  });

  it('of a trusted client is not split', async () => {
    const session = new Site({ files: { ...files, localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    const replies = await session.send('a@local.example', 'a@backup.example', 'a@victim.example');
    assert.deepEqual(replies, ['250', '250', '250']);
  });
});

describe('the queue step', () => {
  const files = { 'relay.to': 'backup.example', 'relay.map': 'To:void.example DISCARD' };

  async function queued(...to: readonly string[]) {
    const site = new Site({ files });
    const session = site.session();
    await session.open();
    await session.send(...to);
    return { site, session, result: await site.run('queue', session.connection) };
  }

  it('hands backup mail to the outbound queue and leaves relaying alone', async () => {
    const { site, session, result } = await queued('a@backup.example', 'b@backup.example');
    assert.equal(result.code, constants.ok);
    assert.deepEqual(site.sent, [session.connection.transaction]);
    assert.equal(session.connection.relaying, false);
    assert.doesNotThrow(() => JSON.stringify(session.connection.transaction?.notes.smtpcheck));
  });

  it('leaves local mail to the local queue', async () => {
    const { site, result } = await queued('a@local.example');
    assert.deepEqual([result.code, site.sent], [undefined, []]);
  });

  it('takes dropped mail and sends it nowhere', async () => {
    const { site, result } = await queued('a@void.example');
    assert.deepEqual([result.code, site.sent], [constants.ok, []]);
  });

  it('has no opinion without a transaction', async () => {
    const site = new Site({ files });
    assert.equal((await site.run('queue', site.session().connection)).code, undefined);
  });

  it('leaves alone what the client has taken with it', async () => {
    const site = new Site({ files });
    const session = site.session();
    await session.open();
    await session.send('a@backup.example');
    const answer = site.run('queue', session.connection);
    session.endTransaction();
    await answer;
    assert.deepEqual(site.sent, []);
  });

  it('has no mark for what stays here, whatever was refused before', async () => {
    const site = new Site({ files });
    const quota = {
      name: 'quota',
      hook_rcpt_ok: (next: (code?: number, message?: string) => void, _connection: unknown, { user }: Address) =>
        user === 'full' ? next(constants.denysoft, 'full') : next(),
    };
    site.hooks.push({ hook: 'rcpt_ok', plugin: quota, method: 'hook_rcpt_ok', priority: 0 });
    const session = site.session();
    await session.open();
    assert.deepEqual(await session.send('full@backup.example', 'a@local.example'), [
      `${constants.denysoft} full`,
      '250',
    ]);
    assert.equal(session.connection.transaction?.notes.smtpcheck, undefined);
  });

  it('passes on what the outbound queue answers', async () => {
    const site = new Site({ files });
    site.outboundAnswer = [constants.denysoft, 'disk full'];
    const session = site.session();
    await session.open();
    await session.send('a@backup.example');
    assert.deepEqual(await site.run('queue', session.connection), { code: constants.denysoft, message: 'disk full' });
  });
});

describe('the next hops', () => {
  let dns: DnsStub;
  before(async () => {
    const us = { A: ['127.0.0.1'] };
    dns = await startDns({
      'backup.example': {
        MX: [
          [10, 'mx1.backup.example'],
          [20, 'mx.local.example'],
          [20, 'mx3.backup.example'],
          [30, 'mx4.backup.example'],
        ],
      },
      'best.example': {
        MX: [
          [5, 'mx.local.example'],
          [10, 'mx1.backup.example'],
        ],
      },
      'absent.example': { MX: [[5, 'mx1.backup.example']] },
      'address.example': {
        MX: [
          [5, 'mx1.backup.example'],
          [10, 'alias.local.example'],
        ],
      },
      'alias.local.example': { CNAME: 'host.local.example' },
      'host.local.example': us,
      'mx1.backup.example': { A: ['192.0.2.1'] },
      'mx3.backup.example': { A: ['192.0.2.3'] },
      'mx4.backup.example': { A: ['192.0.2.4'] },
      'self.example': us,
      'nomx.example': { A: ['192.0.2.9'] },
      'broken.example': { answer: 'SERVFAIL' },
      'dropped.example': { answer: 'drop' },
      'nat.example': {
        MX: [
          [5, 'mx1.backup.example'],
          [10, 'mx9.nat.example'],
        ],
      },
      'mx9.nat.example': { A: ['198.51.100.9'] },
    });
  });
  after(() => dns.stop());

  interface HopCase {
    readonly name: string;
    readonly domain: string;
    readonly relayTo?: string;
    readonly ini?: readonly string[];
    /** What other plugins noted of the mail, and we. */
    readonly notes?: Record<string, unknown>;
    /** Exchanges as `priority host:port`, `none` for no opinion, `deferred`. */
    readonly gives: readonly string[] | 'none' | 'deferred';
  }
  const rows: readonly HopCase[] = [
    {
      name: 'are the route of relay.to as it stands',
      domain: 'Sub.backup.example',
      relayTo: 'backup.example [10.0.0.5]:2525',
      gives: ['0 10.0.0.5:2525'],
    },
    {
      name: 'are a named route',
      domain: 'backup.example',
      relayTo: 'backup.example mx.inner.example',
      gives: ['0 mx.inner.example:25'],
    },
    {
      name: 'are those before us when we are in the middle',
      domain: 'backup.example',
      relayTo: 'backup.example',
      gives: ['10 mx1.backup.example'],
    },
    {
      name: 'are none when we are best: the mail waits',
      domain: 'best.example',
      relayTo: 'best.example',
      gives: 'deferred',
    },
    {
      name: 'are left to Haraka when we are not among them',
      domain: 'absent.example',
      relayTo: 'absent.example',
      gives: 'none',
    },
    {
      name: 'know us by our address',
      domain: 'address.example',
      relayTo: 'address.example',
      gives: ['5 mx1.backup.example'],
    },
    {
      name: 'know us by this_host',
      domain: 'nat.example',
      relayTo: 'nat.example',
      ini: ['[relay]', 'this_host=198.51.100.9'],
      gives: ['5 mx1.backup.example'],
    },
    {
      name: 'know us by a name of this_host',
      domain: 'nat.example',
      relayTo: 'nat.example',
      ini: ['[relay]', 'this_host=MX9.nat.example'],
      gives: ['5 mx1.backup.example'],
    },
    {
      name: 'take the domain itself for its MX where it has none',
      domain: 'nomx.example',
      relayTo: 'nomx.example',
      gives: 'none',
    },
    { name: 'see that the domain itself is us', domain: 'self.example', relayTo: 'self.example', gives: 'deferred' },
    { name: 'wait when DNS fails', domain: 'broken.example', relayTo: 'broken.example', gives: 'deferred' },
    { name: 'wait when DNS does not answer', domain: 'dropped.example', relayTo: 'dropped.example', gives: 'deferred' },
    {
      name: 'follow the rule for what was accepted as backup, listed or not',
      domain: 'backup.example',
      notes: { smtpcheck: { way: 'relay', backup: true } },
      gives: ['10 mx1.backup.example'],
    },
    { name: "are no business of ours for a trusted client's mail elsewhere", domain: 'backup.example', gives: 'none' },
    {
      name: 'are the address of a literal that is listed',
      domain: '[192.0.2.25]',
      relayTo: '192.0.2.25',
      gives: ['0 192.0.2.25'],
    },
    {
      name: 'are the IPv6 address of a literal that is listed',
      domain: '[ipv6:2001:DB8::25]',
      relayTo: '2001:db8::/32',
      gives: ['0 2001:db8::25'],
    },
    { name: 'are none for a literal of our own', domain: '[127.0.0.7]', relayTo: '127.0.0.7', gives: 'deferred' },
    {
      name: 'are its address for a literal that only a trusted client may send to',
      domain: '[192.0.2.26]',
      relayTo: '192.0.2.25',
      gives: ['0 192.0.2.26'],
    },
    {
      name: 'are left to whoever delivers local mail by LMTP, listed or not',
      domain: 'lists.best.example',
      relayTo: 'best.example [10.0.0.5]',
      notes: { using_lmtp: true },
      gives: 'none',
    },
    {
      name: 'are not those of an excluded domain',
      domain: 'old.backup.example',
      relayTo: 'backup.example [10.0.0.5]\n!old.backup.example',
      gives: 'none',
    },
  ];
  for (const { name, domain, relayTo = '', ini = [], notes = {}, gives } of rows) {
    it(name, async () => {
      const dnsTimeout = domain === 'dropped.example' ? '200ms' : '5s';
      const site = new Site({ dns: dns.port, dnsTimeout, files: { 'relay.to': relayTo }, ini });
      const said: string[] = [];
      const mail = {
        todo: { domain, notes },
        lognotice: () => {},
        logerror: (...args: unknown[]) => said.push(args.join(' ')),
      };
      const { code, message } = await site.run('get_mx', mail, domain);
      if (gives === 'none') assert.equal(code, undefined);
      else if (gives === 'deferred') {
        assert.equal(code, constants.denysoft);
        assert.equal(typeof message, 'string', 'get_mx has no DSN');
      } else {
        assert.equal(code, constants.ok);
        const hops = [message].flat() as { exchange: string; port?: number; priority: number }[];
        assert.deepEqual(
          hops.map(({ exchange, port, priority }) => `${priority} ${exchange}${port ? `:${port}` : ''}`),
          gives,
        );
      }
    });
  }
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
    const mail = { todo: { domain: 'backup.example' }, lognotice: () => {}, logerror: () => {} };
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
    readonly counters: { readonly faults: number };
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
      assert.equal(suite.counters.faults, 1);
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
