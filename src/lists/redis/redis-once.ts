/** Reads the keys that the settings name once, for a look from the command line: what they hold, or why that cannot be told. */

import type { RedisKey } from '../../policy/settings/list-source';
import type { Settings } from '../../policy/settings/settings-description';
import { within } from '../../time/within';
import { decodeText } from '../files/file-reader';
import { type ListId, listSettings } from '../list-settings';
import { sortLines } from '../parsing/parse-bytes';
import { type KeyContent, readKey } from './redis-key';
import { RedisLink, type Session } from './redis-link';
import type { RedisAccess } from './redis-package';

/** The text of a list, or that its key is not there or of another type, or why it could not be read. */
export type Once = { readonly redis: RedisKey } & (
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'missing' }
  | { readonly state: 'wrong-type'; readonly type: string }
  | { readonly state: 'unread'; readonly reason: string }
);

/** Takes no longer than `limit` milliseconds, whatever the servers do. Never rejects. */
export async function readOnce(
  settings: Settings,
  access: RedisAccess,
  limit: number,
): Promise<ReadonlyMap<ListId, Once>> {
  const found = new Map<ListId, Once>();
  await Promise.all(
    listSettings.map(async (listSetting) => {
      const { redis } = listSetting.sourceIn(settings);
      if (redis) found.set(listSetting.name, await keyOnce(redis, listSetting.name === 'relay_map', access, limit));
    }),
  );
  return found;
}

async function keyOnce(redis: RedisKey, mayBeHash: boolean, access: RedisAccess, limit: number): Promise<Once> {
  if (!access.isInstalled) return { redis, state: 'unread', reason: 'haraka-plugin-redis is not found from here' };
  let link: RedisLink | undefined;
  try {
    const connected = new Promise<Session>((resolve, reject) => {
      link = new RedisLink(access, redis.server, limit, {
        up: resolve,
        down: (reason) => reject(new Error(reason)),
        changed() {},
        answered() {},
      });
      link.open();
    });
    const content = connected.then(({ ask }) => readKey(ask, redis.key, mayBeHash));
    return { redis, ...shown(await within(limit, content)) };
  } catch (error) {
    return { redis, state: 'unread', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    link?.close();
  }
}

function shown(content: KeyContent) {
  if (content.state !== 'read') return content;
  return { state: content.state, text: decodeText(content.unordered ? sortLines(content.bytes) : content.bytes) };
}
