/**
 * A storm: one file put in the place of the other a hundred times a second. No look at the list finds the file of the
 * look before, and what both versions say must be taken all the same.
 */
import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { eventually, pause } from '../../../testkit/live/talk';
import { type ListName, lists, stranger } from '../site';
import { ask } from '../traffic/entry';
import type { World } from '../world';
import type { Order, Swapped, Swapping, Versions } from './swapper';

const between = 10;
/** Swaps a second: below that it was no storm. */
const leastRate = 30;
/** Ten times `[main] settle`, and what a busy machine needs besides. */
const bound = 1_000 + 4_000;
/** So many clients meet every worker. */
const clientsOfAll = 12;

/** What the storm changes in a list: a client who is accepted until then is refused from then on. */
interface Turn {
  /** In one of both versions: it concerns nobody. */
  readonly idle: string;
  readonly before: string;
  readonly after: string;
  readonly from: string;
  readonly recipient: string;
}

const revoked = (entry: string) => ({ before: `${entry}\n`, after: '' });

const turns: Readonly<Record<ListName, Turn>> = {
  localip: { idle: '203.0.113.0/24', ...revoked('127.8'), from: '127.8.0.1', recipient: 'user@victim.example' },
  localdomain: {
    idle: 'idle.example',
    ...revoked('storm.example'),
    from: '127.53.0.1',
    recipient: 'user@victim.example',
  },
  'relay.to': {
    idle: 'idle.example',
    ...revoked('storm.example'),
    from: stranger(7001),
    recipient: 'user@storm.example',
  },
  'relay.map': {
    idle: 'To:idle.example RELAY',
    ...revoked('To:mapped-storm.example RELAY'),
    from: stranger(7002),
    recipient: 'user@mapped-storm.example',
  },
  'host.deny': {
    idle: '203.0.113.0/24',
    before: '',
    after: '127.78\n',
    from: '127.78.0.1',
    recipient: 'user@local.example',
  },
};

export class Storm {
  readonly #swapper: Worker;

  private constructor(
    private readonly world: World,
    private readonly list: ListName,
  ) {
    const workerData: Swapping = { file: world.path(list), between, versions: versionsOf(list, 'before') };
    this.#swapper = new Worker(path.join(__dirname, 'swapper.js'), { workerData });
  }

  /** Resolves when what changed in the storm is in force, in every worker. */
  static async begin(world: World, list: ListName): Promise<Storm> {
    const text = world.fresh(lists[list].text + turns[list].before);
    await world.taken(list, text, () => world.put(world.path(list), text));
    await told(world, list, /^2/);
    const storm = new Storm(world, list);
    await pause(500);
    storm.#order(versionsOf(list, 'after'));
    await told(world, list, /^5/);
    return storm;
  }

  async end(): Promise<void> {
    const stopped = once(this.#swapper, 'message');
    this.#order('stop');
    const [{ swaps, milliseconds }] = (await stopped) as [Swapped];
    const rate = (1_000 * swaps) / milliseconds;
    if (rate < leastRate) this.world.ledger.find(`${this.list} was swapped only ${rate.toFixed(1)} times a second`);
  }

  #order(order: Order): void {
    this.#swapper.postMessage(order);
  }
}

function versionsOf(list: ListName, when: 'before' | 'after'): Versions {
  const text = lists[list].text + turns[list][when];
  return [text, `${text}${turns[list].idle}\n`];
}

/** Finds it where not every worker says so within the bound. */
async function told(world: World, list: ListName, wanted: RegExp): Promise<void> {
  const { from, recipient } = turns[list];
  const clients = Array.from({ length: clientsOfAll }, () => from);
  try {
    await eventually(
      (replies) => replies.every((reply) => wanted.test(reply)),
      () => Promise.all(clients.map((client) => ask(world.haraka.ports, client, recipient))),
      bound,
    );
  } catch (error) {
    world.ledger.find(`${list}: what changed in the storm is not in force: ${String(error)}`);
  }
}
