/**
 * Faults of our own in a running server: each ends in a temporary refusal of that command. No recipient is accepted for
 * it that should not be, the process goes on, and the next session is served as ever. At start a fault is the end.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import type { SmtpClient } from '../../../testkit/live/smtp-client';
import {
  askFor,
  deliver,
  eventually,
  greet,
  open,
  pause,
  queuedAs,
  rcpt,
  said,
  send,
  type Visit,
} from '../../../testkit/live/talk';

const OK = /^250 /;
const LATER = '451 4.3.0 Temporary local problem, please try again';
const outside = 'user@victim.example';
const local = 'user@local.example';
const backup = 'user@backup.example';
const trusted = '127.9.0.1';
/** Its PTR name lies in `localdomain`, so that it is confirmed at connect. */
const lab = '127.50.0.1';
/** Its second PTR name does, so that it is confirmed at RCPT. */
const lazy = '127.50.0.2';

type How = 'throw' | 'reject' | 'reject-strangely' | 'hang' | 'nothing';

interface Fault {
  readonly hook: string;
  readonly broken: string;
  readonly ways: readonly How[];
  /** Brings a session to the point, breaks it with `sabotage`, and returns the reply. */
  play(haraka: RunningHaraka, sabotage: () => void): Promise<string>;
  readonly reply?: string | RegExp;
}

const decisions: readonly How[] = ['throw', 'reject', 'reject-strangely', 'hang', 'nothing'];

const faults: readonly Fault[] = [
  {
    hook: 'connect_init and connect',
    broken: 'decideTrust',
    ways: ['throw'],
    play: (haraka, sabotage) => greeting(haraka, sabotage, { from: trusted }),
    reply: /^421 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'connect',
    broken: 'decideDeny',
    ways: decisions,
    play: (haraka, sabotage) => greeting(haraka, sabotage),
    reply: /^421 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'connect, confirming a name',
    broken: 'confirmed',
    ways: ['throw', 'reject', 'hang'],
    play: (haraka, sabotage) => greeting(haraka, sabotage, { from: lab }),
    reply: /^421 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'connect, asking for a name',
    broken: 'claimed',
    ways: ['throw', 'reject', 'hang'],
    play: (haraka, sabotage) => greeting(haraka, sabotage, { from: '127.66.9.1' }),
    reply: /^421 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'helo',
    broken: 'decideHello',
    ways: decisions,
    async play(haraka, sabotage) {
      const client = await greet(haraka, { helo: '' });
      sabotage();
      const reply = said(await client.command('EHLO client.example'));
      assert.match(said(await client.command('MAIL FROM:<>')), /^503 /);
      client.destroy();
      return reply;
    },
  },
  {
    hook: 'mail',
    broken: 'decideMailHello',
    ways: decisions,
    async play(haraka, sabotage) {
      const client = await greet(haraka);
      sabotage();
      const reply = said(await client.command('MAIL FROM:<someone@sender.example>'));
      assert.match(await rcpt(client, local), /^503 /);
      client.destroy();
      return reply;
    },
  },
  { hook: 'rcpt, deny', broken: 'decideDeny', ways: decisions, play: atRcpt(local) },
  { hook: 'rcpt, early guard', broken: 'decideRecipientForm', ways: decisions, play: atRcpt(local) },
  { hook: 'rcpt, verdict on a forbidden recipient', broken: 'decideRelay', ways: decisions, play: atRcpt(outside) },
  { hook: 'rcpt, verdict on a listed recipient', broken: 'decideRelay', ways: decisions, play: atRcpt(backup) },
  {
    hook: 'rcpt, confirming a name',
    broken: 'confirmed',
    ways: ['throw', 'reject', 'hang'],
    play: atRcpt(outside, { from: lazy }),
  },
  { hook: 'rcpt, keeping the record of a permit', broken: 'record', ways: ['throw'], play: atRcpt(backup) },
  { hook: 'rcpt_ok', broken: 'decideDisposition', ways: ['throw'], play: atRcpt(backup) },
  {
    hook: 'vrfy',
    broken: 'decideCommand',
    ways: decisions,
    play: (haraka, sabotage) => inTransaction(haraka, sabotage, 'VRFY postmaster'),
  },
  {
    hook: 'unrecognized_command',
    broken: 'decideCommand',
    ways: decisions,
    play: (haraka, sabotage) => inTransaction(haraka, sabotage, 'expn postmaster'),
  },
  {
    hook: 'data_post',
    broken: 'authWarnings',
    ways: ['throw', 'nothing'],
    play: (haraka, sabotage) => atEnd(haraka, sabotage, local, 'broken data_post'),
  },
  {
    hook: 'queue',
    broken: 'recipientsOf',
    ways: ['throw'],
    play: (haraka, sabotage) => atEnd(haraka, sabotage, backup, 'broken recipients'),
    reply: /^450 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'queue_outbound, for a local recipient',
    broken: 'recipientsOf',
    ways: ['throw'],
    play: (haraka, sabotage) => atEnd(haraka, sabotage, local, 'broken choice', { from: trusted }),
    reply: /^450 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'queue, in parts',
    broken: 'queueInParts',
    ways: ['throw', 'reject', 'hang', 'nothing'],
    play: (haraka, sabotage) => atEnd(haraka, sabotage, [local, backup], 'broken parts'),
    reply: /^450 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'queue',
    broken: 'send_trans_email',
    ways: ['throw', 'hang'],
    play: (haraka, sabotage) => atEnd(haraka, sabotage, backup, 'broken queue'),
    reply: /^450 4\.3\.0 Temporary local problem/,
  },
  {
    hook: 'queue_outbound',
    broken: 'send_trans_email',
    ways: ['throw', 'hang'],
    play: (haraka, sabotage) => atEnd(haraka, sabotage, outside, 'broken outbound queue', { from: trusted }),
    reply: /^450 4\.3\.0 Temporary local problem/,
  },
];

