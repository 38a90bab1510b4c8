/**
 * Faults of a Redis that holds the lists. The settings name it while such a fault lasts; what it cannot tell is put off
 * or decided by the file that stands in, and nobody is let in by it.
 */

import fs from 'node:fs';
import { holdersOf, type Status } from '../../../testkit/live/status-client';
import { eventually } from '../../../testkit/live/talk';
import { allLists } from '../../peers/redis/lists';
import { RedisServer } from '../../peers/redis/server';
import { installRedis, type Unpacked } from '../../peers/servers/install';
import { all, allRevoked, type Changes, onwardClasses, withoutAnyList, withoutLists } from '../checks/expectations';
import { type RedisManner, RedisMeddler } from '../injection/redis-meddler';
import { listNames, portsText, type StandIns, settingsWith, standsIn } from '../site';
import { processes, settingsBack, type World } from '../world';
import type { Fault } from './fault';

interface Behind {
  readonly redis: RedisServer;
  readonly meddler: RedisMeddler;
}

interface RedisFault {
  readonly name: string;
  /** The form of it that is short enough for CI; the others are for the long form. */
  readonly short: readonly StandIns[];
  readonly long: readonly StandIns[];
  /** What becomes of the lists in the end. */
  readonly effect: 'away' | 'revoked' | 'none';
  inflict(behind: Behind): void | Promise<void>;
  cease(behind: Behind): void | Promise<void>;
}

/** Seconds: as short as may be where it is waited for, else so long that it never is. */
const maxAge = { away: 2, revoked: 30, none: 30 } as const;

function lying(name: string, manner: RedisManner, short: readonly StandIns[], long: readonly StandIns[]): RedisFault {
  return {
    name: `Redis ${name}`,
    short,
    long,
    effect: 'away',
    inflict: ({ meddler }) => meddler.behave(manner),
    cease: ({ meddler }) => meddler.behave('honest'),
  };
}

const redisFaultKinds: readonly RedisFault[] = [
  {
    name: 'Redis stopped',
    short: ['all', 'deny'],
    long: ['none'],
    effect: 'away',
    inflict: ({ redis }) => redis.stop(),
    cease: ({ redis }) => redis.start(),
  },
  {
    name: 'Redis paused',
    short: ['none'],
    long: ['all', 'deny'],
    effect: 'away',
    inflict: ({ redis }) => redis.pause(),
    cease: ({ redis }) => redis.resume(),
  },
  {
    name: 'Redis flushed',
    short: ['all'],
    long: ['deny', 'none'],
    effect: 'revoked',
    inflict: ({ redis }) => {
      redis.cli('FLUSHALL');
    },
    cease: ({ redis }) => redis.pipe(allLists),
  },
  {
    name: 'Redis restarted',
    short: ['all'],
    long: [],
    effect: 'none',
    inflict: ({ redis }) => redis.restart(),
    cease: () => undefined,
  },
  lying('answers garbage', 'garbage', ['deny'], ['all', 'none']),
  lying('hangs up in mid-reply', 'cut-off', ['deny'], ['all', 'none']),
  lying('answers too late', 'late', ['all'], ['deny', 'none']),
  lying('answers beside the point', 'beside-the-point', [], ['all', 'deny', 'none']),
  lying('says nothing', 'silent', [], ['all', 'deny', 'none']),
];

const titles: Readonly<Record<StandIns, string>> = {
  all: 'files stand in for it',
  deny: 'a file stands in for host.deny alone',
  none: 'no file stands in for it',
};

const whileAway: Readonly<Record<StandIns, Changes>> = { all: {}, deny: withoutLists, none: withoutAnyList };

let unpacked: Unpacked | undefined;
const started = new WeakMap<World, Behind>();

async function behindOf(world: World): Promise<Behind> {
  const known = started.get(world);
  if (known) return known;
  unpacked ??= installRedis();
  if ('missing' in unpacked) throw new Error(unpacked.missing);
  const redis = await RedisServer.start(unpacked.root);
  const meddler = await RedisMeddler.start(redis.port);
  world.atEnd(async () => {
    await meddler.stop();
    await redis.remove();
  });
  redis.pipe(allLists);
  const behind = { redis, meddler };
  started.set(world, behind);
  return behind;
}

function settingsWithRedis(port: number, standIns: StandIns, age: number): string {
  return settingsWith(
    (list, file) => `redis:[127.0.0.1:${port}]${list}${standsIn(standIns, list) ? ` ${file}` : ''}`,
    ['[redis]', `max_age=${age}s`],
  );
}

/** Resolves when every process has all lists from Redis. */
async function throughRedis(world: World, settings: string): Promise<void> {
  const text = world.fresh(settings + portsText(world.ports));
  await world.shows(
    'all lists are from Redis',
    (status) =>
      holdersOf(status, 'smtpcheck.ini', text) >= processes && fromRedis(status) === processes * listNames.length,
    () => fs.writeFileSync(world.path('smtpcheck.ini'), text),
  );
}

/** How many lists, of all processes, are from Redis. */
function fromRedis({ processes }: Status): number {
  const lists = processes.flatMap((one) => Object.values(one.lists));
  return lists.filter(({ source, state }) => source.startsWith('redis:') && state !== 'unavailable').length;
}

function faultOf(kind: RedisFault, standIns: StandIns): Fault {
  const { name, effect, short, inflict, cease } = kind;
  const changes = { away: whileAway[standIns], revoked: allRevoked, none: {} }[effect];
  return {
    name: `${name}, ${titles[standIns]}`,
    long: !short.includes(standIns),
    changes,
    // A busy machine may not have heard of Redis for a moment.
    meanwhile: {
      ...whileAway[standIns],
      ...(effect === 'revoked' && all(onwardClasses, ['refused', 'deferred'])),
    },
    sameProcesses: true,
    impossible: () => {
      unpacked ??= installRedis();
      return 'missing' in unpacked ? unpacked.missing : undefined;
    },
    async begin(world) {
      const behind = await behindOf(world);
      await throughRedis(world, settingsWithRedis(behind.meddler.port, standIns, maxAge[effect]));
      await inForce[effect](world, () => inflict(behind));
    },
    async end(world) {
      const behind = await behindOf(world);
      if (effect === 'away') await world.said(/ reconnected, /g, processes, () => cease(behind));
      else await cease(behind);
      await settingsBack(world);
      await eventually(
        (clients) => clients.length === 0,
        async () => behind.redis.clients(),
      ).catch((error: unknown) => world.ledger.find(`connections are left with Redis: ${String(error)}`));
    },
  };
}

type Inflict = () => void | Promise<void>;

const inForce: Readonly<Record<RedisFault['effect'], (world: World, inflict: Inflict) => Promise<void>>> = {
  away: (world, inflict) =>
    // Each was from Redis until now.
    world.shows('no list is from Redis', (status) => fromRedis(status) === 0, inflict),
  revoked: (world, inflict) => world.said(/redis:\S+ is missing: /g, processes * listNames.length, inflict),
  none: (world, inflict) => world.said(/ reconnected, /g, processes, inflict),
};

export const redisFaults: readonly Fault[] = redisFaultKinds.flatMap((kind) =>
  [...kind.short, ...kind.long].map((standIns) => faultOf(kind, standIns)),
);
