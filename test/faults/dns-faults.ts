/** Faults of the DNS. Nobody is let in by them, and only those wait whose name could matter. */
import { eventually } from '../live/harness/talk';
import type { Manner } from './dns-meddler';
import { enter } from './entry';
import { interrupted, nameless } from './expectations';
import type { Fault } from './fault';
import { askedByName } from './ipv6';
import { restore } from './list-faults';
import { forgedClients, lists, namedClients } from './site';
import { type World, workers } from './world';

const manners: Readonly<Record<Exclude<Manner, 'honest'>, string>> = {
  silent: 'DNS silent',
  slow: 'DNS slow',
  late: 'DNS slower than anybody waits',
  servfail: 'DNS answers SERVFAIL',
  truncated: 'DNS answers truncated, TCP has the whole',
  'cut-off': 'DNS answers truncated, TCP hangs up',
  lying: 'DNS answers forged ahead of the true ones',
  garbled: 'DNS answers garbage',
  gone: 'DNS restarted',
};

function meddling(manner: keyof typeof manners): Fault {
  return {
    name: manners[manner],
    changes: nameless,
    begin: (world) => world.dns.behave(manner),
    end: recovered,
  };
}

/** Resolves when no client is put off any more: that a name could not be told is remembered for a while. */
async function recovered(world: World): Promise<void> {
  await world.dns.behave('honest');
  await Promise.all([...namedClients, ...forgedClients, ...askedByName()].map((from) => knownAgain(world, from)));
}

/** Each worker has a memory of its own. */
async function knownAgain(world: World, from: string): Promise<void> {
  const knowing = new Set<string>();
  const ask = async () => {
    const client = await enter(world.haraka.ports, from);
    if (!client) return knowing.size;
    await client.command('EHLO recovered.example');
    await client.command('MAIL FROM:<someone@sender.example>');
    const worker = /worker (\d+)/.exec(client.greeting.text)?.[1];
    const { code } = await client.command('RCPT TO:<recovered@victim.example>');
    if (code !== 450 && worker) knowing.add(worker);
    client.destroy();
    return knowing.size;
  };
  try {
    await eventually((workersKnowing) => workersKnowing >= workers, ask, 60_000);
  } catch (error) {
    world.ledger.find(`${from} is still put off: ${String(error)}`);
  }
}

export const dnsFaults: readonly Fault[] = [
  ...(Object.keys(manners) as (keyof typeof manners)[]).map(meddling),
  {
    name: 'DNS lies for strangers: a hundred names, ours among them',
    changes: {},
    async begin(world) {
      const names = Array.from({ length: 100 }, (_, n) => `pc${n % namedClients.length}.campus.example`);
      world.dns.change(Object.fromEntries(forgedClients.map((from) => [from, { PTR: names, ttl: 1 }])));
    },
    async end(world) {
      world.dns.change(
        Object.fromEntries(forgedClients.map((from, n) => [from, { PTR: [`pc${n}.campus.example`], ttl: 1 }])),
      );
    },
  },
  {
    // Whoever is unknown might be one of those who are denied by name.
    name: 'DNS silent, and host.deny has domains',
    changes: interrupted,
    async begin(world) {
      const text = world.fresh(`${lists['host.deny'].text}denied.example\n`);
      await world.taken('host.deny', text, () => world.put(world.path('host.deny'), text));
      await world.dns.behave('silent');
    },
    async end(world) {
      await world.dns.behave('honest');
      await restore(world, 'host.deny');
      await recovered(world);
    },
  },
];