describe('a fault inside a running Haraka', () => {
  let stub: DnsStub;
  let haraka: RunningHaraka;

  before(async () => {
    stub = await startDns({
      [lab]: ['lab1.campus.example'],
      'lab1.campus.example': { A: [lab] },
      [lazy]: ['www.elsewhere.example', 'lab2.campus.example'],
      'www.elsewhere.example': { A: [lazy] },
      'lab2.campus.example': { A: [lazy] },
    });
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'sabotage', 'rcpt_to.in_host_list', 'keep_queue'],
      files: {
        host_list: 'local.example\n',
        localip: '127.9\n',
        localdomain: 'campus.example\n',
        'relay.to': 'backup.example\n',
        'host.deny': 'denied.example\n',
        sabotage: '',
        'smtpcheck.timeout': '1',
      },
      dns: stub.port,
    });
  });
  after(async () => {
    await haraka?.stop();
    await stub?.stop();
  });
  afterEach(() => haraka.write('sabotage', ''));

  for (const { hook, broken, ways, play, reply: wanted = LATER } of faults) {
    for (const how of ways) {
      it(`refuses for now at ${hook} when ${broken} does this: ${how}`, async () => {
        const told = haraka.log().length;
        const reply = await play(haraka, () => haraka.write('sabotage', `${broken} ${how}`));
        if (typeof wanted === 'string') assert.equal(reply, wanted);
        else assert.match(reply, wanted);
        haraka.write('sabotage', '');
        await eventually(tellsOfFault, async () => haraka.log().slice(told));
        assert.match(await askFor(haraka, local), OK);
        assert.match(await askFor(haraka, outside, { from: trusted }), OK);
        assert.match(await askFor(haraka, outside), /^550 5\.7\.1 Relaying denied/);
      });
    }
  }

  it('is a refusal even when it cannot be told of', async () => {
    const client = await open(haraka);
    haraka.write('sabotage', 'decideRelay throw\nrecordFault throw');
    assert.equal(await rcpt(client, outside), LATER);
    haraka.write('sabotage', 'decideRelay reject\nrecordFault throw');
    assert.equal(await rcpt(client, outside), LATER);
    haraka.write('sabotage', '');
    assert.match(await rcpt(client, local), OK);
    client.destroy();
  });

  it('outlives a client that leaves while it hangs', async () => {
    const client = await open(haraka);
    haraka.write('sabotage', 'decideRelay hang');
    client.write(`RCPT TO:<${outside}>\r\n`);
    await pause(100);
    client.destroy();
    await pause(1_000);
    haraka.write('sabotage', '');
    assert.match(await askFor(haraka, local), OK);
  });

  it('takes nothing back from mail of others at the same time', async () => {
    haraka.write('sabotage', 'decideRelay hang');
    const waiting = await open(haraka);
    waiting.write(`RCPT TO:<${outside}>\r\n`);
    assert.match(await deliver(haraka, [local], 'meanwhile'), OK);
    haraka.write('sabotage', '');
    assert.match(await askFor(haraka, backup), OK);
    assert.equal(said(await waiting.reply()), LATER);
    waiting.destroy();
  });

  it('left the process alive, with no rejection unhandled and no forbidden mail queued', async () => {
    assert.ok(processLives(haraka.pid));
    assert.doesNotMatch(haraka.log(), /sabotage: unhandled|Caught exception/);
    const queued = (await haraka.queued()).flatMap(({ recipients }) => recipients);
    assert.deepEqual([...new Set(queued)], [local]);
    for (const subject of ['broken queue', 'broken recipients', 'broken choice', 'broken parts', 'broken data_post']) {
      assert.deepEqual(await queuedAs(haraka, subject), []);
    }
  });
});

