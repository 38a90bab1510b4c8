/** Trust as the whole connection sees it: given, reviewed, taken back. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import constants from 'haraka-constants';
import { addressClasses, closeSites, type Session, Site } from '../../../testkit/haraka';
import { until } from '../../../testkit/until';

afterEach(closeSites);

const recipient = (mailbox: string) => addressClasses[1]?.make(mailbox);

const denied = '550 5.7.1 Relaying denied';
const reconnect = '421 4.7.1 Relaying permission has changed, please reconnect';

describe('trust', () => {
  it('is given once, however often connect_init runs', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await session.proxied('192.0.2.7');
    assert.equal(session.connection.relaying, true);
    assert.deepEqual(session.results('pass'), ['client-network']);
  });

  it('does not outlive the address it was given to', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await session.proxied('203.0.113.9');
    assert.equal(session.connection.relaying, false);
    assert.deepEqual(await session.send('user@victim.example'), [denied]);
    await session.proxied('192.0.2.8');
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
  });

  for (const [ini, allowed] of [
    [[], false],
    [['[relay]', 'mode=observe'], true],
  ] as const) {
    it(`${allowed ? 'leaves it to Haraka to take' : 'takes no'} PROXY lines once a client is connected`, async () => {
      const session = new Site({ ini }).session();
      session.connection.proxy.allowed = true;
      await session.open();
      assert.equal(session.connection.proxy.allowed, allowed);
    });
  }

  it('comes with the address behind a proxy', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '203.0.113.9' });
    await session.open();
    await session.proxied('192.0.2.7');
    assert.equal(session.connection.relaying, true);
  });

  async function revoked(session: Session): Promise<void> {
    const { site } = session;
    fs.rmSync(site.config('localip'));
    await until('the list is empty', () => site.log.some((line) => line.includes('file=localip generation=2 missing')));
  }

  it('is withdrawn at the next recipient after the list has changed, and the connection ends', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
    await revoked(session);
    const { code } = await session.site.run('rcpt', session.connection, [recipient('other@victim.example'), {}]);
    assert.equal(code, constants.denysoftdisconnect);
    assert.equal(session.connection.relaying, false);
    session.endTransaction();
    assert.equal(session.connection.relaying, false, 'the connection has forgotten it too');
    assert.ok(session.log.some(({ text }) => text === 'smtpcheck trust withdrawn from 192.0.2.7'));
    assert.equal(session.counted('defer', 'trust-withdrawn'), 1);
    assert.deepEqual(await askAgain(session), [denied, denied, '250']);
  });

  /** On a new connection: another recipient, a route and a local one. */
  async function askAgain({ site }: Session): Promise<string[]> {
    const session = site.session({ ip: '192.0.2.7' });
    await session.open();
    return session.send('user@victim.example', 'user%victim.example@local.example', 'user@local.example');
  }

  for (const to of ['user%victim.example@local.example', 'user@local.example']) {
    it(`ends with the connection whoever is next, ${to} too: other plugins have seen the client trusted`, async () => {
      const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
      await session.open();
      await revoked(session);
      assert.deepEqual(await session.send(to), [reconnect]);
    });
  }

  it('is withdrawn at connect, where the name has taken its time, and ends the connection then as well', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.site.run('connect_init', session.connection);
    await revoked(session);
    assert.equal((await session.site.run('connect', session.connection)).code, undefined);
    assert.deepEqual(await session.send('user@victim.example'), [reconnect]);
  });

  for (const restriction of ['true', 'false']) {
    it(`is withdrawn when the list changes during another rcpt hook, with restriction=${restriction}`, async () => {
      const site = new Site({ files: { localip: '192.0.2' }, ini: ['[relay]', `restriction=${restriction}`] });
      const session = site.session({ ip: '192.0.2.7' });
      const slow = { slow: (next: () => void) => void revoked(session).then(() => next()) };
      site.hooks.push({ hook: 'rcpt', plugin: slow, method: 'slow', priority: 50 });
      await session.open();
      assert.deepEqual(await session.send('user@victim.example'), [reconnect]);
      assert.deepEqual(session.recipients, []);
    });
  }

  it('stays withdrawn when the same connection is vouched for by nobody', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await revoked(session);
    await session.send('user@victim.example');
    // As RSET and a new MAIL do, should the connection live on.
    session.endTransaction();
    assert.deepEqual(await session.send('user@victim.example'), [reconnect]);
  });

  it('of another plugin counts again once ours is withdrawn', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await revoked(session);
    assert.deepEqual(await session.send('user@victim.example'), [reconnect]);
    session.endTransaction();
    session.connection.relaying = true;
    assert.deepEqual(await session.send('user@victim.example', 'other@victim.example'), ['250', '250']);
  });

  it('stays with a client that has authenticated', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    session.connection.notes.auth_user = 'someone';
    await revoked(session);
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
    assert.equal(session.connection.relaying, true);
  });

  it('of another plugin is not ours to take', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '203.0.113.9' });
    await session.open();
    session.connection.relaying = true;
    await revoked(session);
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
    assert.ok(session.site.passed.has('vouched'));
  });

  it('is withdrawn when relay is switched to observe', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    const { site } = session;
    site.write('smtpcheck.ini', '[relay]\nmode=observe\n');
    await until('it is', () => site.log.some((line) => line.includes('file=smtpcheck.ini generation=2')));
    assert.deepEqual(await session.send('user@victim.example'), [reconnect]);
    assert.equal(session.connection.relaying, false);
    assert.deepEqual(await askAgain(session), ['550 I cannot deliver mail', '250', '250']);
  });

  it('is nothing that HELO or MAIL FROM could earn', async () => {
    const files = { localip: '192.0.2', localdomain: 'campus.example', 'relay.to': 'backup.example' };
    const session = new Site({ files }).session({ helo: 'lab1.campus.example' });
    await session.open();
    await session.mail('someone@campus.example');
    assert.match(await session.rcpt('user@victim.example'), /^[45]50 /);
  });

  it('is none for a client without an address', async () => {
    const session = new Site({ files: { localdomain: 'campus.example' } }).session();
    session.connection.remote.ip = null;
    await session.open();
    assert.deepEqual(await session.send('user@victim.example', 'user@local.example'), [denied, '250']);
  });
});
