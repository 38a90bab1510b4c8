/**
 * `mx:` entries beside a real Postfix with permit_mx_backup and permit_mx_backup_networks: the same zones, the same networks, the
 * same verdicts, except where this suite looks at hosts that Postfix does not look at.
 */
import assert from 'node:assert/strict';
import { type DnsStub, startDns, type Zone } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor } from '../../../testkit/live/talk';
import { type NameServer, serveAtPort53 } from '../servers/name-server';
import { onPeers } from '../servers/on-package';
import { startPostfix } from '../servers/postfix';
import type { Server } from '../servers/server';

const networks = ['192.0.2.0/27', '2001:db8:25::/48'];

/** MX hosts by what they are to the networks. */
const hosts: Zone = {
  'in.host.example': { A: ['192.0.2.25'] },
  'in2.host.example': { A: ['192.0.2.26', '192.0.2.27'] },
  'in6.host.example': { AAAA: ['2001:db8:25::1'] },
  'both.host.example': { A: ['192.0.2.25'], AAAA: ['2001:db8:25::1'] },
  'out.host.example': { A: ['203.0.113.25'] },
  'out6.host.example': { AAAA: ['2001:db8:99::1'] },
  'half.host.example': { A: ['192.0.2.25', '203.0.113.25'] },
  'half6.host.example': { A: ['192.0.2.25'], AAAA: ['2001:db8:99::1'] },
  'alias.host.example': { CNAME: 'in.host.example' },
  'outalias.host.example': { CNAME: 'out.host.example' },
  'mx.local.example': { A: ['127.0.0.1'] },
  'other-name.host.example': { A: ['127.0.0.1'] },
  'nat.host.example': { A: ['192.0.2.98'] },
};

const us = 'mx.local.example';
type Records = readonly (readonly [number, string])[];
const host = (name: string) => `${name}.host.example`;

const single = ['in', 'in2', 'in6', 'both', 'out', 'out6', 'half', 'half6', 'alias', 'outalias', 'gone'];
const pairs = [
  ['in', 'in2'],
  ['in', 'in6'],
  ['in', 'out'],
  ['out', 'in'],
  ['in', 'gone'],
  ['both', 'half'],
] as const;

/** The domains, by their names. */
const domains: Readonly<Record<string, Records>> = Object.fromEntries([
  ...single.flatMap((name): [string, Records][] => [
    [
      `${name}-before-us.example`,
      [
        [10, host(name)],
        [20, us],
      ],
    ],
    [
      `${name}-beside-us.example`,
      [
        [10, host(name)],
        [10, us],
      ],
    ],
    [
      `${name}-behind-us.example`,
      [
        [10, us],
        [20, host(name)],
      ],
    ],
    [`${name}-without-us.example`, [[10, host(name)]]],
  ]),
  ...pairs.flatMap(([one, other]): [string, Records][] => [
    [
      `${one}-and-${other}.example`,
      [
        [10, host(one)],
        [10, host(other)],
        [20, us],
      ],
    ],
    [
      `${one}-then-${other}.example`,
      [
        [10, host(one)],
        [15, host(other)],
        [20, us],
      ],
    ],
    [
      `${one}-us-${other}.example`,
      [
        [10, host(one)],
        [20, us],
        [30, host(other)],
      ],
    ],
  ]),
  ['us-alone.example', [[10, us]]],
  [
    'us-twice.example',
    [
      [10, us],
      [20, host('in')],
      [30, us],
    ],
  ],
  [
    'us-last-of-four.example',
    [
      [5, host('in')],
      [10, host('in2')],
      [15, host('in6')],
      [20, us],
    ],
  ],
  [
    'us-by-another-name.example',
    [
      [10, host('in')],
      [20, host('other-name')],
    ],
  ],
  [
    'us-behind-nat.example',
    [
      [10, host('in')],
      [20, host('nat')],
    ],
  ],
  [
    'primary-behind-nat.example',
    [
      [10, host('nat')],
      [20, us],
    ],
  ],
]);