describe('a fault in the files at start', () => {
  const lists = {
    localip: '127.9\n10.0.0.1/8\n300.1.1.1\n',
    localdomain: 'ac.jp\n',
    'relay.to': '# fine\nbackup.example\n',
    'host.deny': '!\n',
    'relay.map': 'From:boss@campus.example RELAY\n',
  };
  const report = [
    /localip:2: prefix-host-bits: 10\.0\.0\.1\/8 has host bits set; write 10\.0\.0\.0\/8/,
    /localip:3: address-octet-range: 300\.1\.1\.1 /,
    /localdomain:1: domain-public-suffix: ac\.jp /,
    /host\.deny:1: /,
    /relay\.map:1: map-from-relay: From:boss@campus\.example RELAY /,
  ];

  for (const nodes of [0, 2]) {
    it(`stops Haraka with a report of all of them${nodes ? ', in a cluster too' : ''}`, async () => {
      const { code, output } = await startHaraka({ plugins: ['smtpcheck'], files: lists, nodes, expectExit: true });
      assert.notEqual(code, 0);
      for (const line of report) assert.match(output, line);
      assert.match(output, /smtpcheck cannot start/);
      assert.doesNotMatch(output, /relay\.to:\d|Listening|harness: serving/);
    });
  }

  it('stops Haraka for a list that the settings name and that does not exist', async () => {
    const files = { 'smtpcheck.ini': '[relay]\nlocal_ip=our-networks\n[deny]\nhosts=bad-hosts\n' };
    const { code, output } = await startHaraka({ plugins: ['smtpcheck'], files, expectExit: true });
    assert.notEqual(code, 0);
    assert.match(output, /our-networks:1: file-missing: our-networks does not exist.*create the file/);
    assert.match(output, /bad-hosts:1: file-missing: /);
  });

  it('stops Haraka for settings that do not load, with every one of them', async () => {
    const files = { 'smtpcheck.ini': '[relay]\nlocalip=x\n[main]\npoll=fast\n[dns]\nservers=here\n' };
    const { code, output } = await startHaraka({ plugins: ['smtpcheck'], files, expectExit: true });
    assert.notEqual(code, 0);
    assert.match(output, /smtpcheck\.ini:2: ini-key-unknown: localip.*write local_ip/);
    assert.match(output, /smtpcheck\.ini:4: ini-value: poll=fast /);
    assert.match(output, /smtpcheck\.ini:6: ini-value: servers=here /);
  });

  it('stops Haraka the same way when one plugin alone is loaded', async () => {
    const files = { localip: '10.0.0.1/8\n' };
    const { code, output } = await startHaraka({ plugins: ['smtpcheck/plugins/deny'], files, expectExit: true });
    assert.notEqual(code, 0);
    assert.match(output, /localip:1: prefix-host-bits/);
  });
});

async function greeting(haraka: RunningHaraka, sabotage: () => void, visit: Visit = {}): Promise<string> {
  sabotage();
  const client = await greet(haraka, { helo: '', ...visit });
  assert.ok(await client.waitForClose(1_000), 'a client that was told 421 is let go');
  return said(client.greeting);
}

function atRcpt(recipient: string, visit: Visit = {}): Fault['play'] {
  return async (haraka, sabotage) => {
    const client = await open(haraka, visit);
    sabotage();
    const reply = await rcpt(client, recipient);
    haraka.write('sabotage', '');
    // Nothing was accepted, and the session goes on.
    assert.match(said(await client.command('DATA')), /^503 /);
    assert.match(await rcpt(client, local), OK);
    client.destroy();
    return reply;
  };
}

async function inTransaction(haraka: RunningHaraka, sabotage: () => void, command: string): Promise<string> {
  const client = await open(haraka);
  assert.match(await rcpt(client, local), OK);
  sabotage();
  const reply = said(await client.command(command));
  haraka.write('sabotage', '');
  assert.equal((await client.command('DATA')).code, 354, 'the transaction is left open');
  client.destroy();
  return reply;
}

async function atEnd(
  haraka: RunningHaraka,
  sabotage: () => void,
  to: string | readonly string[],
  subject: string,
  visit: Visit = {},
): Promise<string> {
  const client: SmtpClient = await open(haraka, visit);
  for (const recipient of [to].flat()) assert.match(await rcpt(client, recipient), OK);
  sabotage();
  const reply = await send(client, subject);
  client.destroy();
  return reply;
}

function tellsOfFault(log: string): boolean {
  return log.includes('smtpcheck fault in');
}

function processLives(pid: number): boolean {
  return fs.existsSync(path.join('/proc', String(pid)));
}
