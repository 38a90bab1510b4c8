/** Reads the keys that the settings name once, for the command line: what they hold, or why that is not known. */

import type { RedisKey } from '../../policy/settings/list-source';
import type { Settings } from '../../policy/settings/settings-description';
import { within } from '../../time/within';
import { decodeText } from '../files/file-reader';
import { type ListId, listSettings } from '../list-settings';
import { sortLines } from '../parsing/parse-bytes';
import { readKey } from './key-reader';
import type { RedisClientFactory } from './redis-client-factory';
import { RedisConnection } from './redis-connection';

/** The text of a list, or that its key is not there or of another type, or why it could not be read. */
export type KeySnapshot = { readonly redis: RedisKey } & (
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'missing' }
  | { readonly state: 'wrong-type'; readonly type: string }
  | { readonly state: 'unread'; readonly reason: string }
);

/** Takes no longer than `limit` milliseconds, whatever the servers do. Never rejects. */
export async function readSnapshots(
  settings: Settings,
  factory: RedisClientFactory,
  limit: number,
): Promise<ReadonlyMap<ListId, KeySnapshot>> {
  const found = new Map<ListId, KeySnapshot>();
  await Promise.all(
    listSettings.map(async ({ name, sourceIn }) => {
      const { redis } = sourceIn(settings);
      if (redis) found.set(name, await readSnapshot(redis, name === 'relay_map', factory, limit));
    }),
  );
  return found;
}

async function readSnapshot(
  redis: RedisKey,
  mayBeHash: boolean,
  factory: RedisClientFactory,
  limit: number,
): Promise<KeySnapshot> {
  if (!factory.isInstalled) return { redis, state: 'unread', reason: 'haraka-plugin-redis is not found from here' };
  const connection = new RedisConnection(factory, redis.server, limit);
  try {
    const reading = connection.open().then(() => readKey(connection.ask, redis.key, mayBeHash));
    const content = await within(limit, reading);
    if (content.state !== 'read') return { redis, ...content };
    return { redis, state: 'read', text: decodeText(content.unordered ? sortLines(content.bytes) : content.bytes) };
  } catch (error) {
    return { redis, state: 'unread', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    connection.close();
  }
}
