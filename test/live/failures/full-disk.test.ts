/** Mail that the lists send on, where the outbound queue has no room for it. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { open, rcpt, said, send } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

// Haraka adds the transaction's id.
const NO_ROOM = /^450 4\.3\.1 Insufficient system storage \([\w-]+\.1\)$/;

for (const version of versions) {
  describe(`a full disk under Haraka ${version}`, () => {
    let haraka: RunningHaraka;
    before(async () => {
      haraka = await startHaraka({
        version,
        plugins: ['full_disk', 'smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
        files: { host_list: 'local.example\n', localip: '127.9\n', 'relay.to': 'backup.example\n' },
      });
    });
    after(() => haraka?.stop());

    for (const { who, from, to } of [
      { who: 'a stranger with backup mail', from: '127.66.0.1', to: 'user@backup.example' },
      { who: 'a trusted client', from: '127.9.0.1', to: 'user@victim.example' },
    ]) {
      it(`has ${who} come again, on the same connection, and queues nothing`, async () => {
        const session = await open(haraka, { from });
        assert.match(await rcpt(session, to), /^250 /);
        assert.match(await send(session, 'too much'), NO_ROOM);
        assert.match(said(await session.command('MAIL FROM:<>')), /^250 /);
        session.destroy();
        assert.deepEqual(await haraka.queued(), []);
        assert.match(haraka.log(), /no room for a message in \S+queue, the client is told to come again/);
      });
    }

    it('leaves local mail alone', async () => {
      const session = await open(haraka);
      await rcpt(session, 'user@local.example');
      assert.match(await send(session, 'local'), /^250 /);
      session.destroy();
    });
  });
}
