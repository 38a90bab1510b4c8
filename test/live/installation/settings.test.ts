/** Settings and lists in the forms in which operators' files come, in a running Haraka. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, eventually, generationOf, load, open, pause, rcpt } from '../../../testkit/live/talk';

const OK = /^250 /;
const DENIED = /^550 5\.7\.1 Relaying denied/;
const outside = 'user@victim.example';

describe('a fresh installation', () => {
  it('relays for nobody, takes local mail, and needs no file', async () => {
    const haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: { host_list: 'local.example\n', 'smtpcheck.ini': '' },
    });
    try {
      fs.rmSync(haraka.configFile('smtpcheck.ini'));
      for (const from of ['127.0.0.1', '127.66.0.1']) {
        assert.match(await askFor(haraka, outside, { from }), DENIED);
        assert.match(await askFor(haraka, 'user@local.example', { from }), OK);
      }
    } finally {
      await haraka.stop();
    }
  });
});

describe('files as operators keep them', () => {
  let haraka: RunningHaraka;

  before(async () => {
    haraka = await startHaraka({ plugins: ['smtpcheck', 'rcpt_to.in_host_list'], files: { host_list: '' } });
  });
  after(() => haraka?.stop());

  it('can have a BOM, CRLF, comments behind entries and no last newline', async () => {
    await load(haraka, 'localip', '\ufeff127.9\t# the lab\r\n# 127.8\r\n\r\n  127.7.0.0/16  \r\n!127.9.66');
    assert.match(await askFor(haraka, outside, { from: '127.9.0.1' }), OK);
    assert.match(await askFor(haraka, outside, { from: '127.7.0.1' }), OK);
    assert.match(await askFor(haraka, outside, { from: '127.9.66.1' }), DENIED);
    assert.match(await askFor(haraka, outside, { from: '127.8.0.1' }), DENIED);
  });

  it('can name domains as they are read: U-labels, capitals, a last dot', async () => {
    await load(haraka, 'relay.to', 'B\u00fccher.example\nBACKUP.Example.\n');
    assert.match(await askFor(haraka, 'user@xn--bcher-kva.example'), OK);
    assert.match(await askFor(haraka, 'user@sub.backup.EXAMPLE'), OK);
    assert.match(await askFor(haraka, 'user@bucher.example'), DENIED);
  });

  it('can lie elsewhere, by an absolute path', async () => {
    const file = haraka.configFile('../our-lists/networks');
    haraka.write('../our-lists/networks', '127.5\n');
    await load(haraka, 'smtpcheck.ini', `[relay]\nlocal_ip=${file}\n`);
    await eventually(
      (reply) => OK.test(reply),
      () => askFor(haraka, outside, { from: '127.5.0.1' }),
    );
    assert.match(await askFor(haraka, outside, { from: '127.9.0.1' }), DENIED);
    await load(haraka, 'smtpcheck.ini', '');
  });

  it('get a warning for flags that do not apply to Haraka, and are taken', async () => {
    await load(haraka, 'smtpcheck.ini', '[privacy]\nflags=novrfy,restrictmailq\n');
    await haraka.waitForLog(/smtpcheck\.ini:2: flag-does-not-apply: restrictmailq does not apply to Haraka, because /);
  });

  it('get an error with the nearest flag for a misspelt one, and are not taken', async () => {
    const generation = generationOf(haraka, 'smtpcheck.ini');
    haraka.write('smtpcheck.ini', '[privacy]\nflags=novrfi\n');
    await haraka.waitForLog(/smtpcheck\.ini:2: flag-unknown: novrfi .*write novrfy/);
    assert.equal(generationOf(haraka, 'smtpcheck.ini'), generation);
    await load(haraka, 'smtpcheck.ini', '');
  });

  it('can be long: parsed apart, while others are served', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `d${i}.bulk.example`);
    await load(haraka, 'relay.to', `${lines.join('\n')}\n`);
    assert.match(await askFor(haraka, 'user@d29999.bulk.example'), OK);
    assert.match(await askFor(haraka, 'user@d30000.bulk.example'), DENIED);
    haraka.write('relay.to', `${lines.join('\n')}\nbad..domain\n`);
    await haraka.waitForLog(/relay\.to:30001: domain-syntax: bad\.\.domain /);
    assert.match(await askFor(haraka, 'user@d0.bulk.example'), OK);
  });

  it('may be a FIFO or device by mistake, which is told of and holds nothing up', async () => {
    fs.rmSync(haraka.configFile('localip'));
    fs.symlinkSync('/dev/zero', haraka.configFile('localip'));
    await haraka.waitForLog(/localip:1: file-unreadable: .*no regular file/);
    const session = await open(haraka, { from: '127.9.0.1' });
    assert.match(await rcpt(session, outside), OK);
    session.destroy();
    fs.rmSync(haraka.configFile('localip'));
    await eventually(
      (reply) => DENIED.test(reply),
      () => askFor(haraka, outside, { from: '127.9.0.1' }),
    );
  });

  it('are looked at as often as [main] poll says, and settle as long as [main] settle says', async () => {
    await load(haraka, 'smtpcheck.ini', '[main]\nsettle=2s\n');
    await pause(200);
    const started = Date.now();
    await load(haraka, 'localip', '127.4\n');
    const took = Date.now() - started;
    assert.ok(took >= 1_900 && took < 6_000, `${took} ms`);
    assert.match(await askFor(haraka, outside, { from: '127.4.0.1' }), OK);
  });

  it('have caused no fault', () => {
    assert.doesNotMatch(haraka.log(), /smtpcheck fault|failed:|unhandled|ran callback multiple/i);
  });
});
