/** Where mail goes that is relayed. */
import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import { address } from '../../../testkit/core';
import { closeSites, Site } from '../../../testkit/haraka';
import { type DnsStub, startDns } from '../../../testkit/live/dns';

afterEach(closeSites);

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
    /** The mailboxes of the domain that it is for; `user`, unless it matters. */
    readonly users?: readonly string[];
    readonly relayTo?: string;
    readonly ini?: readonly string[];
    /** What other plugins noted of the mail, and we. */
    readonly notes?: Record<string, unknown>;
    /** Exchanges as `priority host:port`, `none` for no opinion, `deferred`. */
    readonly gives: readonly string[] | 'none' | 'deferred';
  }
  const ofMailboxes = 'backup.example [10.0.0.5]\na@backup.example [10.0.0.6]:2525\nb@backup.example [10.0.0.6]:2525';
  const rows: readonly HopCase[] = [
    {
      name: 'are those of the mailbox',
      domain: 'backup.example',
      users: ['a', 'B'],
      relayTo: ofMailboxes,
      gives: ['0 10.0.0.6:2525'],
    },
    {
      name: 'are those of the domain for other mailboxes',
      domain: 'backup.example',
      users: ['c'],
      relayTo: ofMailboxes,
      gives: ['0 10.0.0.5:25'],
    },
    {
      name: 'are none while mailboxes of one message have different ones',
      domain: 'backup.example',
      users: ['a', 'c'],
      relayTo: ofMailboxes,
      gives: 'deferred',
    },
    {
      name: 'are those of the entry for mail that was queued before the plugin only observes',
      domain: 'backup.example',
      relayTo: 'backup.example [10.0.0.5]:2525',
      ini: ['[relay]', 'mode=observe'],
      notes: { smtpcheck: { backup: true } },
      gives: ['0 10.0.0.5:2525'],
    },
    {
      name: 'are left to Haraka for other mail while the plugin only observes',
      domain: 'backup.example',
      relayTo: 'backup.example [10.0.0.5]:2525',
      ini: ['[relay]', 'mode=observe'],
      gives: 'none',
    },
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
      notes: { smtpcheck: { backup: true } },
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
  for (const { name, domain, users = ['user'], relayTo = '', ini = [], notes = {}, gives } of rows) {
    it(name, async () => {
      const dnsTimeout = domain === 'dropped.example' ? '200ms' : '5s';
      const site = new Site({ dns: dns.port, dnsTimeout, files: { 'relay.to': relayTo }, ini });
      const said: string[] = [];
      const mail = {
        todo: { domain, notes, rcpt_to: users.map((user) => ({ user, host: domain })) },
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

  it('let no domain act on the log', async () => {
    const domain = 'a\x1b[31m\x07\x9b.self.example';
    const site = new Site({ files: { 'relay.to': 'self.example' } });
    // Today's resolver would not even ask for such a name.
    const resolver = {
      exchanges: async () => ({ state: 'none' }),
      addresses: async () => ({ state: 'found', value: [address('127.0.0.1')] }),
    };
    Object.defineProperty(site.plugin.smtpcheck, 'resolver', { value: resolver });
    const said: string[] = [];
    const rcpt_to = [{ user: 'user', host: domain }];
    const mail = {
      todo: { domain, rcpt_to },
      lognotice: () => {},
      logerror: (...args: unknown[]) => said.push(args.join(' ')),
    };
    const { message } = await site.run('get_mx', mail, domain);
    const what = String.raw`the best MX of a\u001b[31m\u0007\u009b.self.example is this host`;
    assert.equal(message, what);
    assert.deepEqual(said, [`smtpcheck: ${what}; give its domain a next hop in relay.to`]);
  });
});
