/** A `redis.ini` that changes under a running Haraka in which Haraka's own plugin for Redis has read it too, after us. */
import assert from 'node:assert/strict';
import { FakeRedis } from '../../../testkit/fakes/redis';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, eventually } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';
import { redisIni } from '../../../testkit/redis-clients';

const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';
const outside = 'user@victim.example';
const [first, second] = ['127.9.0.1', '127.8.0.1'];
const settings = '[main]\npoll=500ms\nsettle=100ms\n[relay]\nlocal_ip=redis:localip\n[redis]\nmax_age=5s\n';

for (const version of versions) {
  describe(`redis.ini that changes under a running Haraka ${version}`, () => {
    const [old, other] = [new FakeRedis(), new FakeRedis()];
    let haraka: RunningHaraka;

    before(async () => {
      await Promise.all([old.start(), other.start()]);
      old.add('localip', first);
      other.add('localip', second);
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'redis', 'rcpt_to.in_host_list'],
        files: { host_list: 'local.example', 'smtpcheck.ini': settings, 'redis.ini': redisIni(old.port) },
      });
    });
    after(async () => {
      await haraka?.stop();
      await Promise.all([old.stop(), other.stop()]);
    });

    const ask = (from: string) => askFor(haraka, outside, { from });

    it('leads to the other server: who is listed there alone may relay', async () => {
      assert.match(await ask(first), OK);
      assert.equal(await ask(second), DENIED);
      haraka.write('redis.ini', redisIni(other.port));
      await eventually(
        (reply) => OK.test(reply),
        () => ask(second),
      );
      assert.equal(await ask(first), DENIED);
      other.remove('localip', second);
      await eventually(
        (reply) => reply === DENIED,
        () => ask(second),
      );
    });

    it('leads to where it led before when it is deleted', async () => {
      haraka.remove('redis.ini');
      await haraka.waitForLog('redis.ini was deleted: its last content stays in force');
      other.add('localip', second);
      await eventually(
        (reply) => OK.test(reply),
        () => ask(second),
      );
    });
  });
}
