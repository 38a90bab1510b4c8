/** The way to a Redis server for a test: as redis.ini would have it, with either version of the client that Haraka brings. */
import { createRequire } from 'node:module';
import { RedisAccess, type RedisPackage } from '../../runtime/redis-package';
import type { FakeRedis } from './fake-redis';

/** `5.8` knows nothing of notices. */
export type ClientVersion = 5 | 5.8 | 6;

const fromHere = createRequire(__filename);
/** Haraka 3.3 itself has version 6 of the client; the plugin that we take it from still has 5. */
const newest = createRequire(fromHere.resolve('Haraka/package.json'))('redis') as RedisPackage;

export function accessTo(redis: FakeRedis, version: ClientVersion = 5, server: object = {}): RedisAccess {
  const access = new RedisAccess({ get: () => ({ server: { host: '127.0.0.1', port: redis.port, ...server } }) }, [
    __filename,
  ]);
  if (version === 5.8) {
    const { client } = access;
    const createClient = (options: object) => client.createClient({ ...options, emitInvalidate: undefined });
    Object.defineProperty(access, 'client', { value: { ...client, createClient } });
  }
  if (version === 6) Object.defineProperty(access, 'client', { value: newest });
  return access;
}
