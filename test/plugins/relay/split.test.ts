/** A transaction holds recipients of one way only. */
import assert from 'node:assert/strict';
import { closeSites, Site } from '../../helpers/haraka';

afterEach(closeSites);

const denied = '550 5.7.1 Relaying denied';
const apart = '452 4.5.3 Send this recipient in a separate transaction';

describe('a transaction', () => {
  const files = { 'relay.to': 'backup.example\nother-backup.example', 'relay.map': 'To:void.example DISCARD' };
  const rows: readonly {
    readonly name: string;
    readonly to: readonly string[];
    readonly replies: readonly string[];
  }[] = [
    {
      name: 'holds any number of local recipients',
      to: ['a@local.example', 'b@local.example'],
      replies: ['250', '250'],
    },
    {
      name: 'holds any number of backup recipients',
      to: ['a@backup.example', 'b@other-backup.example'],
      replies: ['250', '250'],
    },
    {
      name: 'puts off a backup recipient after a local one',
      to: ['a@local.example', 'a@backup.example', 'b@local.example'],
      replies: ['250', apart, '250'],
    },
    {
      name: 'puts off a local recipient after a backup one',
      to: ['a@backup.example', 'a@local.example', 'b@backup.example'],
      replies: ['250', apart, '250'],
    },
    {
      name: 'goes by the recipients it holds, not by those it refused',
      to: ['a@victim.example', 'a@backup.example', 'a@local.example'],
      replies: [denied, '250', apart],
    },
    {
      name: 'keeps what is dropped apart',
      to: ['a@void.example', 'a@local.example', 'a@backup.example', 'b@void.example'],
      replies: ['250', apart, apart, '250'],
    },
    {
      name: 'takes bare postmaster beside local recipients',
      to: ['postmaster', 'a@local.example', 'a@backup.example'],
      replies: ['250', '250', apart],
    },
  ];
  for (const { name, to, replies } of rows) {
    it(name, async () => {
      const session = new Site({ files }).session();
      await session.open();
      assert.deepEqual(await session.send(...to), replies);
      assert.equal(session.connection.relaying, false);
    });
  }

  it('starts afresh after the one before', async () => {
    const session = new Site({ files }).session();
    await session.open();
    assert.deepEqual(await session.send('a@local.example'), ['250']);
    session.endTransaction();
    assert.deepEqual(await session.send('a@backup.example'), ['250']);
  });

  it('of a trusted client is not split', async () => {
    const session = new Site({ files: { ...files, localip: '192.0.2' } }).session({ ip: '192.0.2.7' });
    await session.open();
    const replies = await session.send('a@local.example', 'a@backup.example', 'a@victim.example');
    assert.deepEqual(replies, ['250', '250', '250']);
  });
});
