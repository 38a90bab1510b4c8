/** `smtpcheck diff` on folders and revisions: text, JSON, annotations, exit codes, and what it refuses to compare. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { smtpcheck, smtpcheckProcess } from '../command';

const plugins = 'smtpcheck\nrcpt_to.in_host_list\n';

const old = {
  localip: '133.9.12.0/24\n!133.9.12.64/26\n198.51.100.7\n',
  'relay.to': 'backup.example\ngone.example\n',
  'host.deny': '203.0.113.9\n',
  'relay.map': '',
};
const edited = {
  localip: '# the !133.9.12.64/26 is gone\n133.9.12.0/24\n',
  'relay.to': 'backup.example  [10.0.0.5]:2525\nlab.example\n!old.lab.example\n',
  'host.deny': '198.51.100.7\n198.51.100.64/26\n',
  'relay.map': 'To:list.example DISCARD\n',
};

function site(files: Readonly<Record<string, string>>): Folder {
  return makeFolder(
    Object.fromEntries(Object.entries({ plugins, ...files }).map(([name, text]) => [`config/${name}`, text])),
  );
}

const diff = (one: Folder, other: Folder, ...options: readonly string[]) =>
  smtpcheck(['diff', one.path, other.path, ...options]);

interface JsonChange {
  readonly effect: string;
  readonly list: string;
  readonly subject: string;
  readonly except: readonly string[];
  readonly addresses: number | string | null;
  readonly before: { readonly verdict: string; readonly at: string | null };
  readonly after: { readonly verdict: string; readonly at: string | null };
}

async function changesBetween(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>) {
  const { stdout, stderr, code } = await diff(site(one), site(other), '--json');
  assert.equal(stderr, '');
  const { version, changes } = JSON.parse(stdout) as { version: number; changes: readonly JsonChange[] };
  assert.equal(version, 1);
  assert.equal(code, changes.length > 0 ? 1 : 0);
  return changes;
}

describe('smtpcheck diff', () => {
  it('says whose verdict changes, as sets, with the lines that decide before and after', async () => {
    const { code, stdout, stderr } = await diff(site(old), site(edited));
    assert.equal(stderr, '');
    assert.equal(
      stdout,
      `${[
        'opens   localip    133.9.12.64/26    64 addresses may now relay to anyone                localip:2  was excluded by localip:2',
        'closes  host.deny  198.51.100.7      1 address is now refused                            host.deny:1  was permitted by localip:3',
        'closes  host.deny  198.51.100.64/26  64 addresses are now refused                        host.deny:2',
        'opens   host.deny  203.0.113.9       1 address is no longer refused                      was refused by host.deny:1',
        "moves   relay.to   *.backup.example  next hop is [10.0.0.5]:2525, was the domain's MX    relay.to:1",
        'closes  relay.to   *.gone.example    strangers may no longer send to gone.example and below  was permitted by relay.to:2',
        'opens   relay.to   *.lab.example     anyone may now send to lab.example and below, except *.old.lab.example  relay.to:2',
        'closes  relay.map  *.list.example    mail to list.example and below is now accepted and dropped  relay.map:1',
        '3 open, 4 close, 1 moves: 64 more addresses may relay, anyone may send to 1 more destination',
      ].join('\n')}\n`,
    );
    assert.equal(code, 1);
  });

  it('reports an address that leaves localip and becomes denied once, by its combined verdict', async () => {
    const changes = await changesBetween(
      { localip: '198.51.100.7\n' },
      { localip: '', 'host.deny': '198.51.100.7\n', 'relay.map': '' },
    );
    assert.deepEqual(
      changes.map(({ effect, list, subject, addresses, before, after }) => [
        effect,
        list,
        subject,
        addresses,
        before,
        after,
      ]),
      [
        [
          'closes',
          'host.deny',
          '198.51.100.7',
          1,
          { verdict: 'relay', at: 'localip:1' },
          { verdict: 'deny 550 5.7.1 Access denied', at: 'host.deny:1' },
        ],
      ],
    );
  });

  it('counts addresses beyond 2^53 exactly, as a text', async () => {
    const [change] = await changesBetween({ localip: '' }, { localip: '2001:db8::/32\n' });
    assert.deepEqual([change?.subject, change?.addresses], ['2001:db8::/32', String(2n ** 96n)]);
  });

  it('finds nothing where lines are moved, commented or written in another way', async () => {
    const { code, stdout } = await diff(
      site({ localip: '192.0.2.0/25\n192.0.2.128/25\n' }),
      site({ localip: '# ours\n192.0.2\n', 'smtpcheck.ini': '[relay]\nlocal_ip=localip\n' }),
    );
    assert.deepEqual([code, stdout], [0, 'nothing changes\n']);
  });

  const settings: readonly (readonly [written: string, effect: string, subject: string])[] = [
    ['[relay]\nrestriction=false\n', 'opens', 'relay.restriction'],
    ['[main]\nmode=observe\n', 'opens', 'deny.mode helo.mode privacy.mode relay.mode'],
    ['[deny]\nmode=observe\n', 'opens', 'deny.mode'],
    ['[relay]\nlocal_delivery=false\n', 'moves', 'relay.local_delivery'],
    ['[deny]\nat=rcpt\n', 'moves', 'deny.at'],
    ['[deny]\non_dns_failure=defer\n', 'closes', 'deny.on_dns_failure'],
    ['[privacy]\nflags=needmailhelo,noexpn,authwarnings\n', 'opens', 'privacy.flags novrfy'],
    ['[privacy]\nvrfy_reply=502\n', 'moves', 'privacy.vrfy_reply'],
    ['[relay]\nthis_host=mx.example.org\n', 'moves', 'relay.this_host'],
    ['[dns]\ntries=1\n', 'moves', 'dns.tries'],
    ['[redis]\nmax_age=1m\n', 'moves', 'redis.max_age'],
    ['[limits]\nclient=5/1h\nuser=7/1d\n', 'closes', 'limits.client limits.user'],
    ['[limits]\nmode=observe\n', 'opens', 'limits.mode'],
    ['[limits]\nstore=memory\nipv6=56\nreport_to=boss@ops.example\n', 'moves', 'limits.ipv6'],
    ['[main]\npoll=5s\n[dns]\ncache_size=5\n', '', ''],
  ];
  for (const [written, effect, subject] of settings) {
    it(`says of ${JSON.stringify(written)}: ${effect || 'nothing'} ${subject}`, async () => {
      const changes = await changesBetween({}, { 'smtpcheck.ini': written });
      assert.equal(changes.map((change) => change.subject).join(' '), subject);
      for (const change of changes) assert.deepEqual([change.effect, change.list], [effect, 'smtpcheck.ini']);
    });
  }

  it('counts addresses, names of clients and destinations apart', async () => {
    const { stdout } = await diff(
      site({ localip: '', localdomain: '' }),
      site({ localip: '192.0.2.1\n', localdomain: 'campus.example\n', 'relay.to': 'a.example\nb.example\n' }),
    );
    assert.match(
      stdout,
      /\n4 open: 1 more address and clients of 1 more name may relay, anyone may send to 2 more destinations\n$/,
    );
  });

  it('says of a plugin that neither side loads, or that only observes, what its changes are', async () => {
    const relayAlone = { plugins: 'smtpcheck/plugins/relay\n', 'smtpcheck.ini': '[relay]\nmode=observe\n' };
    const { stdout, stderr, code } = await diff(site(relayAlone), site({ ...relayAlone, 'host.deny': '192.0.2.1\n' }));
    assert.equal(code, 1);
    assert.match(stdout, /^closes +host\.deny +192\.0\.2\.1 /);
    assert.equal(
      stderr,
      'relay only observes: its changes are those of mode=enforce\n' +
        'deny is in neither config/plugins: its changes are those of a Haraka that loads it\n',
    );
  });

  it('says that a plugin is no longer loaded, and a pattern of local domains is new', async () => {
    const changes = await changesBetween(
      { plugins: 'smtpcheck\n' },
      { plugins: 'smtpcheck/plugins/relay\nrcpt_to.in_host_list\n', host_list_regex: '(.*\\.)?dept\\.example\n' },
    );
    assert.deepEqual(
      changes.map(({ effect, list, subject }) => `${effect} ${list} ${subject}`),
      [
        'opens plugins deny',
        'opens plugins helo',
        'opens plugins privacy',
        'opens plugins rcpt_to.in_host_list',
        'opens host_list_regex (.*\\.)?dept\\.example',
      ],
    );
  });

  const failing: readonly (readonly [option: string, closing: number, opening: number])[] = [
    ['any', 1, 1],
    ['opens', 0, 1],
    ['never', 0, 0],
  ];
  for (const [option, closing, opening] of failing) {
    it(`exits ${closing} for what closes and ${opening} for what opens with --fail-on=${option}`, async () => {
      const [none, some] = [site({ localip: '' }), site({ localip: '192.0.2.1\n' })];
      assert.equal((await diff(some, none, `--fail-on=${option}`)).code, closing);
      assert.equal((await diff(none, some, `--fail-on=${option}`)).code, opening);
    });
  }

  it('annotates the line that decides, or the file of a line that is gone', async () => {
    const [one, other] = [site({ localip: '192.0.2.1\n' }), site({ localip: '# moved\n192.0.2.9\n' })];
    const { stdout } = await smtpcheck(['diff', one.path, other.path, '--format=github'], { cwd: other.path });
    assert.equal(
      stdout,
      [
        '::notice file=config/localip,title=closes localip::192.0.2.1: 1 address may no longer relay; was permitted by localip:1\n',
        '::warning file=config/localip,line=2,title=opens localip::192.0.2.9: 1 address may now relay to anyone\n',
      ].join(''),
    );
  });

  it('folds many changes of one kind, and shows them with --all', async () => {
    const hosts = Array.from({ length: 20 }, (_, i) => `192.0.2.${2 * i}`);
    const [none, some] = [site({ localip: '' }), site({ localip: `${hosts.join('\n')}\n` })];
    const folded = (await diff(none, some)).stdout.split('\n');
    assert.equal(folded.length, 5 + 1 + 1 + 1);
    assert.equal(folded[5], 'opens   localip  … and 15 more, 20 addresses in all (--all shows them)');
    assert.equal(folded[6], '20 open: 20 more addresses may relay');
    assert.equal((await diff(none, some, '--all')).stdout.split('\n').length, 20 + 1 + 1);
    const { changes } = JSON.parse((await diff(none, some, '--json')).stdout) as { changes: readonly JsonChange[] };
    assert.equal(changes.length, 20);
  });

  it('exits 2 with the finding where a list or a setting of either side cannot be read, and compares nothing', async () => {
    const sound = site({ localip: '192.0.2.1\n' });
    const faults: readonly (readonly [files: Readonly<Record<string, string>>, finding: RegExp])[] = [
      [{ localip: '192.0.2.9/24\n' }, /localip:1.*host bits/],
      [{ 'smtpcheck.ini': '[relay]\nrestrictoin=false\n' }, /smtpcheck\.ini:2.*restriction/],
      [{ 'smtpcheck.ini': '[relay]\nlocal_ip=missing\n' }, /missing/],
      [{ 'smtpcheck.ini': '[relay]\nlocal_ip=redis:ours\n' }, /redis:ours/],
    ];
    for (const [files, finding] of faults) {
      const faulty = site(files);
      for (const sides of [
        [sound, faulty],
        [faulty, sound],
      ] as const) {
        const { code, stdout, stderr } = await diff(...sides);
        assert.deepEqual([code, stdout], [2, '']);
        assert.match(stderr, finding);
      }
    }
  });

  it('has the same output and exit code as a process', async () => {
    const [one, other] = [site(old), site(edited)];
    assert.deepEqual(await smtpcheckProcess(['diff', one.path, other.path]), await diff(one, other));
  });
});

describe('smtpcheck diff git:REV', () => {
  const repository = site({ localip: '192.0.2.1\n' });
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], {
      cwd: repository.path,
      env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null' },
      stdio: 'pipe',
    });
  const run = (...args: readonly string[]) => smtpcheck(['diff', ...args], { cwd: repository.path });
  /** What a process leaves in its directory for temporary files. */
  const leftBy = async (...args: readonly string[]) => {
    const own = makeFolder();
    const { code } = await smtpcheckProcess(['diff', ...args], { cwd: repository.path, env: { TMPDIR: own.path } });
    return { code, files: fs.readdirSync(own.path) };
  };

  before(() => {
    git('init', '--quiet', '--initial-branch=main');
    git('add', '.');
    git('commit', '--quiet', '-m', 'one');
    repository.write('config/localip', '192.0.2.1\n192.0.2.2\n');
    git('commit', '--quiet', '-am', 'two');
    repository.write('config/localip', '192.0.2.1\n192.0.2.2\n192.0.2.4\n');
  });

  it('compares the folder with itself at a revision, and two revisions, and leaves no trace', async () => {
    const status = git('status', '--porcelain').toString();
    assert.match((await run('git:HEAD')).stdout, /^opens +localip +192\.0\.2\.4 .*\n1 opens/);
    assert.match((await run('git:HEAD~1', 'git:HEAD')).stdout, /^opens +localip +192\.0\.2\.2 .*\n1 opens/);
    assert.match((await run('git:HEAD~1')).stdout, /2 open: 2 more addresses/);
    assert.equal((await run('git:HEAD', 'git:main')).code, 0);
    assert.equal(git('status', '--porcelain').toString(), status);
    assert.deepEqual(await leftBy('git:HEAD~1', 'git:HEAD'), { code: 1, files: [] });
  });

  it('exits 2 for a revision that there is not, a folder outside of git, and a link out of the folder', async () => {
    const unknown = await run('git:nowhere');
    assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, /git:nowhere: git has no such revision/);
    const outside = await smtpcheck(['diff', 'git:HEAD', '-c', site({}).path]);
    assert.deepEqual([outside.code, outside.stdout], [2, '']);
    fs.symlinkSync('../../elsewhere', repository.file('config/host.deny'));
    git('add', 'config/host.deny');
    git('commit', '--quiet', '-m', 'link');
    const linked = await run('git:HEAD', 'git:HEAD~1');
    assert.deepEqual([linked.code, linked.stdout], [2, '']);
    assert.match(linked.stderr, /host\.deny is a link out of/);
    assert.deepEqual(await leftBy('git:HEAD', 'git:HEAD~1'), { code: 2, files: [] });
  });

  const words = async (one: string, other: string, file = 'localip') => {
    const { stdout, stderr } = await diff(site({ [file]: one }), site({ [file]: other }));
    assert.equal(stderr, '');
    return stdout
      .split('\n')
      .slice(0, -2)
      .map((line) => line.split(/ {2,}/).slice(0, 4).join(' | '));
  };

  for (const [name, one, other, ...lines] of [
    [
      'a scope that is new',
      '192.0.2.0/24',
      '192.0.2.0/24 from=dept.example',
      'closes | localip | 192.0.2.0/24 | 256 addresses may now relay only mail from dept.example',
    ],
    [
      'a scope that is gone',
      '192.0.2.0/24 from=dept.example',
      '192.0.2.0/24',
      'opens | localip | 192.0.2.0/24 | 256 addresses may now relay to anyone',
    ],
    [
      'a narrower scope',
      '192.0.2.7 from=dept.example',
      '192.0.2.7 from==dept.example',
      'closes | localip | 192.0.2.7 | 1 address may now relay only mail from =dept.example',
    ],
    [
      'a wider scope',
      '192.0.2.7 from=dept.example',
      '192.0.2.7 from=dept.example,<>',
      'opens | localip | 192.0.2.7 | 1 address may now relay mail from dept.example,<>',
    ],
    [
      'another scope, which opens something',
      '192.0.2.7 from=a.example',
      '192.0.2.7 from=b.example',
      'opens | localip | 192.0.2.7 | 1 address may now relay mail from b.example',
    ],
    [
      'a client that is new',
      '',
      '192.0.2.7 from=dept.example',
      'opens | localip | 192.0.2.7 | 1 address may now relay mail from dept.example',
    ],
    [
      'a client that is gone',
      '192.0.2.7 from=dept.example',
      '',
      'closes | localip | 192.0.2.7 | 1 address may no longer relay mail from dept.example',
    ],
    [
      'a part of a network',
      '192.0.2.0/24',
      '192.0.2.0/24\n192.0.2.128/25 from=dept.example',
      'closes | localip | 192.0.2.128/25 | 128 addresses may now relay only mail from dept.example',
    ],
    [
      'a limit that is new',
      '192.0.2.0/24',
      '192.0.2.0/24 limit=200/1h limit=5000/1d,all',
      'closes | localip | 192.0.2.0/24 | 256 addresses may now relay at most 200 recipients in 1h each, 5000 recipients in 1d together',
    ],
    [
      'a limit that is gone',
      '192.0.2.7 from=a.example limit=200/1h',
      '192.0.2.7 from=a.example',
      'opens | localip | 192.0.2.7 | 1 address may now relay without a limit',
    ],
    [
      'a higher limit',
      '192.0.2.7 limit=200/1h',
      '192.0.2.7 limit=300/1h',
      'opens | localip | 192.0.2.7 | 1 address may now relay at most 300 recipients in 1h each',
    ],
    [
      'a lower limit for the same time, and a longer one',
      '192.0.2.7 limit=200/1h',
      '192.0.2.7 limit=200/2h',
      'closes | localip | 192.0.2.7 | 1 address may now relay at most 200 recipients in 2h each',
    ],
    [
      'a limit for each in the place of one for all, which opens something',
      '192.0.2.7 limit=200/1h,all',
      '192.0.2.7 limit=100/1h',
      'opens | localip | 192.0.2.7 | 1 address may now relay at most 100 recipients in 1h each',
    ],
    [
      'a client that is new, with scope and limit',
      '',
      '192.0.2.7 from=dept.example limit=10/1d',
      'opens | localip | 192.0.2.7 | 1 address may now relay mail from dept.example, at most 10 recipients in 1d each',
    ],
    [
      'a narrower scope with a higher limit, which opens something',
      '192.0.2.7 from=dept.example limit=10/1d',
      '192.0.2.7 from==dept.example limit=20/1d',
      'opens | localip | 192.0.2.7 | 1 address may now relay only mail from =dept.example, at most 20 recipients in 1d each',
    ],
  ] as const) {
    it(`says what it means for senders and limits: ${name}`, async () =>
      assert.deepEqual(await words(one, other), lines));
  }

  it('says which domains more or fewer may be sent to because of their MX hosts', async () => {
    const one = 'mx:192.0.2.0/24\n!mx:192.0.2.66\nmx:198.51.100.7 until=2036-01-01\n';
    const other = 'mx:192.0.2.0/25\n!mx:192.0.2.66\nmx:2001:db8::25\nmx:198.51.100.7\n';
    assert.deepEqual(await words(one, other, 'relay.to'), [
      'closes | relay.to | 192.0.2.128/25 | strangers may no longer send to domains that list this server behind MX hosts in 192.0.2.128/25',
      'opens | relay.to | 2001:db8::25 | anyone may now send to domains that list this server behind MX hosts in 2001:db8::25',
    ]);
  });

  it('says which recipients the next hop is asked about, or no longer', async () => {
    const mx = 'mx:192.0.2.0/24\nmx:198.51.100.7 verify\n';
    const one = `a.example\nb.example verify\nc.example [10.0.0.5] verify\n${mx}`;
    const other =
      'a.example verify\nb.example\nc.example [10.0.0.6]\nd.example verify\nknown@a.example\nmx:192.0.2.0/24 verify\nmx:198.51.100.7\nmx:203.0.113.7 verify\n';
    const hosts = (where: string) => `at domains that list this server behind MX hosts in ${where}`;
    assert.deepEqual(await words(one, other, 'relay.to'), [
      'closes | relay.to | *.a.example | the next hop is now asked whether it knows a recipient, except known@a.example',
      'opens | relay.to | *.b.example | the next hop is no longer asked whether it knows a recipient',
      'opens | relay.to | *.c.example | next hop is [10.0.0.6], was [10.0.0.5]; the next hop is no longer asked whether it knows a recipient',
      'opens | relay.to | *.d.example | anyone may now send to d.example and below, unless the next hop does not know the recipient',
      `closes | relay.to | 192.0.2.0/24 | the next hop is now asked whether it knows a recipient, ${hosts('192.0.2.0/24')}`,
      `opens | relay.to | 198.51.100.7 | the next hop is no longer asked whether it knows a recipient, ${hosts('198.51.100.7')}`,
      `opens | relay.to | 203.0.113.7 | anyone may now send to ${hosts('203.0.113.7').slice(3)}, unless the next hop does not know the recipient`,
    ]);
  });

  it('finds nothing between scopes that cover the same, or ends that are to come', async () => {
    assert.deepEqual(
      await changesBetween(
        { localip: '192.0.2.7 from=b.example,a.example,=x.a.example until=2036-01-01', 'host.deny': 'spam.example' },
        { localip: '192.0.2.7 from=a.example,b.example', 'host.deny': 'spam.example until=2036-01-01' },
      ),
      [],
    );
  });

  it('says the same of names, and what senders beside a scope may do', async () => {
    assert.deepEqual(await words('campus.example', 'campus.example from=campus.example', 'localdomain'), [
      'closes | localdomain | *.campus.example | clients named campus.example and below may now relay only mail from campus.example',
    ]);
    const [one, other] = [
      { localip: '192.0.2.7 from=a.example' },
      { localip: '192.0.2.7 from=a.example', 'relay.map': 'Connect:192.0.2.7 RELAY' },
    ];
    const { stdout } = await diff(site(one), site(other));
    assert.match(
      stdout,
      /^opens {3}relay\.map {2}192\.0\.2\.7 {2}1 address with other senders may now relay to anyone, unless/,
    );
  });

  it('compares both at the time of --at', async () => {
    const [one, other] = [
      {
        localip: '192.0.2.0/24\n192.0.2.7 from=dept.example until=2036-01-01T00:00Z',
        'host.deny': '192.0.2.9 until=2036-01-01T00:00Z',
      },
      { localip: '192.0.2.0/24', 'host.deny': '192.0.2.9' },
    ];
    const at = async (time: string) =>
      (await diff(site(one), site(other), '--fail-on=any', '--at', time)).stdout
        .split('\n')
        .map((line) => line.split(/ {2,}/).slice(0, 3).join(' '));
    assert.deepEqual((await at('2035-12-31T23:59Z')).slice(0, 1), ['opens localip 192.0.2.7']);
    assert.deepEqual((await at('2036-01-01T00:00Z')).slice(0, 1), ['closes host.deny 192.0.2.9']);
    const { code, stderr } = await diff(site(one), site(other), '--at', '2036-02-30');
    assert.deepEqual([code, /no time that exists/.test(stderr)], [2, true]);
  });

  it('says where from= is only observed, and what the setting does', async () => {
    const observing = { localip: '192.0.2.7 from=a.example', 'smtpcheck.ini': '[relay]\nattributes=observe\n' };
    const { stderr } = await diff(site(observing), site({ ...observing, localip: '192.0.2.7 from=b.example' }));
    assert.match(stderr, /from= is only observed/);
    const changes = await changesBetween(
      { localip: '' },
      { localip: '', 'smtpcheck.ini': '[relay]\nattributes=observe\n' },
    );
    assert.deepEqual(
      changes.map(({ effect, subject }) => [effect, subject]),
      [['opens', 'relay.attributes']],
    );
  });
});
