/** `smtpcheck test`: expectations of single clients and of whole sets, their grammar, every format, and the first file. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { smtpcheck, smtpcheckProcess } from '../command';

const lists = {
  plugins: 'smtpcheck\nrcpt_to.in_host_list\n',
  host_list: 'dept.example\n',
  localip: '133.9.12.0/24\n!133.9.12.64/26\n',
  localdomain: 'campus.example\n=one.example\n',
  'relay.to': 'backup.example  [10.0.0.5]:2525\n!old.backup.example\ndirector@institute.example\n',
  'relay.map': 'Connect:192.0.2 450 later\nTo:abuse@ REJECT\nTo:list.example DISCARD\n',
  'host.deny': '198.51.100.9\nspam.example\n',
};

function site(files: Readonly<Record<string, string>> = {}): Folder {
  return makeFolder(
    Object.fromEntries(Object.entries({ ...lists, ...files }).map(([name, text]) => [`config/${name}`, text])),
  );
}

async function tested(text: string, files: Readonly<Record<string, string>> = {}, ...options: readonly string[]) {
  const folder = site({ 'smtpcheck.test': text, ...files });
  return smtpcheck(['test', ...options], { cwd: folder.path });
}

const holding: readonly string[] = [
  '133.9.12.7 -> anyone@elsewhere.example relay localip:1',
  '198.51.100.9 ptr=mx.spam.example -> user@dept.example refuse 554',
  '203.0.113.5 from=a@b.example -> x@backup.example relay via [10.0.0.5]:2525',
  '203.0.113.5 -> a@dept.example, b@elsewhere.example local, refuse 550 5.7.1',
  '203.0.113.5 -> a@elsewhere.example, b@elsewhere.example refuse',
  '203.0.113.0/24 -> anyone@elsewhere.example refuse   # the whole network',
  '2001:db8::/32 -> anyone@elsewhere.example refuse 550',
  '133.9.12.0/26 -> anyone@elsewhere.example relay via mx localip:1',
  '133.9.12.64/26 -> anyone@elsewhere.example refuse 550 5.7.1 localip:2',
  '192.0.2.0/24 -> anyone@elsewhere.example defer 450 relay.map:1',
  '203.0.113.5 ptr=*.campus.example -> a@elsewhere.example relay localdomain:1',
  '203.0.113.5 forged-ptr=*.campus.example -> a@elsewhere.example refuse',
  '0.0.0.0/1 forged-ptr=x.spam.example -> *@*.example refuse',
  '203.0.113.5 -> user@list.example, postmaster discard, local',
  '203.0.113.5 -> *@*.old.backup.example refuse',
  '203.0.113.5 -> user%victim.example@dept.example refuse 550',
  '# a comment, and a local part with a #',
  '203.0.113.5 -> tag#1@elsewhere.example refuse',
  '',
];

const failing: readonly (readonly [line: string, failure: string])[] = [
  [
    '133.9.12.0/24 -> anyone@elsewhere.example relay',
    'is refuse 550 5.7.1 Relaying denied (localip:2), 133.9.12.64/26 -> anyone@elsewhere.example',
  ],
  [
    '203.0.113.5 -> *@list.example discard',
    'is refuse 550 5.7.1 Access denied (relay.map:2), 203.0.113.5 -> abuse@list.example',
  ],
  [
    '203.0.113.5 -> a@*.backup.example relay',
    'is refuse 550 5.7.1 Relaying denied (relay.to:2), 203.0.113.5 -> a@old.backup.example',
  ],
  [
    '203.0.113.5 ptr=*.one.example -> a@elsewhere.example relay',
    'is refuse 550 5.7.1 Relaying denied (no line), 203.0.113.5 ptr=*.one.example -> a@elsewhere.example',
  ],
  [
    '203.0.113.5 -> a@backup.example relay via mx',
    'is relay via [10.0.0.5]:2525 (relay.to:1), 203.0.113.5 -> a@backup.example',
  ],
  ['133.9.12.7 -> a@elsewhere.example relay localip:2', 'is relay (localip:1), 133.9.12.7 -> a@elsewhere.example'],
];

const faults: readonly (readonly [line: string, column: number, message: RegExp])[] = [
  ['1.2.3.4/8 -> a@b.example relay', 1, /has host bits set; write 1\.0\.0\.0\/8$/],
  ['1.2.3.4 -> a@b.example,c@d.example relay', 12, /write a blank behind each comma/],
  ['1.2.3.0/33 -> a@b.example relay', 1, /length from 0 to 32/],
  ['campus.example -> a@b.example relay', 1, /no address or network/],
  ['1.2.3.4 prt=x.example -> a@b.example relay', 9, /did you mean ptr=\?/],
  ['1.2.3.4 ptr=-x -> a@b.example relay', 9, /no name/],
  ['1.2.3.4 -> ab.example relay', 12, /no recipient/],
  ['1.2.3.4 -> a@b.example refsue', 24, /did you mean refuse\?/],
  ['1.2.3.4 -> a@b.example refuse 450', 31, /starts with 5/],
  ['1.2.3.4 -> a@b.example refuse 550 4.7.1', 35, /no enhanced code for 550/],
  ['1.2.3.4 -> a@b.example, c@d.example relay, local, local', 44, /3 results for 2 recipients/],
  ['1.2.3.4 -> a@b.example', 23, /ends where there should be a result/],
  ['1.2.3.4 -> a@b.example relay,', 30, /ends where there should be another result/],
  ['1.2.3.4', 8, /ends where there should be ->/],
  ['1.2.3.4 -> a@b.example relay via', 30, /no next hop/],
  ['1.2.3.4 -> a@b.example relay vai mx', 30, /not known here/],
  ['1.2.3.4 -> a@b.example relay \u001b[2J', 1, /U\+001B/],
];

describe('smtpcheck test', () => {
  it('holds what the policy does, for single clients and for whole networks, names and mailboxes', async () => {
    const { code, stdout, stderr } = await tested(holding.join('\n'));
    assert.deepEqual([code, stdout, stderr], [0, '', '20 expectations hold, 0 do not\n']);
  });

  for (const [line, failure] of failing) {
    it(`does not hold ${line}`, async () => {
      const { code, stdout } = await tested(`${line}\n`);
      assert.equal(code, 1);
      assert.ok(stdout.startsWith('config/smtpcheck.test:1:'), stdout);
      assert.ok(stdout.includes(failure.replace(' (no line)', '')), stdout);
    });
  }

  for (const [line, column, message] of faults) {
    it(`exits 2 for ${JSON.stringify(line)}, with the column`, async () => {
      const { code, stdout, stderr } = await tested(`${holding[0]}\n${line}\n`);
      assert.deepEqual([code, stdout], [2, '']);
      const [, found = ''] = stderr.split('\n');
      assert.ok(found.startsWith(`config/smtpcheck.test:2:${column}: `), found);
      assert.match(found, message);
    });
  }

  it('reports every fault of a file at once', async () => {
    const { stderr } = await tested(faults.map(([line]) => line).join('\n'));
    assert.equal(stderr.trimEnd().split('\n').length, 1 + faults.length);
  });

  it('exits 2 where there is nothing to check, or the policy cannot be read', async () => {
    const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{ 'smtpcheck.test': '# nothing yet\n' }, /expects nothing/],
      [{ localip: '1.2.3.4/8\n', 'smtpcheck.test': `${holding[0]}\n` }, /host bits/],
      [{ plugins: 'queue/lmtp\n', 'smtpcheck.test': `${holding[0]}\n` }, /does not load the suite/],
    ];
    for (const [files, message] of cases) {
      const { code, stdout, stderr } = await smtpcheck(['test'], { cwd: site(files).path });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    }
    assert.match((await smtpcheck(['test'], { cwd: site().path })).stderr, /--init writes one/);
  });

  it('does not claim a set of domains that an expression could divide', async () => {
    const { code, stdout } = await tested('203.0.113.5 -> a@*.old.backup.example refuse\n', {
      host_list_regex: 'x.*\\.backup\\.example\n',
    });
    assert.equal(code, 1);
    assert.match(stdout, /host_list_regex/);
  });

  it('writes TAP, JUnit, annotations and JSON', async () => {
    const text = `${holding[0]}\n203.0.113.5 -> a@elsewhere.example relay\n`;
    const failure =
      'is refuse 550 5.7.1 Relaying denied. IP name lookup failed [203.0.113.5], 203.0.113.5 -> a@elsewhere.example';
    const as = async (format: string) => {
      const { code, stdout } = await tested(text, {}, `--format=${format}`);
      assert.equal(code, 1);
      return stdout;
    };
    assert.equal(
      await as('tap'),
      [
        'TAP version 14',
        '1..2',
        'ok 1 - config/smtpcheck.test:1:15 133.9.12.7 -> anyone@elsewhere.example relay localip:1',
        'not ok 2 - config/smtpcheck.test:2:16 203.0.113.5 -> a@elsewhere.example relay',
        '  ---',
        '  expected: "relay"',
        `  actual: ${JSON.stringify(failure)}`,
        '  ...',
        '',
      ].join('\n'),
    );
    assert.match(await as('junit'), /tests="2" failures="1" errors="0"/);
    assert.ok(
      (await as('github')).startsWith('::error file=config/smtpcheck.test,line=2,col=16,title=smtpcheck test::'),
    );
    const { version, expectations } = JSON.parse(await as('json')) as {
      version: number;
      expectations: readonly object[];
    };
    assert.equal(version, 1);
    assert.deepEqual(expectations[1], {
      file: 'config/smtpcheck.test',
      line: 2,
      column: 16,
      name: '203.0.113.5 -> a@elsewhere.example',
      expected: 'relay',
      passed: false,
      failures: [failure],
    });
  });

  it('writes a first file with --init that holds, names every entry, and fails once the relay is opened', async () => {
    const folder = site();
    const where = { cwd: folder.path };
    assert.equal((await smtpcheck(['test', '--init'], where)).code, 0);
    const text = fs.readFileSync(folder.file('config/smtpcheck.test'), 'utf8');
    for (const entry of [
      '133.9.12.64/26',
      'campus.example',
      'one.example',
      'old.backup.example',
      'director@institute.example',
    ])
      assert.ok(text.includes(entry), text);
    for (const disaster of ['203.0.113.0/24', '127.0.0.1', '0.0.0.0'])
      assert.match(text, new RegExp(`^${disaster} +-> .* refuse 550`, 'm'));
    assert.equal((await smtpcheck(['test'], where)).code, 0);
    for (const opened of ['203.0.113.128/25\n', '127.0.0.0/8\n', '0.0.0.0/1\n128.0.0.0/1\n']) {
      folder.write('config/localip', lists.localip + opened);
      assert.equal((await smtpcheck(['test'], where)).code, 1, opened);
    }
    const again = await smtpcheck(['test', '--init'], where);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /is there already/);
    assert.equal(fs.readFileSync(folder.file('config/smtpcheck.test'), 'utf8'), text);
  });

  it('has the same output and exit code as a process', async () => {
    const folder = site({ 'smtpcheck.test': `${failing[0]?.[0]}\n` });
    const where = { cwd: folder.path };
    assert.deepEqual(await smtpcheckProcess(['test'], where), await smtpcheck(['test'], where));
  });

  const scopedLists = {
    localip: '192.0.2.0/24 from=dept.example,<>\n192.0.2.9 until=2036-01-01T00:00Z\n',
    'relay.map': '',
  };

  it('asks for the sender of from=, and without it for every sender', async () => {
    const holding = [
      '192.0.2.7 from=a@dept.example -> b@elsewhere.example relay localip:1',
      '192.0.2.0/24 from=a@SUB.Dept.example. -> b@elsewhere.example relay',
      '192.0.2.7 from= -> b@elsewhere.example relay',
      '192.0.2.7 from=a@evil.example -> b@elsewhere.example refuse 550 5.7.1 localip:1',
      '203.0.113.5 from=a@dept.example -> b@elsewhere.example refuse',
      '192.0.2.9 -> b@elsewhere.example relay localip:2',
    ];
    const good = await tested(`${holding.join('\n')}\n`, scopedLists);
    assert.deepEqual([good.stdout, good.code], ['', 0]);
    const { stdout, code } = await tested(
      '192.0.2.7 -> b@elsewhere.example refuse\n192.0.2.8 -> b@elsewhere.example relay\n',
      scopedLists,
    );
    assert.equal(code, 1);
    assert.match(stdout, /:1:.*expected refuse, is relay \(localip:1\), 192\.0\.2\.7 from=dept\.example,<> -> b@/);
    assert.match(
      stdout,
      /:2:.*expected relay, is refuse 550 5\.7\.1 Relaying denied \(localip:1\), 192\.0\.2\.8 -> b@/,
    );
  });

  it('asks at the time of --at', async () => {
    const text = '192.0.2.9 from=a@evil.example -> b@elsewhere.example relay\n';
    assert.equal((await tested(text, scopedLists, '--at', '2035-12-31T23:59Z')).code, 0);
    assert.equal((await tested(text, scopedLists, '--at', '2036-01-01T00:00Z')).code, 1);
    assert.equal((await tested(text, scopedLists, '--at', 'soon')).code, 2);
  });

  it('writes a first file that holds for clients of some senders', async () => {
    const folder = site(scopedLists);
    await smtpcheck(['test', '--init'], { cwd: folder.path });
    const text = fs.readFileSync(folder.file('config/smtpcheck.test'), 'utf8');
    assert.match(
      text,
      /^192\.0\.2\.0 +from=anyone@dept\.example +-> anyone@elsewhere\.example +relay$|^192\.0\.2\.0\/24 from=anyone@dept\.example +-> anyone@elsewhere\.example +relay$/m,
    );
    assert.equal((await smtpcheck(['test'], { cwd: folder.path })).code, 0);
  });
});
