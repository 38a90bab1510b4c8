/**
 * Faults of the primary of a domain that this server is a backup for: whom it knows is accepted all the time, and whom it does not
 * know only while it gives no answer.
 */
import { knowsSome, type Manners } from '../../../testkit/fakes/primary';
import { eventually, pause } from '../../../testkit/live/talk';
import type { Changes } from '../checks/expectations';
import { stranger } from '../site';
import { ask } from '../traffic/entry';
import type { World } from '../world';
import type { Fault } from './fault';

/** A backup that refuses while the primary is down is useless. */
const unsure: Changes = { 'unknown-user': ['accepted', 'refused'] };

const usual: Manners = {
  greeting: '220 inner.example ESMTP',
  extensions: [],
  isExtended: true,
  mail: '250 2.1.0 Ok',
  rcpt: knowsSome,
  rset: '250 2.0.0 Ok',
};

interface Mood {
  readonly name: string;
  readonly changes: Changes;
  readonly manners: Partial<Manners>;
}

const moods: readonly Mood[] = [
  {
    name: 'primary slow',
    changes: {},
    manners: { rcpt: (recipient) => pause(200).then(() => knowsSome(recipient)) },
  },
  { name: 'primary silent at RCPT', changes: unsure, manners: { rcpt: () => undefined } },
  { name: 'primary answers 4xx', changes: unsure, manners: { rcpt: () => '451 4.3.0 Not now' } },
  { name: 'primary refuses the null sender', changes: unsure, manners: { mail: '550 5.7.1 No bounces' } },
  { name: 'primary answers garbage', changes: unsure, manners: { rcpt: () => '\0\xff what' } },
  { name: 'primary talks without an end', changes: unsure, manners: { rcpt: () => `250-${'x'.repeat(1 << 21)}` } },
];

let asked = 0;

function someone(world: World): Promise<string> {
  return ask(world.haraka.ports, stranger(8000 + asked), `somebody${asked++}@verified.example`);
}

/** Resolves when a recipient unknown to the primary gets a reply that begins so. One that is down is tried once a second. */
async function untilReply(world: World, begin: string, complaint: string): Promise<void> {
  try {
    await eventually(
      (reply) => reply.startsWith(begin),
      () => someone(world),
      30_000,
    );
  } catch (error) {
    world.ledger.find(`${complaint}: ${String(error)}`);
  }
}

const untilRefused = (world: World) => untilReply(world, '550 5.1.1 ', 'the primary is back, and is not asked');
const untilAccepted = (world: World) => untilReply(world, '250 ', 'the primary is down, and nobody is accepted');

export const primaryFaults: readonly Fault[] = [
  ...moods.map(
    ({ name, changes, manners }): Fault => ({
      name,
      changes,
      async begin(world) {
        Object.assign(world.primary.manners, manners);
        if (changes === unsure) await untilAccepted(world);
      },
      async end(world) {
        Object.assign(world.primary.manners, usual);
        await untilRefused(world);
      },
    }),
  ),
  {
    name: 'primary gone, and back',
    changes: unsure,
    async begin(world) {
      await world.primary.stop();
      await untilAccepted(world);
    },
    async end(world) {
      await world.startPrimary();
      await untilRefused(world);
    },
  },
  {
    name: 'primary restarted again and again',
    changes: unsure,
    async begin(world, { short }) {
      for (let i = 0; i < (short ? 5 : 20); i++) {
        await world.primary.stop();
        await pause(100);
        await world.startPrimary();
        await pause(300);
      }
    },
    end: untilRefused,
  },
];
