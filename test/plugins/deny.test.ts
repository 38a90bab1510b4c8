import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import { addressClasses, closeSites, type SessionOptions, Site, textOf } from '../../testkit/haraka';
import { type DnsStub, startDns } from '../../testkit/live/dns';
import { until } from '../../testkit/until';

afterEach(closeSites);

const atConnect = '554 5.7.1 Access denied';
const atRcpt = '550 5.7.1 Access denied';
const cannotResolve = (ip: string, code: number) =>
  `${code} 4.7.1 Access temporarily denied. Cannot resolve PTR record for ${ip}`;

describe('deny', () => {
  let dns: DnsStub;
  /** The client for whom DNS never answers. */
  const silent = '203.0.113.5';
  before(async () => {
    dns = await startDns({
      '203.0.113.1': ['a.spam.example'],
      'a.spam.example': { A: ['203.0.113.99'] },
      '203.0.113.2': ['mail.example.org', 'b.spam.example'],
      '203.0.113.4': { answer: 'SERVFAIL' },
      [silent]: { answer: 'drop' },
      '203.0.113.6': ['good.spam.example'],
      '203.0.113.8': ['mail.example.org', 'bad-.spam.example'],
      '203.0.113.10': [String.raw`x\.spam.example`],
    });
  });
  after(() => dns.stop());
  beforeEach(() => dns.clear());

  interface DenyCase {
    readonly name: string;
    readonly list: string;
    readonly client: SessionOptions;
    readonly ini?: readonly string[];
    readonly connect: string;
    /** The reply to RCPT where the client got that far. */
    readonly rcpt?: string;
    readonly questions?: number;
  }
  const domains = 'spam.example\n!good.spam.example';
  const defers = ['[deny]', 'on_dns_failure=defer'];
  const rows: readonly DenyCase[] = [
    { name: 'lets in whom the list does not name', list: '198.51.100', client: {}, connect: '220', rcpt: '250' },
    { name: 'refuses an address', list: '203.0.113', client: {}, connect: atConnect },
    { name: 'refuses a mapped address', list: '203.0.113', client: { ip: '::ffff:203.0.113.9' }, connect: atConnect },
    {
      name: 'refuses no address that is excluded',
      list: '203.0.113\n!203.0.113.9',
      client: {},
      connect: '220',
      rcpt: '250',
    },
    {
      name: "refuses by Haraka's own name without a question",
      list: domains,
      client: { host: 'x.spam.example' },
      connect: atConnect,
    },
    {
      name: 'refuses by a forged name',
      list: domains,
      client: { ip: '203.0.113.1' },
      connect: atConnect,
      questions: 1,
    },
    {
      name: 'refuses by a second name that Haraka does not know',
      list: domains,
      client: { ip: '203.0.113.2', host: 'mail.example.org' },
      connect: atConnect,
      questions: 1,
    },
    {
      name: 'refuses no name that is excluded',
      list: domains,
      client: { ip: '203.0.113.6' },
      connect: '220',
      rcpt: '250',
      questions: 1,
    },
    {
      name: 'lets in a client without a name',
      list: domains,
      client: { ip: '203.0.113.3' },
      connect: '220',
      rcpt: '250',
      questions: 1,
    },
    {
      name: 'does not believe NXDOMAIN from Haraka, which says so of failures too',
      list: domains,
      client: { ip: '203.0.113.1', host: 'NXDOMAIN' },
      connect: atConnect,
      questions: 1,
    },
    {
      name: 'puts off a client when DNS fails, if told to',
      list: domains,
      client: { ip: '203.0.113.4' },
      ini: defers,
      connect: cannotResolve('203.0.113.4', 421),
      questions: 1,
    },
    {
      name: 'puts off a client when DNS does not answer, if told to',
      list: domains,
      client: { ip: silent },
      ini: defers,
      connect: cannotResolve(silent, 421),
      questions: 1,
    },
    {
      name: 'lets it in otherwise',
      list: domains,
      client: { ip: '203.0.113.4' },
      connect: '220',
      rcpt: '250',
      questions: 1,
    },
    {
      name: 'asks nothing when the list has no names',
      list: '198.51.100',
      client: { ip: '203.0.113.1' },
      connect: '220',
      rcpt: '250',
      questions: 0,
    },
    {
      name: 'refuses at the recipient if told to',
      list: '203.0.113',
      client: {},
      ini: ['[deny]', 'at=rcpt'],
      connect: '220',
      rcpt: atRcpt,
    },
    {
      name: 'puts off at the recipient when DNS fails, if told to',
      list: domains,
      client: { ip: '203.0.113.4' },
      ini: [...defers, 'at=rcpt'],
      connect: '220',
      rcpt: cannotResolve('203.0.113.4', 450),
    },
    ...['0x7f000001', '2130706433', '010.0.0.1', ''].map((ip) => ({
      name: `puts off a client whose address is ${ip || 'none'}`,
      list: '198.51.100',
      client: { ip },
      connect: '421 4.7.1 Access temporarily denied',
    })),
    {
      name: 'refuses by a second name that no list could hold as an entry',
      list: domains,
      client: { ip: '203.0.113.8', host: 'mail.example.org' },
      connect: atConnect,
    },
    {
      name: 'refuses by such a name that Haraka knows',
      list: domains,
      client: { ip: '203.0.113.3', host: 'bad-.spam.example' },
      connect: atConnect,
      questions: 0,
    },
    {
      name: 'takes no dot inside a label for one between labels',
      list: domains,
      client: { ip: '203.0.113.10', host: String.raw`x\.spam.example` },
      connect: '220',
      rcpt: '250',
    },
    { name: 'wins over trust', list: '192.0.2.7', client: { ip: '192.0.2.7' }, connect: atConnect },
    {
      name: 'wins over trust at the recipient',
      list: '192.0.2.7',
      client: { ip: '192.0.2.7' },
      ini: ['[deny]', 'at=rcpt'],
      connect: '220',
      rcpt: atRcpt,
    },
    {
      name: 'lets in whom it only observes',
      list: '203.0.113',
      client: {},
      ini: ['[deny]', 'mode=observe'],
      connect: '220',
      rcpt: '250',
    },
  ];
  for (const { name, list, client, ini = [], connect, rcpt, questions } of rows) {
    it(name, async () => {
      const files = { 'host.deny': list, localip: '192.0.2' };
      const dnsTimeout = client.ip === silent ? '200ms' : '5s';
      const session = new Site({ plugins: ['deny', 'relay'], dns: dns.port, dnsTimeout, files, ini }).session(client);
      assert.equal(await session.open(), connect);
      if (questions !== undefined) assert.equal(dns.questions.length, questions);
      if (rcpt !== undefined) assert.deepEqual(await session.send('user@local.example'), [rcpt]);
    });
  }

  it('refuses at the next recipient a client that was listed since', async () => {
    const site = new Site({ plugins: ['deny'] });
    const session = site.session();
    assert.equal(await session.open(), '220');
    assert.deepEqual(await session.send('user@local.example'), ['250']);
    site.write('host.deny', '203.0.113.9\n');
    await until('the list is in force', () => site.log.some((line) => line.includes('file=host.deny generation=2')));
    assert.equal(await session.rcpt('user@local.example'), atRcpt);
    const line = session.log.find(({ text }) => text === 'smtpcheck refuse');
    assert.equal(line?.data.at, 'host.deny:1');
    assert.equal(line?.data.generation, 2);
  });

  it('refuses at the next recipient a client that has got another name since, as XCLIENT gives one', async () => {
    const site = new Site({ plugins: ['deny'], dns: dns.port, files: { 'host.deny': domains } });
    const session = site.session({ ip: '203.0.113.3' });
    assert.equal(await session.open(), '220');
    assert.deepEqual(await session.send('user@local.example'), ['250']);
    session.connection.remote.host = 'x.spam.example';
    assert.equal(await session.rcpt('user@local.example'), atRcpt);
  });

  it('refuses at a later recipient a client whose name is another in DNS since', async () => {
    const names = await startDns({ '203.0.113.7': ['mail.campus.example'] });
    try {
      const files = { 'host.deny': domains, localdomain: 'campus.example' };
      const site = new Site({ plugins: ['deny', 'relay'], dns: names.port, files, ini: ['cache_ttl=1s'] });
      const session = site.session({ ip: '203.0.113.7', host: 'mail.campus.example' });
      assert.equal(await session.open(), '220');
      assert.deepEqual(await session.send('user@local.example'), ['250']);
      names.change({ '203.0.113.7': ['c.spam.example'] });
      await until('it is', async () => (await session.rcpt('user@local.example')) === atRcpt);
    } finally {
      await names.stop();
    }
  });

  it('forgets what it knew of the proxy when it learns of the client behind', async () => {
    const session = new Site({ plugins: ['deny'], files: { 'host.deny': '203.0.113.9' } }).session({ ip: '192.0.2.1' });
    await session.proxied('203.0.113.9');
    assert.equal(await session.open(), atConnect);
  });

  it('takes no PROXY line of a client that is connected, nor another address by it', async () => {
    const session = new Site({ plugins: ['deny'], ini: ['[deny]', 'at=rcpt'] }).session();
    session.connection.proxy.allowed = true;
    await session.open();
    assert.equal(session.connection.proxy.allowed, false);
  });

  for (const addresses of addressClasses) {
    it(`logs sender and recipient at the recipient, with ${addresses.name}`, async () => {
      const site = new Site({
        plugins: ['deny'],
        files: { 'host.deny': '203.0.113' },
        ini: ['[deny]', 'at=rcpt'],
        addresses,
      });
      const session = site.session();
      await session.open();
      await session.send('user@local.example');
      const line = session.log.find(({ text }) => text === 'smtpcheck refuse');
      assert.deepEqual([line?.data.from, line?.data.rcpt], ['<sender@sender.example>', '<user@local.example>']);
      assert.deepEqual(session.results('fail'), ['client-denied-network']);
    });
  }

  it('ends in a temporary refusal when it fails', async () => {
    const site = new Site({ plugins: ['deny'], files: { 'host.deny': 'spam.example' } });
    Object.assign((site.plugin.smtpcheck as { names: object }).names, {
      claimed: () => Promise.reject(new Error('injected')),
    });
    const { code, message } = await site.run('connect', site.session().connection);
    assert.deepEqual(
      [code, textOf(message)],
      [constants.denysoftdisconnect, '421 4.3.0 Temporary local problem, please try again'],
    );
  });
});
