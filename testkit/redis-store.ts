/** A policy store that follows lists in a fake Redis, for the tests of such lists. */

import { PolicyStore } from '../src/lists/policy-store';
import type { RedisClientFactory } from '../src/lists/redis/redis-client-factory';
import type { PolicyList } from '../src/policy/entries/list';
import { address, now } from './core';
import { FakeRedis } from './fakes/redis';
import { type Folder, makeFolder } from './folder';
import { clientsBy, clientsOf } from './redis-clients';
import { until } from './until';

export const head = '[main]\npoll=200ms\nsettle=50ms\n[redis]\nmax_age=1s\n';
export const all = `${head}[relay]\nlocal_ip=redis:\nlocal_domain=redis:\nrelay_to=redis:\nrelay_map=redis:\n[deny]\nhosts=redis:\n`;
export const denyAlone = `${head}[deny]\nhosts=redis:host.deny\n`;
/** Longer than a content counts. */
export const tooLong = 1500;

export let redis: FakeRedis;
const stores: PolicyStore[] = [];

export class Followed {
  readonly said: string[] = [];
  readonly store: PolicyStore;

  constructor(
    readonly folder: Folder,
    clients: RedisClientFactory | 'redis.ini' = clientsOf(redis),
  ) {
    const say =
      (level: string) =>
      (...lines: readonly string[]) =>
        this.said.push(`${level} ${lines.join('\n')}`);
    const log = { loginfo: say('info'), lognotice: say('notice'), logwarn: say('warn'), logerror: say('error') };
    this.store = new PolicyStore(folder.path, log, clients === 'redis.ini' ? clientsBy(folder.path, log) : clients);
    stores.push(this.store);
    this.store.follow();
  }

  get denied(): PolicyList {
    return this.store.policy.deny.clients;
  }

  get trusted(): PolicyList {
    return this.store.policy.relay.clientNetworks;
  }

  denies(client: string): boolean {
    return this.denied.findAddress(address(client), now) !== undefined;
  }

  saying(text: string | RegExp): number {
    return this.said.filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))).length;
  }

  async sees(what: string, holds: () => boolean): Promise<void> {
    await until(`${what}; said: ${this.said.join('\n')}`, holds);
  }
}

/** With the lists as the first read of Redis has left them; `patience` is how long that may take. */
export async function start(
  ini: string,
  files: Readonly<Record<string, string>> = {},
  clients?: RedisClientFactory,
  patience = 15_000,
): Promise<Followed> {
  const site = new Followed(makeFolder({ 'smtpcheck.ini': ini, ...files }), clients);
  await site.store.firstRead(patience);
  return site;
}

/** For each test of the suite it is called in: a server of its own, and an end to all stores. */
export function withRedis(): void {
  beforeEach(async () => {
    redis = await new FakeRedis().start();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) store.close();
    await until('all connections are closed', () => redis.connections === 0);
    await redis.stop();
  });
}
