/** Redis clients for a test: of one server or of a `redis.ini`, with each version of the client that a Haraka may bring. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { harakaPackage } from '../examples/haraka-directory';
import { RedisClientFactory, type RedisPackage } from '../src/lists/redis/redis-client-factory';
import { RedisIniFile } from '../src/lists/redis/redis-ini';
import type { StoreLog } from '../src/lists/store-log';
import type { FakeRedis } from './fakes/redis';

/** `5.8` knows nothing of notices. */
export type ClientVersion = 5 | 5.8 | 6;

const fromHaraka = createRequire(join(harakaPackage('3.3'), 'package.json'));
/** Haraka 3.3 itself has version 6 of the client; the plugin that we take it from still has 5. */
const newest = fromHaraka('redis') as RedisPackage;

export function clientsOf(redis: FakeRedis, version: ClientVersion = 5, server: object = {}): RedisClientFactory {
  const factory = new RedisClientFactory(
    { get: () => ({ server: { host: '127.0.0.1', port: redis.port, ...server } }) },
    [__filename],
  );
  if (version === 5.8) {
    const { client } = factory;
    const createClient = (options: object) => client.createClient({ ...options, emitInvalidate: undefined });
    Object.defineProperty(factory, 'client', { value: { ...client, createClient } });
  }
  if (version === 6) Object.defineProperty(factory, 'client', { value: newest });
  return factory;
}

/** By the `redis.ini` of a config folder, which may change. */
export function clientsBy(configFolder: string, log: StoreLog): RedisClientFactory {
  return new RedisClientFactory(new RedisIniFile(configFolder, log), [__filename]);
}

export function redisIni(port: number): string {
  return `[server]\nhost=127.0.0.1\nport=${port}\n`;
}

interface HarakaConfigFile {
  get(name: string, changed?: () => void): Record<string, Record<string, unknown>>;
  stop_watching(name: string): void;
}

/** What any other plugin reads its config with; `harakaFolder` is that around `config`. */
export function harakaConfig(harakaFolder: string): HarakaConfigFile {
  const config = fromHaraka('haraka-config') as { module_config(folder: string): HarakaConfigFile };
  return config.module_config(harakaFolder);
}
