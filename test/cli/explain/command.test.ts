/** The command as a process: what it prints where, and with which code it ends. */
import assert from 'node:assert/strict';
import { run } from '../../../cli/explain';
import { emptyLists, type Folder, makeFolder } from '../../helpers/folder';
import { type DnsStub, startDns } from '../../live/harness/dns';
import { smtpcheck } from '../command';

function site(files: Readonly<Record<string, string>> = {}): Folder {
  const config = {
    ...emptyLists,
    me: 'mx.local.example\n',
    plugins: 'smtpcheck\nrcpt_to.in_host_list\nqueue/lmtp\n',
    host_list: 'local.example\n',
    localip: '# ours\n192.0.2\n',
    localdomain: '\n\ncampus.example\n',
    'relay.to': 'backup.example\n!old.backup.example\n',
    'host.deny': 'spam.example\n198.51.100.66\n',
    ...files,
  };
  return makeFolder(Object.fromEntries(Object.entries(config).map(([name, text]) => [`config/${name}`, text])));
}

const stranger = ['explain', '--ip', '203.0.113.7', '--no-dns'];

describe('smtpcheck explain as a process', () => {
  it('prints step by step what each rule said, by which line, and the reply', async () => {
    const ran = await smtpcheck(
      [...stranger, '--helo', 'a.example', '--from', 'a@sender.example', '--to', 'user@x.backup.example'],
      { cwd: site().path },
    );
    assert.equal(ran.stderr, '');
    assert.equal(
      ran.stdout,
      [
        'client 203.0.113.7 (NXDOMAIN)',
        '',
        '(connect)',
        '  pass    client-not-denied',
        '  -> 220 mx.local.example ESMTP Haraka ready',
        '',
        'EHLO a.example',
        '  pass    hello-well-formed',
        '  -> 250 mx.local.example Hello [203.0.113.7], Haraka is at your service. …',
        '',
        'MAIL FROM:<a@sender.example>',
        '  pass    hello-well-formed',
        '  -> 250 sender <a@sender.example> OK',
        '',
        'RCPT TO:<user@x.backup.example>',
        '  pass    client-not-denied',
        '  pass    plain-recipient',
        '  permit  destination  relay.to:1',
        '  pass    same-way',
        '  -> 250 recipient <user@x.backup.example> OK',
        '',
        "The accepted recipients go to Haraka's outbound queue.",
        '',
      ].join('\n'),
    );
    assert.equal(ran.code, 0);
  });

  it('exits 1 where something is refused, and tells which', async () => {
    const { code, stdout } = await smtpcheck([...stranger, '--to', 'user@old.backup.example'], { cwd: site().path });
    assert.equal(code, 1);
    assert.match(
      stdout,
      /\n {2}refuse {2}relay-denied\n {2}-> 550 5\.7\.1 Relaying denied\. IP name lookup failed \[203\.0\.113\.7\]\n$/,
    );
  });

  it('plays several recipients in one transaction', async () => {
    const { code, stdout } = await smtpcheck(
      [...stranger, '--to', 'a@local.example', '--to', 'b@backup.example', '--to', 'c@local.example'],
      { cwd: site().path },
    );
    assert.equal(code, 1);
    const replies = stdout.match(/-> .*/g)?.slice(3);
    assert.deepEqual(replies, [
      '-> 250 recipient <a@local.example> OK',
      '-> 452 4.5.3 Send this recipient in a separate transaction',
      '-> 250 recipient <c@local.example> OK',
    ]);
    assert.match(stdout, /\nThe accepted recipients go to the local queue plugin\.\n$/);
  });

  it('prints the whole dialogue with --session', async () => {
    const { code, stdout } = await smtpcheck([...stranger, '--session', '--to', '<user@x.example>'], {
      cwd: site().path,
    });
    assert.equal(code, 1);
    assert.equal(
      stdout,
      [
        'S: 220 mx.local.example ESMTP Haraka ready',
        'C: EHLO client.example.org',
        'S: 250-mx.local.example Hello [203.0.113.7], Haraka is at your service.',
        'S: 250-PIPELINING',
        'S: 250-8BITMIME',
        'S: 250-SMTPUTF8',
        'S: 250 SIZE 26214400',
        'C: MAIL FROM:<>',
        'S: 250 sender <> OK',
        'C: RCPT TO:<user@x.example>',
        'S: 550 5.7.1 Relaying denied. IP name lookup failed [203.0.113.7]',
        'C: QUIT',
        'S: 221 mx.local.example closing connection. Have a jolly good day.',
        '',
      ].join('\n'),
    );
  });

  it('prints one document with --json', async () => {
    const { code, stdout } = await smtpcheck(
      ['explain', '--ip', '192.0.2.9', '--no-dns', '--to', 'user@x.example', '--json', '--session'],
      { cwd: site({ plugins: 'spf\nsmtpcheck\nqueue/lmtp\n' }).path },
    );
    assert.equal(code, 0);
    const document = JSON.parse(stdout) as Record<string, unknown> & { steps: Record<string, unknown>[] };
    const { steps, ...rest } = document;
    assert.deepEqual(rest, {
      version: 1,
      client: { ip: '192.0.2.9', name: 'NXDOMAIN' },
      way: 'relay',
      notPlayed: ['spf'],
      unread: [],
    });
    assert.deepEqual(
      steps.map(({ command }) => command),
      ['(connect)', 'EHLO client.example.org', 'MAIL FROM:<>', 'RCPT TO:<user@x.example>', 'QUIT'],
    );
    assert.deepEqual(steps[0]?.decisions, [
      { outcome: 'permit', rule: 'client-network', at: { file: 'localip', line: 2 }, observed: false },
      { outcome: 'pass', rule: 'client-not-denied', observed: false },
    ]);
    assert.deepEqual(steps[3]?.reply, { code: 250, text: 'recipient <user@x.example> OK' });
  });

  it('shows what is only observed, and answers as if the suite were absent', async () => {
    const folder = site({ 'smtpcheck.ini': '[relay]\nmode=observe\n' });
    const { code, stdout } = await smtpcheck(['explain', '--ip', '192.0.2.9', '--no-dns', '--to', 'user@x.example'], {
      cwd: folder.path,
    });
    assert.equal(code, 1);
    assert.match(stdout, /\n {2}permit {2}client-network {2}localip:2 {2}\(only observed\)\n/);
    assert.match(stdout, /-> 550 I cannot deliver mail for <user@x\.example>\n$/);
  });

  it('stops where the server would: a denied client gets 554 until it leaves', async () => {
    const { code, stdout } = await smtpcheck(
      ['explain', '--ip', '198.51.100.66', '--no-dns', '--to', 'a@local.example', '--session'],
      { cwd: site().path },
    );
    assert.equal(code, 1);
    assert.deepEqual(stdout.match(/^S: \d+/gm), ['S: 554', 'S: 554', 'S: 554', 'S: 554', 'S: 221']);
  });

  it('tells on stderr which plugins were not played', async () => {
    const folder = site({ plugins: 'karma\ntls\nsmtpcheck\nrcpt_to.ldap\nour_own\nqueue/lmtp\ndkim\n' });
    const { stderr } = await smtpcheck([...stranger, '--to', 'a@local.example'], { cwd: folder.path });
    assert.equal(stderr, 'not played, and could decide otherwise: karma, rcpt_to.ldap, our_own\n');
  });

  it('exits 2 where it cannot play, with nothing on stdout', async () => {
    const sound = site();
    for (const [folder, args, message] of [
      [sound, ['--to', 'a@x.example'], /required option '--ip <ADDRESS>' not specified/],
      [sound, ['--ip', '192.0.2.1'], /required option '--to <RECIPIENT>' not specified/],
      [sound, ['--ip', '192.0.2', '--to', 'a@x.example'], /--ip 192\.0\.2: no IP address/],
      [sound, ['--ip', '192.0.2.1', '--to', 'a@x.example>\r\nDATA'], /a line of SMTP has no line end inside/],
      [
        site({ localip: '192.0.2.9/24\n' }),
        ['--ip', '192.0.2.1', '--to', 'a@x.example'],
        /would not start with this:\nlocalip:1: prefix-host-bits: /,
      ],
      [
        site({ plugins: 'queue/lmtp\n' }),
        ['--ip', '192.0.2.1', '--to', 'a@x.example'],
        /does not load the suite: cd \S+ && npx smtpcheck init \. adds it/,
      ],
      [
        site({ plugins: 'smtpcheck\nsmtpcheck/plugins/deny\n' }),
        ['--ip', '192.0.2.1', '--to', 'a@x.example'],
        /would not start with this:\nplugins:2: smtpcheck\/plugins\/deny loads deny a second time/,
      ],
      [makeFolder(), ['--ip', '192.0.2.1', '--to', 'a@x.example'], /is in no Haraka folder/],
    ] as const) {
      const ran = await smtpcheck(['explain', ...args], { cwd: folder.path });
      assert.equal(ran.code, 2, args.join(' '));
      assert.equal(ran.stdout, '');
      assert.match(ran.stderr, message);
    }
  });

  it('plays the plugins that are loaded, and no others', async () => {
    const folder = site({ plugins: 'smtpcheck/plugins/deny\nrcpt_to.in_host_list\n' });
    const { stdout } = await smtpcheck(['explain', '--ip', '192.0.2.9', '--no-dns', '--to', 'user@x.example'], {
      cwd: folder.path,
    });
    assert.doesNotMatch(stdout, /client-network|hello-/);
    assert.match(stdout, /-> 550 I cannot deliver mail for <user@x\.example>/);
  });
});

