/** Tests that need a redis-server. Where it cannot be had, that is said; with `SMTPCHECK_PEERS_REQUIRED=1` it is a failure. */
import assert from 'node:assert/strict';
import { installRedis } from '../servers/install';

export function onRedis(name: string, suite: (root: string) => void): void {
  const redis = installRedis();
  describe(name, () => {
    if ('root' in redis) return suite(redis.root);
    it(`could not be tried: ${redis.missing}`, () => {
      console.log(`      NOTHING WAS TRIED WITH REDIS: ${redis.missing}`);
      assert.equal(process.env.SMTPCHECK_PEERS_REQUIRED, undefined);
    });
    return undefined;
  });
}
