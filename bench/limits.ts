/** What limits cost one recipient of a trusted client, in all hooks of the relay plugin that it meets. */
import type { Address, Next, Transaction } from '../src/types/haraka';
import { closeSites, Site } from '../testkit/haraka';
import { fastest, type Result, type Timed } from './measure';

type Method = (next: Next, connection: unknown, params: unknown) => void;

const client = '127.9.0.1';
/** How many addresses take turns: none is known from the turn before. */
const recipients = 1024;

export async function limits(): Promise<Result[]> {
  try {
    const without = 'a site without limits';
    const beside = 'beside an entry with one';
    // Whoever comes first is slower for as long as the process lives, whatever it does.
    const first = await recipientAt('first', '127.9\n');
    const cases = [
      first,
      await recipientAt(without, '127.9\n'),
      await recipientAt(beside, '127.9\n127.8 limit=100/1h\n'),
      await recipientAt('with one of its own', '127.9 limit=999999999/31d\n'),
    ];
    const times = fastest(cases, { calls: 2000, rounds: 100 });
    return [
      ...[...times]
        .slice(1)
        .map(([name, value]) => ({ measure: `recipient of a trusted client, ${name}`, value, unit: 'ns' })),
      {
        measure: `recipient of a trusted client without a limit, ${beside} against ${without}`,
        value: (times.get(beside) as number) / (times.get(without) as number),
        unit: 'x',
        target: { atMost: 1.1 },
      },
    ];
  } finally {
    closeSites();
  }
}

/** The last case answers later; what is measured of it is what it keeps the process busy with. */
async function recipientAt(name: string, localip: string): Promise<Timed> {
  const site = new Site({ files: { localip } });
  const session = site.session({ ip: client });
  await session.open();
  const { connection } = session;
  const methods = ['relay_guard_recipient', 'relay_decide_recipient', 'relay_route_recipient'].map((method) =>
    (site.plugin[method] as Method).bind(site.plugin),
  );
  const addresses = Array.from({ length: recipients }, (_, i) => site.addresses.make(`user${i}@victim.example`));
  const mail_from = site.addresses.make('someone@sender.example');
  const results = { add() {}, get: () => undefined };
  Object.assign(connection, { hooks_to_run: [], loginfo() {}, results });
  return {
    name,
    run(i) {
      const address = addresses[i % recipients] as Address;
      const transaction = { mail_from, rcpt_to: [address], rcpt_count: { accept: 0 }, notes: {}, results };
      Object.assign(connection, { transaction: transaction as unknown as Transaction });
      let answered = 0;
      const next = () => {
        answered++;
      };
      methods.forEach((method, hook) => {
        method(next, connection, hook < 2 ? [address, {}] : address);
      });
      return answered;
    },
  };
}