describe('smtpcheck explain on a terminal', () => {
  const printed = async (env: Readonly<Record<string, string>>, isTTY: boolean) => {
    let stdout = '';
    const write = (text: string) => {
      stdout += text;
    };
    const options = {
      ip: '203.0.113.7',
      ptr: [],
      forgedPtr: [],
      dns: false,
      dnsFailure: false,
      helo: 'a\u001b[7m',
      from: '',
    };
    const io = { stdout: { write, isTTY }, stderr: { write: () => {} }, env, cwd: site().path };
    await run({ ...options, to: ['a@local.example'] }, io);
    return stdout;
  };

  it('has colours, and none under NO_COLOR or in a pipe', async () => {
    assert.ok((await printed({}, true)).includes('\u001b[31m501 '));
    assert.ok(!(await printed({ NO_COLOR: '1' }, true)).includes('\u001b'));
    assert.ok(!(await printed({}, false)).includes('\u001b'));
  });
});

describe('smtpcheck explain and names', () => {
  let stub: DnsStub;
  before(async () => {
    stub = await startDns({
      '203.0.113.7': ['lab.campus.example'],
      'lab.campus.example': { A: ['203.0.113.7'] },
      '203.0.113.8': ['lab.campus.example'],
      '203.0.113.9': { answer: 'SERVFAIL' },
      '2001:db8::7': ['six.campus.example'],
      'six.campus.example': { AAAA: ['2001:db8::7'] },
    });
  });
  after(() => stub.stop());

  const lastOf = async (...args: readonly string[]) => {
    const folder = site({ 'smtpcheck.ini': `[dns]\nservers=127.0.0.1:${stub.port}\n` });
    const { stdout } = await smtpcheck(['explain', '--to', 'user@x.example', ...args], { cwd: folder.path });
    return stdout.trimEnd().split('\n').slice(-1)[0]?.trim() ===
      "The accepted recipients go to Haraka's outbound queue."
      ? 'relayed'
      : stdout.trimEnd().split('\n').at(-1)?.trim();
  };

  it('asks the DNS for them', async () => {
    assert.equal(await lastOf('--ip', '203.0.113.7'), 'relayed');
    assert.equal(await lastOf('--ip', '2001:db8::7'), 'relayed');
    assert.equal(
      await lastOf('--ip', '203.0.113.8'),
      '-> 550 5.7.1 Relaying denied. IP name possibly forged [203.0.113.8]',
    );
    assert.equal(
      await lastOf('--ip', '203.0.113.9'),
      '-> 421 4.7.1 Access temporarily denied. Cannot resolve PTR record for 203.0.113.9',
    );
  });

  it('takes them from the command line, and asks nothing then', async () => {
    stub.clear();
    const ip = ['--ip', '192.0.3.1'];
    assert.equal(await lastOf(...ip, '--ptr', 'x.campus.example'), 'relayed');
    assert.equal(await lastOf(...ip, '--ptr', 'nobody.example', '--ptr', 'X.Campus.example.'), 'relayed');
    assert.match((await lastOf(...ip, '--forged-ptr', 'x.campus.example')) ?? '', /possibly forged/);
    assert.match((await lastOf(...ip, '--no-dns')) ?? '', /IP name lookup failed/);
    assert.match((await lastOf(...ip, '--dns-failure')) ?? '', /421 4\.7\.1 .* Cannot resolve PTR/);
    assert.match((await lastOf(...ip, '--ptr', 'a.spam.example')) ?? '', /554 5\.7\.1 Access denied/);
    assert.deepEqual(stub.questions, []);
  });

  for (const [options, complaint] of [
    ['--no-dns --ptr a.example', /'--no-dns' cannot be used with option '--ptr <NAME>'/],
    ['--forged-ptr a.example --no-dns', /'--no-dns' cannot be used with option '--forged-ptr <NAME>'/],
    ['--ptr a.example --dns-failure', /'--dns-failure' cannot be used with option '--ptr <NAME>'/],
    ['--dns-failure --forged-ptr a.example', /'--dns-failure' cannot be used with option '--forged-ptr <NAME>'/],
    ['--dns-failure --no-dns', /'--dns-failure' cannot be used with option '--no-dns'/],
  ] as const) {
    it(`refuses options that contradict each other: ${options}`, async () => {
      const mail = ['--ip', '192.0.2.7', '--to', 'user@x.example'];
      const { code, stdout, stderr } = await smtpcheck(['explain', ...mail, ...options.split(' ')], {
        cwd: site().path,
      });
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, complaint);
    });
  }

  it('plays names that lead back beside those that do not', async () => {
    const given = ['--ip', '192.0.3.1', '--ptr', 'x.campus.example', '--forged-ptr', 'y.example'];
    assert.equal(await lastOf(...given), 'relayed');
  });
});
