/**
 * Makes Redis clients as Haraka's own plugins do: of the package that `haraka-plugin-redis` brings, with the options that
 * it takes from `redis.ini`. It is looked for where Haraka would find it, and loaded only once a setting names Redis.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { RedisServer } from '../../policy/settings/list-source';
import type { FollowedFile } from '../files/file-follower';

/** The part of the `redis` package that we touch, for 5 and 6 alike. */
export interface RedisClient {
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'invalidate', listener: (key: Uint8Array | string | null) => void): this;
  connect(): Promise<unknown>;
  sendCommand(command: readonly string[]): Promise<unknown>;
  unref(): void;
}

export interface RedisPackage {
  createClient(options: object): RedisClient;
  /** An error reply of the server. */
  readonly ErrorReply: new (
    ...args: never[]
  ) => Error;
}

/** Options of `createClient`, as `redis.ini` has them. */
export interface ClientOptions {
  readonly socket: {
    readonly host?: string;
    readonly port?: number | string;
    readonly path?: string;
    readonly tls?: unknown;
  };
  readonly [option: string]: unknown;
}

/** The part of `haraka-plugin-redis` that we touch; `load_redis_ini` is a method of whichever plugin inherits it. */
interface HarakaRedisPlugin {
  load_redis_ini(this: Inheritor): void;
}

interface Inheritor extends HarakaRedisPlugin {
  readonly config: { get(): unknown };
  redisCfg?: { readonly server?: ClientOptions };
}

/** `redis.ini`. Without `follow` it stays the same. */
export interface RedisConfig {
  /** What it holds by section and key, as an object of its own. Throws where that is not known. */
  get(): unknown;
  /** `changed`: called when it may hold something else. Further calls have no effect. */
  follow?(changed: () => void): void;
  /** While it is followed; to be polled by the caller. */
  readonly file?: FollowedFile<string> | undefined;
  /** From here on it is read anew. */
  stopFollowing?(): void;
}

interface Found {
  readonly plugin: HarakaRedisPlugin;
  readonly client: RedisPackage;
}

export class RedisClientFactory {
  private found: Found | undefined;
  /** By `redis.ini`, once it was read. */
  private server: ClientOptions | undefined;
  private isFollowed = false;

  /** `places`: folders or files from which a `require` would find the plugin. */
  constructor(
    private readonly config: RedisConfig,
    private readonly places: readonly string[] = usualPlaces(),
  ) {}

  get isInstalled(): boolean {
    this.found ??= find(this.places);
    return this.found !== undefined;
  }

  get client(): RedisPackage {
    return this.installed().client;
  }

  /** `redis.ini`, while it is followed. */
  get files(): readonly FollowedFile<string>[] {
    return this.config.file ? [this.config.file] : [];
  }

  /** `changed`: called when `redis.ini` has led to other options than before. */
  follow(changed: () => void): void {
    this.isFollowed = true;
    this.config.follow?.(() => {
      const server = this.readSettings();
      if (isDeepStrictEqual(server, this.server)) return;
      this.server = server;
      changed();
    });
  }

  /** From here on `redis.ini` is read anew. */
  stopFollowing(): void {
    this.config.stopFollowing?.();
    this.isFollowed = false;
  }

  /** The options to connect with, fresh each time: the client changes them. */
  optionsFor(server: RedisServer | undefined): ClientOptions {
    if (!this.isFollowed) this.server = undefined;
    this.server ??= this.readSettings();
    const { socket = {}, ...options } = structuredClone(this.server);
    const rest: Record<string, unknown> = options;
    for (const secret of ['username', 'password']) {
      // An ini file knows numbers, and a password of digits is none.
      if (typeof rest[secret] === 'number') rest[secret] = String(rest[secret]);
    }
    const { tls, ...plain } = socket;
    // An ini file knows no truth either, and the client takes `true` as a word for no TLS.
    const secured = /^(?:true|yes|on|1)$/i.test(String(tls)) ? { ...plain, tls: true } : plain;
    if (!server) return { ...rest, socket: secured };
    const { path: _, ...tcp } = secured;
    return { ...rest, url: undefined, socket: { ...tcp, ...server } };
  }

  private readSettings(): ClientOptions {
    const inheritor: Inheritor = { ...this.installed().plugin, config: { get: () => this.config.get() } };
    inheritor.load_redis_ini();
    return inheritor.redisCfg?.server ?? { socket: {} };
  }

  private installed(): Found {
    if (!this.isInstalled) throw new Error('haraka-plugin-redis is not installed');
    return this.found as Found;
  }
}

/** In Haraka's order: its folder, then the Haraka that runs; besides, where this package is. */
function usualPlaces(): string[] {
  const { HARAKA: folder } = process.env;
  const running = require.main?.filename;
  return [...(folder ? [join(folder, 'package.json')] : []), ...(running ? [running] : []), __filename];
}

function find(places: readonly string[]): Found | undefined {
  for (const place of places) {
    try {
      const resolve = createRequire(place);
      const path = resolve.resolve('haraka-plugin-redis');
      return {
        plugin: resolve(path) as HarakaRedisPlugin,
        client: createRequire(path)('redis') as RedisPackage,
      };
    } catch {
      // Not from here.
    }
  }
  return undefined;
}
