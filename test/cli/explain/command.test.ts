/** The command: what it prints where, and with which code it ends. */
import assert from 'node:assert/strict';
import { run } from '../../../src/cli/explain/command';
import { formatInstant } from '../../../src/policy/attributes/instant';
import { emptyLists, type Folder, makeFolder } from '../../../testkit/folder';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
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

describe('smtpcheck explain', () => {
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
        '  -> 250 recipient <user@x.backup.example> OK',
        '',
        "<user@x.backup.example> is relayed: to Haraka's outbound queue",
        '',
      ].join('\n'),
    );
    assert.equal(ran.code, 0);
  });

  it('exits 1 where something is refused, and tells which', async () => {
    const { code, stdout } = await smtpcheck([...stranger, '--to', 'user@old.backup.example'], { cwd: site().path });
    assert.equal(code, 1);
    assert.match(stdout, /\n {2}refuse {2}destination-excluded {2}relay\.to:2\n {2}-> 550 5\.7\.1 Relaying denied\n$/);
  });

  it('shows the comment behind the entry that decides as its note, unless notes=false', async () => {
    const files = { 'relay.to': 'backup.example\n!old.backup.example  # moved to hall.example\n' };
    const to = ['--to', 'user@old.backup.example'];
    const { stdout } = await smtpcheck([...stranger, ...to], { cwd: site(files).path });
    assert.match(stdout, / destination-excluded {2}relay\.to:2 \(moved to hall\.example\)\n/);
    const notesOf = async (more: Readonly<Record<string, string>>) => {
      const ran = await smtpcheck([...stranger, ...to, '--json'], { cwd: site({ ...files, ...more }).path });
      const { steps } = JSON.parse(ran.stdout) as { steps: { decisions: { note?: string }[] }[] };
      return steps.flatMap(({ decisions }) => decisions.flatMap(({ note }) => note ?? []));
    };
    assert.equal((await notesOf({})).length, 1);
    assert.deepEqual(await notesOf({ 'smtpcheck.ini': '[main]\nnotes=false\n' }), []);
  });

  it('plays MX records that are given, for mx: entries', async () => {
    const { path: cwd } = site({ 'relay.to': 'mx:192.0.2.0/24 # partner\n' });
    const play = async (mx: string) => {
      const args = ['explain', '--ip', '203.0.113.9', '--no-dns', '--to', 'a@partner.example', '--mx', mx];
      const { code, stdout, stderr } = await smtpcheck(args, { cwd });
      return {
        code,
        stderr,
        said: stdout
          .split('\n')
          .filter((line) => / {2}(?:permit|refuse|defer) /.test(line))
          .join(),
      };
    };
    const us = '20 mx.local.example';
    for (const [mx, expected] of [
      [`partner.example=10 mx1.partner.example 192.0.2.25, ${us}`, '  permit  backup-mx  relay.to:1 (partner)'],
      [`partner.example=10 mx1.partner.example 192.0.2.25 198.51.100.1, ${us}`, '  refuse  relay-denied'],
      [`partner.example=10 mx1.partner.example, ${us}`, '  defer   mx-unknown'],
      [`PARTNER.example=${us}`, '  refuse  relay-denied'],
      ['partner.example=none', '  refuse  relay-denied'],
      ['other.example=none', '  refuse  relay-denied'],
      ['partner.example=failure', '  defer   mx-unknown'],
    ] as const) {
      assert.equal((await play(mx)).said, expected, mx);
    }
    for (const wrong of [
      'partner.example',
      '=none',
      'partner.example=mx1.partner.example',
      'partner.example=10 mx1 nowhere',
    ])
      assert.deepEqual(
        [(await play(wrong)).code, /It must be DOMAIN=/.test((await play(wrong)).stderr)],
        [2, true],
        wrong,
      );
  });

  it('counts the recipients of the session alone against a limit, and names it', async () => {
    const { path: cwd } = site({ localip: '192.0.2.0/24 limit=1/1h from=<> # printers\n' });
    const to = ['--to', 'a@victim.example', '--to', 'b@victim.example'];
    const { code, stdout } = await smtpcheck(['explain', '--ip', '192.0.2.9', '--no-dns', '--from', '', ...to], {
      cwd,
    });
    assert.equal(code, 1);
    assert.match(
      stdout,
      /\n {2}defer {3}limit-reached {2}localip:1 from=<> limit=1\/1h \(printers\)\n {2}-> 450 4\.7\.1 Too many recipients/,
    );
  });

  it('ends where the server would hang up', async () => {
    const folder = site({ 'relay.map': 'To:bye.example ERROR:4.7.1:421 Bye\n' });
    const { code, stdout } = await smtpcheck([...stranger, '--to', 'a@bye.example', '--to', 'b@local.example'], {
      cwd: folder.path,
    });
    assert.equal(code, 1);
    assert.match(stdout, /-> 421 4\.7\.1 Bye\n$/);
  });

  it('plays several recipients in one transaction, each of which goes its own way', async () => {
    const to = ['a@local.example', 'b@backup.example', 'x@old.backup.example', 'c@local.example', 'd@void.example'];
    const { code, stdout } = await smtpcheck([...stranger, ...to.flatMap((recipient) => ['--to', recipient])], {
      cwd: site({ 'relay.map': 'To:void.example DISCARD\n' }).path,
    });
    assert.equal(code, 1);
    const replies = stdout.match(/-> .*/g)?.slice(3);
    assert.deepEqual(replies, [
      '-> 250 recipient <a@local.example> OK',
      '-> 250 recipient <b@backup.example> OK',
      '-> 550 5.7.1 Relaying denied',
      '-> 250 recipient <c@local.example> OK',
      '-> 250 recipient <d@void.example> OK',
    ]);
    assert.equal(
      stdout.split('\n\n').at(-1),
      [
        '<a@local.example> is local: to queue/lmtp',
        "<b@backup.example> is relayed: to Haraka's outbound queue",
        '<c@local.example> is local: to queue/lmtp',
        '<d@void.example> is accepted and dropped',
        '',
      ].join('\n'),
    );
  });

  it('names the attribute that narrowed, and the entry that has ended', async () => {
    const folder = site({
      localip:
        '192.0.2.9  from=dept.example until=2036-06-30T12:00Z  # the printer\n192.0.2.8 until=2036-06-30T12:00Z\n',
      'relay.to': 'backup.example\nold.backup.example [192.0.2.5] until=2036-06-30T12:00Z # moved\n',
    });
    const explain = (...more: string[]) =>
      smtpcheck(['explain', '--no-dns', '--to', 'user@x.example', ...more], { cwd: folder.path, env: {} });
    const end = formatInstant(Date.UTC(2036, 5, 30, 12));
    const refused = await explain('--ip', '192.0.2.9', '--from', 'a@evil.example');
    assert.equal(refused.code, 1);
    assert.ok(
      refused.stdout.includes(
        `  refuse  sender-not-covered  localip:1 from=dept.example until=${end} (the printer)\n  -> 550 5.7.1 Relaying denied`,
      ),
      refused.stdout,
    );
    const covered = await explain('--ip', '192.0.2.9', '--from', 'a@dept.example');
    assert.equal(covered.code, 0);
    assert.match(
      covered.stdout,
      /MAIL FROM:<a@dept\.example>\n(?: {2}.*\n)* {2}permit {2}client-network {2}localip:1 from=/,
    );
    const at = ['--at', '2036-06-30T12:00Z'];
    const ended = await explain('--ip', '192.0.2.8', '--to', 'u@old.backup.example', ...at);
    assert.equal(ended.code, 1);
    assert.ok(
      ended.stdout.startsWith(
        `client 192.0.2.8 (NXDOMAIN), at ${end}\n  ended   localip:2 until=${end}\n  ended   relay.to:2 until=${end} (moved)\n`,
      ),
      ended.stdout,
    );
    const before = await explain('--ip', '192.0.2.8', '--at', '2036-06-30T11:59Z');
    assert.deepEqual([before.code, before.stdout.includes('ended')], [0, false]);
    const { at: time, ended: entries } = JSON.parse((await explain('--ip', '192.0.2.8', '--json', ...at)).stdout);
    assert.deepEqual([time, entries], [end, [{ at: { file: 'localip', line: 2 }, attributes: `until=${end}` }]]);
    const wrong = await explain('--ip', '192.0.2.8', '--at', 'tomorrow');
    assert.deepEqual([wrong.code, wrong.stderr.includes('--at tomorrow: no time that exists')], [2, true]);
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
      [
        ...['explain', '--ip', '192.0.2.9', '--no-dns', '--json', '--session'],
        ...['--to', 'user@x.example', '--to', 'a@local.example'],
      ],
      { cwd: site({ plugins: 'spf\nsmtpcheck\nqueue/lmtp\n' }).path },
    );
    assert.equal(code, 0);
    const document = JSON.parse(stdout) as Record<string, unknown> & { steps: Record<string, unknown>[] };
    const { steps, ...rest } = document;
    assert.deepEqual(rest, {
      version: 1,
      client: { ip: '192.0.2.9', name: 'NXDOMAIN' },
      recipients: [
        { address: '<user@x.example>', disposition: 'relay', queue: "Haraka's outbound queue" },
        { address: '<a@local.example>', disposition: 'local', queue: 'queue/lmtp' },
      ],
      ended: [],
      notPlayed: ['spf'],
      unread: [],
    });
    assert.deepEqual(
      steps.map(({ command }) => command),
      [
        ...['(connect)', 'EHLO client.example.org', 'MAIL FROM:<>'],
        ...['RCPT TO:<user@x.example>', 'RCPT TO:<a@local.example>', 'QUIT'],
      ],
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

describe('smtpcheck explain, of where each recipient goes', () => {
  const campus = '192.0.2.9';
  const elsewhere = '203.0.113.7';
  const outbound = "relay Haraka's outbound queue";

  interface QueueCase {
    readonly name: string;
    readonly from?: string;
    readonly to: string;
    /** Of the queues; `rcpt_to.in_host_list` unless there is another. */
    readonly plugins?: string;
    readonly files?: Readonly<Record<string, string>>;
    /** `disposition queue`. */
    readonly goes: string;
  }
  const cases: readonly QueueCase[] = [
    { name: 'local, from a stranger', to: 'a@local.example', goes: 'local queue/lmtp' },
    { name: 'local, from the campus', from: campus, to: 'a@local.example', goes: 'local queue/lmtp' },
    {
      name: 'local by host_list_regex, from the campus',
      from: campus,
      to: 'a@x.dept.example',
      files: { host_list_regex: '(.*\\.)?dept\\.example\n' },
      goes: 'local queue/lmtp',
    },
    { name: 'local, bare postmaster', to: 'postmaster', goes: 'local queue/lmtp' },
    { name: 'relayed, from a stranger', to: 'a@backup.example', goes: outbound },
    { name: 'relayed, from the campus', from: campus, to: 'a@victim.example', goes: outbound },
    {
      name: 'dropped',
      to: 'a@void.example',
      files: { 'relay.map': 'To:void.example DISCARD\n' },
      goes: 'discard null',
    },
    {
      name: 'relayed as all mail of the campus is, with local_delivery=false',
      from: campus,
      to: 'a@local.example',
      files: { 'smtpcheck.ini': '[relay]\nlocal_delivery=false\n' },
      goes: outbound,
    },
    {
      name: 'local from a stranger even so',
      to: 'a@local.example',
      files: { 'smtpcheck.ini': '[relay]\nlocal_delivery=false\n' },
      goes: 'local queue/lmtp',
    },
    { name: 'local, and no queue plugin', to: 'a@local.example', plugins: '', goes: 'local null' },
    { name: 'relayed, and no queue plugin', to: 'a@backup.example', plugins: '', goes: outbound },
    {
      name: 'local, and only plugins that queue what others want dropped or kept aside',
      to: 'a@local.example',
      plugins: 'queue/discard\nqueue/quarantine',
      goes: 'local null',
    },
    {
      name: 'local, and several queue plugins',
      to: 'a@local.example',
      plugins: 'queue/quarantine\nqueue/smtp_forward\nqueue/lmtp',
      goes: 'local queue/smtp_forward',
    },
    {
      name: 'relayed for a stranger beside smtp_forward with enable_outbound',
      to: 'a@backup.example',
      plugins: 'queue/smtp_forward',
      files: { 'smtp_forward.ini': 'enable_outbound=true\n' },
      goes: outbound,
    },
    {
      name: 'relayed for the campus by smtp_forward with enable_outbound',
      from: campus,
      to: 'a@victim.example',
      plugins: 'queue/smtp_forward',
      files: { 'smtp_forward.ini': 'enable_outbound=true\n' },
      goes: 'relay queue/smtp_forward',
    },
    {
      name: 'relayed for the campus beside smtp_forward without enable_outbound',
      from: campus,
      to: 'a@victim.example',
      plugins: 'queue/smtp_forward',
      goes: outbound,
    },
    {
      name: 'local, from the campus, by smtp_forward without enable_outbound',
      from: campus,
      to: 'a@local.example',
      plugins: 'queue/smtp_forward',
      goes: 'local queue/smtp_forward',
    },
    {
      name: 'relayed for the campus by qmail-queue, which takes outbound mail by default',
      from: campus,
      to: 'a@victim.example',
      plugins: 'queue/lmtp\nqueue/qmail-queue',
      goes: 'relay queue/qmail-queue',
    },
    {
      name: 'relayed for the campus beside qmail-queue with enable_outbound=false',
      from: campus,
      to: 'a@victim.example',
      plugins: 'queue/qmail-queue',
      files: { 'qmail-queue.ini': '[main]\nenable_outbound=false\n' },
      goes: outbound,
    },
  ];
  for (const { name, from = elsewhere, to, plugins = 'queue/lmtp', files, goes } of cases) {
    it(`says where it goes: ${name}`, async () => {
      const folder = site({ ...files, plugins: `smtpcheck\nrcpt_to.in_host_list\n${plugins}\n` });
      const { code, stdout } = await smtpcheck(['explain', '--ip', from, '--no-dns', '--to', to, '--json'], {
        cwd: folder.path,
      });
      const { recipients } = JSON.parse(stdout) as { recipients: readonly Record<string, string | null>[] };
      assert.deepEqual(
        recipients.map(({ address, disposition, queue }) => `${address} ${disposition} ${queue}`),
        [`<${to}> ${goes}`],
      );
      assert.equal(code, 0);
    });
  }

  it('says in words what no queue takes', async () => {
    const { stdout } = await smtpcheck([...stranger, '--to', 'a@local.example'], {
      cwd: site({ plugins: 'smtpcheck\nrcpt_to.in_host_list\n' }).path,
    });
    assert.equal(
      stdout.split('\n\n').at(-1),
      '<a@local.example> is local: to no queue, since no queue plugin is loaded\n',
    );
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
    const last = stdout.trimEnd().split('\n').at(-1)?.trim();
    return last === "<user@x.example> is relayed: to Haraka's outbound queue" ? 'relayed' : last;
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
      '-> 450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for 203.0.113.9',
    );
  });

  it('takes them from the command line, and asks nothing then', async () => {
    stub.clear();
    const ip = ['--ip', '192.0.3.1'];
    assert.equal(await lastOf(...ip, '--ptr', 'x.campus.example'), 'relayed');
    assert.equal(await lastOf(...ip, '--ptr', 'nobody.example', '--ptr', 'X.Campus.example.'), 'relayed');
    assert.equal(await lastOf(...ip, '--ptr', '-x.campus.example'), 'relayed');
    assert.match((await lastOf(...ip, '--ptr', 'bad-.spam.example')) ?? '', /554 5\.7\.1 Access denied/);
    assert.match((await lastOf(...ip, '--forged-ptr', 'x.campus.example')) ?? '', /possibly forged/);
    assert.match((await lastOf(...ip, '--no-dns')) ?? '', /IP name lookup failed/);
    assert.match((await lastOf(...ip, '--dns-failure')) ?? '', /450 4\.7\.1 .* Cannot resolve PTR/);
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
