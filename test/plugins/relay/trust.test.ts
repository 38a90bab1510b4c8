/** Trust as the whole connection sees it: given, reviewed, taken back. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { closeSites, type Session, Site } from '../../helpers/haraka';
import { until } from '../../helpers/until';

afterEach(closeSites);

const denied = '550 5.7.1 Relaying denied';

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

  it('is withdrawn at the next recipient after the list has changed', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    assert.deepEqual(await session.send('user@victim.example'), ['250']);
    await revoked(session);
    assert.equal(await session.rcpt('other@victim.example'), denied);
    assert.equal(session.connection.relaying, false);
    session.endTransaction();
    assert.equal(session.connection.relaying, false, 'the connection has forgotten it too');
    assert.deepEqual(await session.send('user@victim.example', 'user%victim.example@local.example'), [denied, denied]);
    assert.ok(session.log.some(({ text }) => text === 'smtpcheck trust withdrawn from 192.0.2.7'));
  });

  it('stays withdrawn when the same connection is vouched for by nobody', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await revoked(session);
    await session.send('user@victim.example');
    // As RSET and a new MAIL do.
    session.endTransaction();
    assert.deepEqual(await session.send('user@victim.example'), [denied]);
  });

  it('of another plugin counts again once ours is withdrawn', async () => {
    const session = new Site({ files: { localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    await revoked(session);
    assert.deepEqual(await session.send('user@victim.example'), [denied]);
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
    assert.deepEqual(await session.send('user@victim.example'), ['550 I cannot deliver mail']);
    assert.equal(session.connection.relaying, false);
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
