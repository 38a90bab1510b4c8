/** Faults of the DNS. Nobody is let in by them, and only those wait whose name could matter. */
import { eventually } from '../../../testkit/live/talk';
import { interrupted, nameless } from '../checks/expectations';
import type { Manner } from '../injection/dns-meddler';
import { forgedClients, lists, namedClients, portsText, settingsText, stranger, zone } from '../site';
import { ask, enter } from '../traffic/entry';
import { askedByName } from '../traffic/ipv6';
import { settingsBack, type World, workers } from '../world';
import type { Fault } from './fault';
import { restore } from './list-faults';

interface Meddling {
  readonly manner: Exclude<Manner, 'honest'>;
  readonly name: string;
  /** What a name cannot be told for is put off; else there is an answer all the same, and everybody is told what he always is. */
  readonly names: 'unknown' | 'told';
}

const meddlings: readonly Meddling[] = [
  { manner: 'silent', name: 'DNS silent', names: 'unknown' },
  { manner: 'slow', name: 'DNS slow', names: 'told' },
  { manner: 'late', name: 'DNS slower than anybody waits', names: 'unknown' },
  { manner: 'servfail', name: 'DNS answers SERVFAIL', names: 'unknown' },
  { manner: 'truncated', name: 'DNS answers truncated, TCP has the whole', names: 'told' },
  { manner: 'cut-off', name: 'DNS answers truncated, TCP hangs up', names: 'unknown' },
  { manner: 'lying', name: 'DNS answers forged ahead of the true ones', names: 'told' },
  { manner: 'garbled', name: 'DNS answers garbage', names: 'unknown' },
  { manner: 'gone', name: 'DNS restarted', names: 'unknown' },
];

function faultOf({ manner, name, names }: Meddling): Fault {
  return {
    name,
    changes: names === 'unknown' ? nameless : {},
    async begin(world) {
      await world.dns.behave(manner);
      if (names === 'unknown') await putOff(world, namedClients[0] as string, 'user@victim.example');
    },
    end: recovered,
  };
}

/** Resolves when the client has been told to come again: the fault is one for those whom it touches. */
async function putOff(world: World, from: string, recipient: string): Promise<void> {
  try {
    await eventually(
      (reply) => /^4\d\d /.test(reply),
      () => ask(world.haraka.ports, from, recipient),
      60_000,
    );
  } catch (error) {
    world.ledger.find(`${from} is not put off for ${recipient}: ${String(error)}`);
  }
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
  ...meddlings.map(faultOf),
  {
    name: 'DNS lies for strangers: a hundred names, ours among them',
    changes: {},
    async begin(world) {
      const names = Array.from({ length: 100 }, (_, n) => `pc${n % namedClients.length}.campus.example`);
      world.dns.change(Object.fromEntries(forgedClients.map((from) => [from, { PTR: names, ttl: 1 }])));
    },
    async end(world) {
      const usual = zone();
      world.dns.change(Object.fromEntries(forgedClients.map((from) => [from, usual[from]])));
    },
  },
  {
    // Whoever is unknown might be one of those who are denied by name, and is put off where the settings say so.
    name: 'DNS silent, and host.deny has domains',
    changes: interrupted,
    async begin(world) {
      const settings = world.fresh(`${settingsText}on_dns_failure=defer\n${portsText(world.ports)}`);
      await world.taken('smtpcheck.ini', settings, () => world.put(world.path('smtpcheck.ini'), settings));
      const text = world.fresh(`${lists['host.deny'].text}denied.example\n`);
      await world.taken('host.deny', text, () => world.put(world.path('host.deny'), text));
      await world.dns.behave('silent');
      await putOff(world, stranger(7000), 'user@local.example');
    },
    async end(world) {
      await world.dns.behave('honest');
      await restore(world, 'host.deny');
      await settingsBack(world);
      await recovered(world);
    },
  },
];