const odd: Zone = {
  'null.example': { MX: [[0, '.']] },
  'address-alone.example': { A: ['192.0.2.25'] },
  'own-address.example': { A: ['127.0.0.1'] },
  'ipv6-alone.example': { AAAA: ['2001:db8:25::1'] },
  'nothing.example': { TXT: [] } as Zone[string],
  'alias.example': { CNAME: 'in-before-us.example' },
  'outside-alias.example': { CNAME: 'out-before-us.example' },
  'servfail.example': { answer: 'SERVFAIL' },
  'lame.example': { answer: 'drop' },
  'broken.host.example': { answer: 'SERVFAIL' },
  'broken-host.example': {
    MX: [
      [10, 'broken.host.example'],
      [20, us],
    ],
  },
};
const oddNames = [
  ...Object.keys(odd).filter((name) => !name.endsWith('.host.example')),
  'does-not-exist.example',
  '[192.0.2.25]',
];

/** Postfix looks at the most preferred hosts alone; every host before this one can get the mail. */
const stricter: readonly string[] = ['in-then-out.example', 'both-then-half.example'];
/**
 * Postfix takes a domain that has no MX record and is an alias of its own address, or has that address, for its own; here only `host_list` and MX
 * records say so.
 */
const notOurs: readonly string[] = ['own-address.example'];
/** Postfix defers where any MX host has no address; a domain that does not list this server is nothing to wait for. */
const notListed: readonly string[] = ['gone-without-us.example'];

type Verdict = 'accepted' | 'refused' | 'deferred';

function verdictOf(reply: string): Verdict {
  if (reply.startsWith('2')) return 'accepted';
  return reply.startsWith('4') ? 'deferred' : 'refused';
}

onPeers('permit_mx_backup of a real Postfix', ['postfix'], ({ postfix: root }) => {
  let stub: DnsStub;
  let names: NameServer;
  let postfix: Server;
  let haraka: RunningHaraka;

  before(async () => {
    const zone = Object.fromEntries(Object.entries(domains).map(([name, MX]) => [name, { MX }]));
    stub = await startDns({ ...hosts, ...odd, ...zone });
    names = await serveAtPort53(stub.port);
    const policy = [
      'relay_domains =',
      `permit_mx_backup_networks = ${networks.map((one) => one.replace(/^(.*:.*)\//, '[$1]/')).join(', ')}`,
      'smtpd_relay_restrictions = permit_mynetworks, permit_mx_backup, reject_unauth_destination',
      'proxy_interfaces = 192.0.2.98',
      '',
    ];
    postfix = await startPostfix(root, names.address, policy.join('\n'));
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: {
        host_list: 'local.example\n',
        'relay.to': networks.map((network) => `mx:${network}\n`).join(''),
        'smtpcheck.ini': `[relay]\nthis_host=192.0.2.98\n[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=1s\nmx_lookups=\n`,
      },
      dns: stub.port,
    });
  });
  after(async () => {
    await haraka?.stop();
    await postfix?.stop();
    names?.stop();
    await stub?.stop();
  });

  const all = [...Object.keys(domains), ...oddNames];

  it('is asked about more than sixty zones', () => assert.ok(all.length > 60, String(all.length)));

  for (const domain of all) {
    it(`says the same of ${domain}`, async () => {
      const recipient = `user@${domain}`;
      const [theirs, ours] = await Promise.all([
        askFor({ port: postfix.ports.ipv4 ?? 0 }, recipient),
        askFor(haraka, recipient),
      ]);
      const both = `Postfix: ${theirs}\n      here: ${ours}`;
      if (domain === 'in-then-gone.example')
        assert.deepEqual([verdictOf(theirs), verdictOf(ours)], ['accepted', 'deferred'], both);
      else if (stricter.includes(domain))
        assert.deepEqual([verdictOf(theirs), verdictOf(ours)], ['accepted', 'refused'], both);
      else if (notOurs.includes(domain) || notListed.includes(domain)) assert.equal(verdictOf(ours), 'refused', both);
      else assert.equal(verdictOf(ours), verdictOf(theirs), both);
    });
  }
});
