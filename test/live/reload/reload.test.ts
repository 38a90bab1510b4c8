/** Lists and settings that change while mail flows, in one process: what is taken, when, and what is not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { changes, changing } from '../../../testkit/live/changes';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import {
  askFor,
  eventually,
  generationOf,
  greet,
  load,
  open,
  pause,
  rcpt,
  said,
  settled,
} from '../../../testkit/live/talk';

const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';
const RECONNECT = '421 4.7.1 Relaying permission has changed, please reconnect';
const outside = 'user@victim.example';

describe('a list that changes under a running Haraka', () => {
  let haraka: RunningHaraka;

  before(async () => {
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: { host_list: 'local.example' },
    });
  });
  after(() => haraka?.stop());

  const mayRelay = async () => OK.test(await askFor(haraka, outside, { from: changing }));

  for (const { name, arrange, change, allowed } of changes) {
    it(`is taken within 10 s: ${name}`, async () => {
      if (arrange) {
        arrange(haraka);
        await settled();
      }
      await eventually((may) => may !== allowed, mayRelay);
      change(haraka);
      await eventually((may) => may === allowed, mayRelay);
    });
  }

  it('is told of in the log with a generation and the hash of its content', async () => {
    const text = '127.9 # the lab\r\n!127.9.66';
    await load(haraka, 'localip', text);
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
    const line = await haraka.waitForLog(`sha256=${hash}`);
    assert.match(line, /loaded file=localip generation=\d+ /);
    const generation = generationOf(haraka, 'localip');
    await load(haraka, 'localip', '127.9\n');
    assert.equal(generationOf(haraka, 'localip'), generation + 1);
  });

  it('is not read again when only its time has changed', async () => {
    const generation = generationOf(haraka, 'localip');
    fs.utimesSync(haraka.configFile('localip'), new Date(), new Date());
    fs.writeFileSync(haraka.configFile('localip'), fs.readFileSync(haraka.configFile('localip')));
    await load(haraka, 'relay.to', 'time.example\n');
    await settled();
    assert.equal(generationOf(haraka, 'localip'), generation);
  });

  it('is not taken half-written', async () => {
    await load(haraka, 'smtpcheck.ini', '[main]\nsettle=500ms\npoll=2s\n');
    await load(haraka, 'localip', '127.8\n');
    const generation = generationOf(haraka, 'localip');
    const file = fs.openSync(haraka.configFile('localip'), 'w');
    let refused = true;
    // Each step is a list that could be taken, and the exclusion comes last.
    for (const part of ['127.8\n', '127.9\n', '127.7\n', '127.6\n', '127.5\n', '!127.9.0\n']) {
      fs.writeSync(file, part);
      await pause(100);
      // Events of other files make the server look here too.
      haraka.write('unrelated', part);
      await pause(150);
      refused &&= !(await mayRelay());
    }
    fs.closeSync(file);
    await eventually(
      (now) => now > generation,
      async () => generationOf(haraka, 'localip'),
    );
    assert.ok(refused, 'a half-written list was in force');
    assert.equal(await askFor(haraka, outside, { from: changing }), DENIED);
    assert.match(await askFor(haraka, outside, { from: '127.9.1.1' }), OK);
    assert.equal(generationOf(haraka, 'localip'), generation + 1);
    await load(haraka, 'smtpcheck.ini', '');
  });

  it('stays as it was when the new one is broken, and every attempt is told of with place and remedy', async () => {
    await load(haraka, 'localip', '127.9\n');
    for (const [text, complaint] of [
      ['127.8\n10.0.0.1/8\n', /localip:2: prefix-host-bits: 10\.0\.0\.1\/8 .*; write 10\.0\.0\.0\/8/],
      ['# all\n\n0.0.0.0/0\n', /localip:3: prefix-everything: 0\.0\.0\.0\/0 /],
      ['127.8\n10.0.0.1/8\n010.1.1.1\n', /localip:3: address-leading-zero: 010\.1\.1\.1 /],
    ] as const) {
      const generation = generationOf(haraka, 'localip');
      const told = haraka.log().length;
      haraka.write('localip', text);
      await eventually(
        (log) => complaint.test(log) && log.includes('the last good version stays in force'),
        async () => haraka.log().slice(told),
      );
      assert.match(await askFor(haraka, outside, { from: changing }), OK);
      assert.equal(await askFor(haraka, outside, { from: '127.8.0.1' }), DENIED);
      assert.equal(generationOf(haraka, 'localip'), generation);
    }
    await load(haraka, 'localip', '127.8\n');
    assert.equal(await askFor(haraka, outside, { from: changing }), DENIED);
  });

  it('says a broken list once for each attempt, not at each look', async () => {
    const count = () => haraka.log().split('localip:1: address-octet-range').length - 1;
    haraka.write('localip', '127.300\n');
    await eventually(
      (told) => told === 1,
      async () => count(),
    );
    await pause(600);
    assert.equal(count(), 1);
    haraka.write('localip', '127.300\n\n');
    await eventually(
      (told) => told === 2,
      async () => count(),
    );
    await load(haraka, 'localip', '127.9\n');
  });

  it('can become unreadable, which takes nothing away and is said', async () => {
    haraka.remove('localip');
    fs.mkdirSync(haraka.configFile('localip'));
    await haraka.waitForLog(/localip:1: file-unreadable: .*directory/);
    fs.rmdirSync(haraka.configFile('localip'));
    await load(haraka, 'localip', '127.9\n# back\n');
    assert.match(await askFor(haraka, outside, { from: changing }), OK);
  });

  it('can be created first and deleted again: relay.to and relay.map', async () => {
    for (const [file, text, recipient] of [
      ['relay.to', 'backup.example\n', 'user@backup.example'],
      ['relay.map', 'To:mapped.example RELAY\n', 'user@mapped.example'],
    ] as const) {
      await load(haraka, file, text);
      assert.match(await askFor(haraka, recipient), OK);
      haraka.remove(file);
      await eventually(
        (reply) => reply === DENIED,
        () => askFor(haraka, recipient),
      );
      assert.ok(haraka.log().includes(`${file} is missing: it lists nothing`));
    }
  });

  it('keeps refusing when host.deny is deleted, and complains at each deletion', async () => {
    const denied = '127.77.0.1';
    const refusedAtOnce = async () => said((await greet(haraka, { from: denied })).greeting);
    const complaints = () => haraka.log().split('host.deny was deleted: its last content stays in force').length - 1;
    await load(haraka, 'host.deny', '127.77\n');
    assert.equal(await refusedAtOnce(), '554 5.7.1 Access denied');
    for (const attempt of [1, 2]) {
      haraka.remove('host.deny');
      await eventually(
        (told) => told === attempt,
        async () => complaints(),
      );
      assert.equal(await refusedAtOnce(), '554 5.7.1 Access denied');
      // The same content again is no new version.
      haraka.write('host.deny', '127.77\n');
      await settled();
    }
    await load(haraka, 'host.deny', '# nobody\n');
    assert.match(await refusedAtOnce(), /^220 /);
  });

  it('reaches connections that were opened before: trust revoked', async () => {
    await load(haraka, 'localip', '127.9\n');
    const session = await open(haraka, { from: changing });
    const idle = await greet(haraka, { from: changing });
    assert.match(await rcpt(session, outside), OK);
    await load(haraka, 'localip', '127.8\n');
    await idle.command('MAIL FROM:<someone@sender.example>');
    for (const client of [session, idle]) {
      assert.equal(await rcpt(client, 'next@victim.example'), RECONNECT);
      assert.ok(await client.waitForClose());
    }
    assert.equal(await askFor(haraka, outside, { from: changing }), DENIED);
    assert.match(await askFor(haraka, 'user@local.example', { from: changing }), OK);
  });

  it('reaches connections that were opened before: client denied', async () => {
    const from = '127.78.0.1';
    const session = await open(haraka, { from });
    const idle = await greet(haraka, { from });
    assert.match(await rcpt(session, 'user@local.example'), OK);
    await load(haraka, 'host.deny', '127.78\n');
    assert.equal(await rcpt(session, 'next@local.example'), '550 5.7.1 Access denied');
    for (const client of [session, idle]) {
      await client.command('MAIL FROM:<someone@sender.example>');
      assert.equal(await rcpt(client, 'user@local.example'), '550 5.7.1 Access denied');
      client.destroy();
    }
    await load(haraka, 'host.deny', '');
  });
});

describe('smtpcheck.ini that changes under a running Haraka', () => {
  let haraka: RunningHaraka;

  before(async () => {
    haraka = await startHaraka({ plugins: ['smtpcheck'], files: { localip: '127.9\n' } });
  });
  after(() => haraka?.stop());

  const vrfy = async () => {
    const client = await greet(haraka);
    const reply = said(await client.command('VRFY postmaster'));
    client.destroy();
    return reply;
  };

  it('changes flags', async () => {
    assert.match(await vrfy(), /^252 2\.5\.2 /);
    await load(haraka, 'smtpcheck.ini', '[privacy]\nflags=needmailhelo\n');
    assert.match(await vrfy(), /^252 Just try/);
    await load(haraka, 'smtpcheck.ini', '[privacy]\nflags=novrfy\nvrfy_reply=502\n');
    assert.equal(await vrfy(), '502 5.7.0 Sorry, we do not allow this operation');
  });

  it('changes the mode, of all and of one plugin', async () => {
    await load(haraka, 'smtpcheck.ini', '[main]\nmode=observe\n[privacy]\nmode=enforce\n');
    assert.match(await askFor(haraka, outside), /^550 I cannot deliver mail/);
    assert.match(await vrfy(), /^252 2\.5\.2 /);
    await load(haraka, 'smtpcheck.ini', '');
    assert.equal(await askFor(haraka, outside), DENIED);
  });

  it('withdraws trust when the relay plugin only observes from now on', async () => {
    const session = await open(haraka, { from: changing });
    assert.match(await rcpt(session, outside), OK);
    await load(haraka, 'smtpcheck.ini', '[relay]\nmode=observe\n');
    assert.equal(await rcpt(session, outside), RECONNECT);
    assert.match(await askFor(haraka, outside, { from: changing }), /^550 I cannot deliver mail/);
    await load(haraka, 'smtpcheck.ini', '');
  });

  it('stays as it was when it is broken, and every fault is told of with its remedy', async () => {
    const told = haraka.log().length;
    haraka.write('smtpcheck.ini', '[relay]\nrestrictoin=false\nrestriction=perhaps\n[privcy]\nflags=novrfy\n');
    await haraka.waitForLog(/smtpcheck\.ini:4: ini-section-unknown: \[privcy\].*write \[privacy\]/);
    const log = haraka.log().slice(told);
    assert.match(log, /smtpcheck\.ini:2: ini-key-unknown: restrictoin.*write restriction/);
    assert.match(log, /smtpcheck\.ini:3: ini-value: restriction=perhaps .*true/);
    assert.match(log, /the last good version stays in force/);
    assert.equal(await askFor(haraka, outside), DENIED);
    assert.match(await askFor(haraka, outside, { from: changing }), OK);
  });

  it('keeps the list in force when it names one that does not exist', async () => {
    haraka.write('smtpcheck.ini', '[relay]\nlocal_ip=nowhere\n');
    await haraka.waitForLog(
      /nowhere:1: file-missing: nowhere does not exist, and the settings name it; create the file/,
    );
    assert.match(await askFor(haraka, outside, { from: changing }), OK);
    await load(haraka, 'nowhere', '127.8\n');
    assert.equal(await askFor(haraka, outside, { from: changing }), DENIED);
    assert.match(await askFor(haraka, outside, { from: '127.8.0.1' }), OK);
    // At once, before anybody looks again: what was missing once and is missing again is a deletion.
    haraka.remove('nowhere');
    await eventually(
      (reply) => reply === DENIED,
      () => askFor(haraka, outside, { from: '127.8.0.1' }),
    );
  });

  it('stays in force when it is deleted, and that is said', async () => {
    await load(haraka, 'smtpcheck.ini', '[privacy]\nflags=novrfy\nvrfy_reply=502\n');
    const told = haraka.log().length;
    haraka.remove('smtpcheck.ini');
    await eventually(
      (log) => log.includes('smtpcheck.ini was deleted: its last content stays in force'),
      async () => haraka.log().slice(told),
    );
    assert.match(await vrfy(), /^502 /);
  });
});
