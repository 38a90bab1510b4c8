/** The plugins while Redis is away: nothing is refused for good that a list could permit, and nobody on host.deny gets in. */
import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import { FakeRedis } from '../../testkit/fakes/redis';
import { closeSites, Site } from '../../testkit/haraka';
import { until } from '../../testkit/until';

afterEach(closeSites);

/** Nobody listens there. */
const nowhere = 'redis:[127.0.0.1:1]';
const putOff = '450 4.7.1 Relaying temporarily denied';

function siteWith(ini: string, plugins: readonly ('relay' | 'deny')[] = ['relay']): Site {
  return new Site({ plugins, files: { 'smtpcheck.ini': ini, 'redis.ini': '' } });
}

describe('relay, while its lists are away', () => {
  it('puts off recipients that they could decide, and takes local ones', async () => {
    const session = siteWith(`[relay]\nrelay_to=${nowhere}\n`).session();
    await session.open();
    assert.deepEqual(await session.send('u@victim.example', 'a%b@victim.example', 'u@local.example'), [
      putOff,
      '550 5.7.1 Relaying denied',
      '250',
    ]);
    assert.equal(session.counted('defer', 'list-unavailable'), 1);
  });

  it('does not refuse a route of a client that it may trust', async () => {
    const session = siteWith(`[relay]\nlocal_ip=${nowhere}\n`).session();
    await session.open();
    assert.deepEqual(await session.send('a%b@victim.example'), [putOff]);
  });

  it('keeps mail in the queue while a next hop could be there', async () => {
    const site = siteWith(`[relay]\nrelay_to=${nowhere}\n`);
    const mail = { todo: { domain: 'a.example' }, lognotice() {}, logerror() {} };
    assert.equal((await site.run('get_mx', mail, 'a.example')).code, constants.denysoft);
  });

  it('withdraws trust once the list is too old, and then puts off', async () => {
    const redis = await new FakeRedis().start();
    redis.add('localip', '203.0.113.9');
    const quick = '[main]\nsettle=50ms\n[redis]\nmax_age=1s\n';
    const site = siteWith(`${quick}[relay]\nlocal_ip=redis:[127.0.0.1:${redis.port}]\n`);
    try {
      await site.run('init_master', { logerror() {} });
      const session = site.session();
      assert.equal(await session.open(), '220');
      assert.ok(session.connection.relaying);
      assert.deepEqual(await session.send('u@victim.example'), ['250']);
      session.endTransaction();
      redis.pause();
      const reconnect = '421 4.7.1 Relaying permission has changed, please reconnect';
      await until('it is sent away', async () => (await session.send('u@victim.example'))[0] === reconnect);
      assert.ok(!session.connection.relaying);
      const again = site.session();
      await again.open();
      assert.deepEqual(await again.send('u@victim.example'), [putOff]);
      redis.resume();
      await until('it is trusted again', async () => (await again.send('u@victim.example'))[0] === '250');
    } finally {
      site.close();
      await redis.stop();
    }
  });
});

describe('deny, while host.deny is away', () => {
  it('puts every client off at connect', async () => {
    const site = siteWith(`[deny]\nhosts=${nowhere}\n`, ['deny']);
    assert.equal(await site.session().open(), '421 4.7.1 Access temporarily denied');
  });

  it('puts every client off at its recipients, trusted ones too', async () => {
    const ini = `[relay]\nlocal_ip=localip\n[deny]\nat=rcpt\nhosts=${nowhere}\n`;
    const site = new Site({
      plugins: ['deny', 'relay'],
      files: { 'smtpcheck.ini': ini, 'redis.ini': '', localip: '203.0.113.9' },
    });
    const session = site.session();
    assert.equal(await session.open(), '220');
    assert.deepEqual(await session.send('u@victim.example', 'u@local.example'), [
      '450 4.7.1 Access temporarily denied',
      '450 4.7.1 Access temporarily denied',
    ]);
  });

  it('lets everybody in where it only observes', async () => {
    const site = siteWith(`[deny]\nmode=observe\nhosts=${nowhere}\n`, ['deny']);
    assert.equal(await site.session().open(), '220');
  });
});

describe('the start with lists in Redis', () => {
  it('waits for them, and no longer than it may', async () => {
    const site = siteWith(`[deny]\nhosts=${nowhere}\n`, ['deny']);
    site.plugin.timeout = 1;
    for (const hook of ['init_master', 'init_child']) assert.equal(site.plugin.hooks[hook]?.[0], 'await_lists');
    const from = performance.now();
    assert.equal((await site.run('init_master', { logerror() {} })).code, undefined);
    assert.ok(performance.now() - from < 3500);
  });

  it('waits for nothing where all lists are files', () => {
    const site = siteWith('', ['deny']);
    for (const hook of ['init_master', 'init_child']) assert.ok(!site.plugin.hooks[hook]?.includes('await_lists'));
  });
});
