/** A connection to Redis ends when its server is silent, however far it has got, and is left open by nobody. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisConnection } from '../../../src/lists/redis/redis-connection';
import { FakeRedis } from '../../../testkit/fakes/redis';
import { clientsOf } from '../../../testkit/redis-clients';
import { until } from '../../../testkit/until';

const limit = 400;
/** As long as a server may be silent before it is noticed, and what a busy machine needs besides. */
const noticed = 1.5 * limit + 400;

describe('RedisConnection', () => {
  let redis: FakeRedis;
  let connection: RedisConnection | undefined;
  beforeEach(async () => {
    redis = await new FakeRedis().start();
  });
  afterEach(async () => {
    connection?.close();
    await until('it is closed', () => redis.connections === 0);
    await redis.stop();
  });

  for (const version of [5, 6] as const) {
    function connect() {
      const lost: unknown[] = [];
      const changed: (string | undefined)[] = [];
      const answered: number[] = [];
      connection = new RedisConnection(clientsOf(redis, version), undefined, limit, {
        answered: (askedAt) => answered.push(askedAt),
        changed: (key) => changed.push(key),
        lost: (reason) => lost.push(reason),
      });
      return { connection, lost, changed, answered };
    }

    describe(`with version ${version} of the client`, () => {
      it('stays open while nothing is asked, and the server answers', async () => {
        const { connection, lost, answered } = connect();
        await connection.open();
        await sleep(3 * limit);
        assert.deepEqual(lost, []);
        assert.equal(redis.connections, 1);
        const last = answered.at(-1) ?? 0;
        assert.ok(performance.now() - last < limit, 'and has answered of late');
      });

      it('passes change notices on', async () => {
        const { connection, changed } = connect();
        await connection.open();
        assert.equal(connection.sendsNotices, true);
        redis.set('a', 'x');
        await connection.ask(['GET', 'a']);
        redis.set('a', 'y');
        await until('it is told', () => changed.length === 1);
        await connection.ask(['GET', 'a']);
        redis.flush();
        await until('it is told', () => changed.length === 2);
        assert.deepEqual(changed, ['a', undefined]);
      });

      it('does not open where the server takes it and says nothing', async () => {
        redis.pause();
        const { connection, lost } = connect();
        const from = performance.now();
        await assert.rejects(connection.open());
        assert.ok(performance.now() - from < 2 * limit + 400);
        assert.deepEqual(lost, []);
      });

      interface Fault {
        readonly name: string;
        begin(): unknown;
      }
      const faults: readonly Fault[] = [
        { name: 'is silent', begin: () => redis.pause() },
        { name: 'hangs up', begin: () => redis.disconnect() },
        { name: 'ends', begin: () => redis.stop() },
        { name: 'forbids PING', begin: () => redis.forbidden.add('PING') },
        { name: 'sends what is no reply', begin: () => redis.send('no reply\r\n') },
        { name: 'answers more than was asked', begin: () => redis.send(':1\r\n') },
      ];
      for (const { name, begin } of faults) {
        it(`is lost once where the server ${name}, and asks no more`, async () => {
          const { connection, lost } = connect();
          await connection.open();
          const from = performance.now();
          begin();
          await until('it is lost', () => lost.length > 0);
          assert.ok(performance.now() - from < noticed);
          await assert.rejects(connection.ask(['GET', 'a']));
          await sleep(limit);
          assert.equal(lost.length, 1);
        });
      }

      it('is lost where the server falls silent in the midst of a command', async () => {
        const { connection, lost } = connect();
        await connection.open();
        redis.pause();
        const from = performance.now();
        await assert.rejects(connection.ask(['GET', 'a']));
        assert.ok(performance.now() - from < noticed);
        assert.equal(lost.length, 1);
      });

      it('is not lost by an error reply to a command', async () => {
        const { connection, lost } = connect();
        await connection.open();
        redis.forbidden.add('GET');
        await assert.rejects(connection.ask(['GET', 'a']), /unknown command/);
        assert.equal(await connection.ask(['TYPE', 'a']), 'none');
        assert.deepEqual(lost, []);
      });

      it('rejects what is under way when it is closed, and calls that no loss', async () => {
        const { connection, lost } = connect();
        await connection.open();
        redis.pause();
        const asked = connection.ask(['GET', 'a']);
        connection.close();
        await assert.rejects(asked);
        assert.deepEqual(lost, []);
      });

      it('leaves no socket behind when it is closed before it is open', async () => {
        for (const delay of [0, 1, 50]) {
          redis.pause();
          const { connection } = connect();
          const opening = assert.rejects(connection.open());
          await sleep(delay);
          connection.close();
          await opening;
          await until('it is closed', () => redis.connections === 0);
          redis.resume();
        }
      });
    });
  }
});
