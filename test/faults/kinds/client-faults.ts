/** Faults of clients: thousands that only sit there, floods, and deaths at every point of a dialogue. */
import net from 'node:net';
import { pause } from '../../../testkit/live/talk';
import { stranger } from '../site';
import { type Doors, doorFor, patience } from '../traffic/entry';
import { deaths, die, dot, flood, points, survivors } from '../traffic/hostile';
import type { World } from '../world';
import { type Fault, type Form, nothing } from './fault';

interface Idler {
  readonly socket: net.Socket;
  greeted: boolean;
  closed: boolean;
}

let idlers: Idler[] = [];

const batch = 100;

const waiting = ({ greeted, closed }: Idler) => !greeted && !closed;

export const clientFaults: readonly Fault[] = [
  {
    name: 'thousands of idle connections',
    changes: {},
    async begin({ haraka, ledger }, { short }) {
      const count = short ? 2_000 : 5_000;
      for (let n = 0; n < count; n += batch) {
        const some = Array.from({ length: batch }, (_, i) => idle(haraka.ports, n + i));
        idlers.push(...some);
        const end = Date.now() + patience;
        while (some.some(waiting) && Date.now() < end) await pause(10);
        const unanswered = some.filter(waiting).length;
        if (unanswered === 0) continue;
        ledger.find(`${unanswered} idle clients were neither greeted nor hung up on in ${patience} ms`);
        break;
      }
      const turnedAway = idlers.filter(({ greeted, closed }) => closed || !greeted).length;
      if (turnedAway > 0) ledger.find(`${turnedAway} of ${count} idle clients were turned away`);
    },
    async end({ ledger }) {
      const lost = idlers.filter(({ closed }) => closed).length;
      if (lost > 0) ledger.find(`${lost} of ${idlers.length} idle clients were hung up on`);
      for (const [n, { socket }] of idlers.entries()) {
        if (n % 2) socket.destroy();
        else socket.resetAndDestroy();
      }
      idlers = [];
      // The server has many ends to see.
      await pause(500);
    },
  },
  {
    name: 'floods of VRFY, EXPN and RCPT, pipelined',
    changes: {},
    async begin({ haraka, ledger }, { short }) {
      for (let round = 0; round < (short ? 3 : 20); round++) {
        await Promise.all([0, 1, 2, 3].map((n) => flood(haraka.ports, stranger(5000 + n), 300, ledger)));
      }
    },
    end: nothing,
  },
  {
    name: 'clients that die at every point',
    changes: {},
    mustLeave: 'unheard',
    begin: dieEverywhere,
    end: nothing,
  },
];

async function dieEverywhere({ haraka, ledger }: World, { short }: Form): Promise<void> {
  const steps = Array.from({ length: points }, (_, step) => step);
  const sessions = steps.flatMap((step) => survivors.map((recipients) => ({ steps: step, recipients })));
  for (let round = 0; round < (short ? 1 : 10); round++) {
    for (const death of deaths) {
      await Promise.all(
        sessions.map((session, n) => die(haraka.ports, stranger(6000 + n), { ...session, death }, ledger)),
      );
    }
    // What becomes of the message depends on what the server sees first, so this point is met many times.
    const again = Array.from({ length: 48 }, (_, n) => n);
    await Promise.all(
      again.map((n) => {
        const recipients = survivors[n % survivors.length] ?? [];
        const death = n % 4 < 2 ? 'end' : 'reset';
        return die(haraka.ports, stranger(6100 + n), { steps: dot, recipients, death }, ledger);
      }),
    );
  }
}

function idle(doors: Doors, n: number): Idler {
  const from = stranger(10_000 + n);
  const socket = net.connect({ ...doorFor(doors, from), localAddress: from });
  const idler: Idler = { socket, greeted: false, closed: false };
  socket.on('data', () => {
    idler.greeted = true;
  });
  socket
    .on('error', () => undefined)
    .on('close', () => {
      idler.closed = true;
    });
  return idler;
}
