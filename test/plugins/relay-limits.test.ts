/** A recipient over its limit beside other plugins: what they have put into its place, or noted for it, goes with it. */
import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import type { SuitePlugin } from '../../src/host/answer';
import type { Address, Connection } from '../../src/types/haraka';
import { addressClasses, closeSites, Site } from '../../testkit/haraka';

afterEach(closeSites);

const OVER = '450 4.7.1 Too many recipients from this client; try again later';
const ip = '127.9.0.1';

type Rcpt = (next: (code?: number) => void, connection: Connection, params: readonly [Address]) => void;

/** A plugin that is asked about each recipient before ours. */
function siteWith(localip: string, hook_rcpt: Rcpt, addresses = addressClasses[1]): Site {
  const site = new Site({ files: { localip, host_list: 'local.example\n' }, ...(addresses && { addresses }) });
  site.hooks.push({ hook: 'rcpt', plugin: { name: 'other', hook_rcpt }, method: 'hook_rcpt', priority: 0 });
  return site;
}

describe('a limit of recipients beside other plugins', () => {
  for (const addresses of addressClasses) {
    it(`counts what stands in the place of one recipient, all or none, with ${addresses.name}`, async () => {
      const site = siteWith(
        '127.9 limit=4/1h\n',
        (next, { transaction }, [address]) => {
          if (address.user === 'team' && transaction) {
            const team = ['a', 'b', 'c'].map((user) => addresses.make(`${user}@victim.example`));
            transaction.rcpt_to = [...transaction.rcpt_to.slice(0, -1), ...team];
          }
          next();
        },
        addresses,
      );
      const session = site.session({ ip });
      await session.open();
      const members = ['a@victim.example', 'b@victim.example', 'c@victim.example'];
      assert.deepEqual(await session.send('team@victim.example'), ['250']);
      assert.deepEqual(session.recipients, members);
      assert.equal(await session.rcpt('team@victim.example'), OVER);
      assert.deepEqual(session.recipients, members);
      assert.equal(await session.rcpt('one@victim.example'), '250');
      assert.equal(await session.rcpt('two@victim.example'), OVER);
      assert.equal(await session.rcpt('user@local.example'), '250');
      assert.deepEqual([...session.routed].sort(), [
        'local user@local.example',
        ...[...members, 'one@victim.example'].map((recipient) => `relay ${recipient}`),
      ]);
    });
  }

  it('keeps no next hop that was noted for a recipient over it', async () => {
    const site = siteWith('127.9 limit=1/1h\n', (next, { transaction }, [address]) => {
      if (transaction && address.user === 'routed') transaction.notes.queue = { next_hop: 'smtp://192.0.2.9' };
      next();
    });
    const session = site.session({ ip });
    await session.open();
    assert.deepEqual(await session.send('a@victim.example', 'routed@victim.example', 'user@local.example'), [
      ...['250', OVER, '250'],
    ]);
    assert.equal(session.connection.transaction?.notes.queue, undefined);
  });

  it('counts nothing for what a plugin drops', async () => {
    const site = siteWith('127.9 limit=1/1h\n', (next, { transaction }, [address]) => {
      if (transaction && address.user === 'drop') transaction.notes.discard = true;
      next(address.user === 'drop' ? constants.ok : undefined);
    });
    const session = site.session({ ip });
    await session.open();
    assert.deepEqual(await session.send('drop@victim.example', 'drop@victim.example', 'a@victim.example'), [
      ...['250', '250', '250'],
    ]);
    assert.equal(await session.rcpt('b@victim.example'), OVER);
  });

  it('counts nothing for a client that another plugin lets relay, nor for one that only observes', async () => {
    const site = siteWith('127.9 limit=1/1h\n', (next) => next());
    const session = site.session({ ip });
    session.connection.relaying = true;
    await session.open();
    assert.deepEqual(await session.send('a@victim.example', 'b@victim.example'), ['250', '250']);
    const observing = new Site({ files: { localip: '127.9 limit=1/1h\n' }, ini: ['[relay]', 'mode=observe'] });
    const watched = observing.session({ ip });
    watched.connection.relaying = true;
    await watched.open();
    assert.deepEqual(await watched.send('a@victim.example', 'b@victim.example'), ['250', '250']);
  });

  it('defers the recipient where nobody can count it, and says why in the log', async () => {
    const site = siteWith('127.9 limit=5/1h\n', (next) => next());
    const { smtpcheck: suite } = site.plugin as unknown as SuitePlugin;
    suite?.limits.useMaster(() => Promise.reject(new Error('the master is silent')));
    const session = site.session({ ip });
    await session.open();
    assert.deepEqual(await session.send('a@victim.example', 'user@local.example'), [
      '451 4.3.0 Temporary local problem, please try again',
      '250',
    ]);
    assert.ok(session.log.some(({ level, text }) => level === 'logerror' && text.includes('the master is silent')));
    assert.deepEqual(session.recipients, ['user@local.example']);
  });
});
