/** The step to the outbound queue. */
import assert from 'node:assert/strict';
import fsPromises from 'node:fs/promises';
import constants from 'haraka-constants';
import type { Address } from '../../../src/types/haraka';
import { closeSites, Site, textOf } from '../../../testkit/haraka';

afterEach(closeSites);

const noRoom = '450 4.3.1 Insufficient system storage';

describe('the queue step', () => {
  const files = { 'relay.to': 'backup.example', 'relay.map': 'To:void.example DISCARD' };

  async function queued(...to: readonly string[]) {
    const site = new Site({ files });
    const session = site.session();
    await session.open();
    await session.send(...to);
    return { site, session, result: await site.run('queue', session.connection) };
  }

  it('hands backup mail to the outbound queue and leaves relaying alone', async () => {
    const { site, session, result } = await queued('a@backup.example', 'b@backup.example');
    assert.equal(result.code, constants.ok);
    assert.deepEqual(site.sent, [session.connection.transaction]);
    assert.equal(session.connection.relaying, false);
    assert.doesNotThrow(() => JSON.stringify(session.connection.transaction?.notes.smtpcheck));
  });

  it('leaves local mail to the local queue', async () => {
    const { site, result } = await queued('a@local.example');
    assert.deepEqual([result.code, site.sent], [undefined, []]);
  });

  it('takes dropped mail and sends it nowhere', async () => {
    const { site, result } = await queued('a@void.example');
    assert.deepEqual([result.code, site.sent], [constants.ok, []]);
  });

  it('has no opinion without a transaction', async () => {
    const site = new Site({ files });
    assert.equal((await site.run('queue', site.session().connection)).code, undefined);
  });

  it('leaves alone what the client has taken with it', async () => {
    const site = new Site({ files });
    const session = site.session();
    await session.open();
    await session.send('a@backup.example');
    const answer = site.run('queue', session.connection);
    session.endTransaction();
    await answer;
    assert.deepEqual(site.sent, []);
  });

  it('has no mark for what stays here, whatever was refused before', async () => {
    const site = new Site({ files });
    const quota = {
      name: 'quota',
      hook_rcpt_ok: (next: (code?: number, message?: string) => void, _connection: unknown, { user }: Address) =>
        user === 'full' ? next(constants.denysoft, 'full') : next(),
    };
    site.hooks.push({ hook: 'rcpt_ok', plugin: quota, method: 'hook_rcpt_ok', priority: 0 });
    const session = site.session();
    await session.open();
    assert.deepEqual(await session.send('full@backup.example', 'a@local.example'), [
      `${constants.denysoft} full`,
      '250',
    ]);
    assert.equal(session.connection.transaction?.notes.smtpcheck, undefined);
  });

  for (const { name, bavail, reply } of [
    { name: 'defers where the disk has no room for a mebibyte', bavail: 255, reply: noRoom },
    { name: 'queues where it has', bavail: 256, reply: undefined },
  ]) {
    it(name, async () => {
      const { HARAKA } = process.env;
      const { statfs } = fsPromises;
      const site = new Site({ files: { ...files, queue_dir: 'queue' } });
      const session = site.session();
      await session.open();
      await session.send('a@backup.example');
      try {
        process.env.HARAKA = site.folder.path;
        Object.assign(fsPromises, { statfs: async () => ({ bavail, bsize: 4096 }) });
        const { code, message } = await site.run('queue', session.connection);
        assert.equal(code, reply ? constants.denysoft : constants.ok);
        assert.equal(message && textOf(message), reply);
        assert.equal(site.sent.length, reply ? 0 : 1);
      } finally {
        Object.assign(fsPromises, { statfs });
        if (HARAKA === undefined) delete process.env.HARAKA;
        else process.env.HARAKA = HARAKA;
      }
    });
  }

  it('passes on what the outbound queue answers', async () => {
    const site = new Site({ files });
    site.outboundAnswer = [constants.denysoft, 'disk full'];
    const session = site.session();
    await session.open();
    await session.send('a@backup.example');
    assert.deepEqual(await site.run('queue', session.connection), { code: constants.denysoft, message: 'disk full' });
  });
});
