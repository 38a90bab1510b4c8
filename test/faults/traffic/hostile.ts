/** Sessions that mean no good: garbage, half commands, floods, and clients that die at every point of a dialogue. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { isAccepted } from '../../../testkit/live/smtp-client';
import { said } from '../../../testkit/live/talk';
import type { Ledger } from '../checks/ledger';
import { type Coming, stranger } from '../site';
import { type Doors, doorFor, enter, heard, patience } from './entry';

export const hostilities = ['garbage', 'half-command', 'flood', 'dying'] as const;
export type Hostility = (typeof hostilities)[number];

/** The recipients of clients that die: of a message that is relayed as a whole, and of a mixed one. */
export const survivors: readonly (readonly string[])[] = [
  ['dying@backup.example', 'dying.too@backup.example'],
  ['dying@backup.example', 'dying@local.example'],
];

/** A whole session, as far as a client gets before it dies. */
const dialogueOf = (message: string, recipients: readonly string[]): readonly string[] => [
  'EHLO dying.example\r\n',
  'VRFY postmaster\r\n',
  'MAIL FROM:<dying@sender.example>\r\n',
  'RCPT TO:<dying@victim.example>\r\n',
  ...recipients.map(rcpt),
  'DATA\r\n',
  `Subject: ${message}\r\n\r\ntext\r\n`,
  '.\r\n',
  'RSET\r\n',
  'QUIT\r\n',
];

function rcpt(recipient: string): string {
  return `RCPT TO:<${recipient}>\r\n`;
}

/** How many points there are to die at. */
export const points = dialogueOf('', survivors[0] ?? []).length;
/** The one of them where the server may have a message of which its client never hears. */
export const dot = dialogueOf('', survivors[0] ?? []).indexOf('.\r\n');

export const deaths = ['end', 'reset', 'in-mid-line', 'at-once'] as const;
export type Death = (typeof deaths)[number];

export async function playHostile(
  hostility: Hostility,
  doors: Doors,
  { number, turn }: Coming,
  ledger: Ledger,
): Promise<void> {
  const from = stranger(number);
  switch (hostility) {
    case 'garbage':
      return throwAt(doors, from, randomBytes(1 + ((turn * 97) % 4000)));
    case 'half-command':
      return throwAt(doors, from, halves[turn % halves.length] as string);
    case 'flood':
      return flood(doors, from, 60, ledger);
    case 'dying': {
      const death = deaths[Math.floor(turn / points) % deaths.length] as Death;
      const recipients = survivors[turn % survivors.length] ?? [];
      return die(doors, from, { steps: turn % points, death, recipients }, ledger);
    }
  }
}

const halves = [
  'MAI',
  'RCPT TO:<someone@victim.exa',
  'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<user@victim.example',
  'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<user@backup.example>\r\nDATA',
  'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<user@victim.example>\nDATA\n.\n',
  '\r\n\r\n\r\n',
  'EHLO \0\0\0\r\nMAIL FROM:<\0>\r\n',
  `EHLO ${'x'.repeat(700)}\r\n`,
];

/** Says it and leaves, whatever the answer. */
async function throwAt(doors: Doors, from: string, bytes: string | Buffer): Promise<void> {
  const client = await enter(doors, from);
  client?.write(bytes);
  await client?.reply(200).catch(() => undefined);
  client?.destroy();
}

/** Everything in one write; the replies come in the order of the commands. */
export async function flood(doors: Doors, from: string, commands: number, ledger: Ledger): Promise<void> {
  const client = await enter(doors, from);
  if (!client) return;
  try {
    const lines = ['EHLO flood.example', 'MAIL FROM:<flood@sender.example>'];
    for (let n = 0; n < commands; n++) {
      lines.push([`VRFY user${n}`, `EXPN list${n}`, `RCPT TO:<user${n}@victim.example>`][n % 3] as string);
    }
    client.write(`${lines.join('\r\n')}\r\n`);
    for (const line of lines) {
      const reply = await heard(client.reply());
      if (reply.code === 'closed') return;
      if (line.startsWith('RCPT') && isAccepted(reply))
        ledger.find(`flood: ${from}: ${line}: ${said(reply)}`, 'forbidden');
    }
  } finally {
    client.destroy();
  }
}

interface Dying {
  readonly steps: number;
  readonly death: Death;
  readonly recipients: readonly string[];
}

/**
 * Plays the dialogue up to a step, reading a reply after each, and dies in its own way at the next. Where it is not let
 * on, it dies there.
 */
export function die(doors: Doors, from: string, { steps, death, recipients }: Dying, ledger: Ledger): Promise<void> {
  const id = ledger.newMessage([]);
  const lines = dialogueOf(id, recipients);
  return new Promise((resolve) => {
    const socket = net.connect({ ...doorFor(doors, from), localAddress: from });
    let step = 0;
    const hear = (data: Buffer) => {
      const code = /^(\d{3}) [^\n]*\n$/m.exec(data.toString('latin1'))?.[1];
      if (code === undefined) return;
      if (code === '250') {
        const accepted = recipients.find((recipient) => lines[step - 1] === rcpt(recipient));
        if (accepted !== undefined) ledger.addRecipient(id, accepted);
        if (step === dot + 1) ledger.answered(id, 'accepted');
      }
      const go = step !== dot - 1 || code === '354';
      // The text of a message has no reply of its own.
      if (go && step === dot - 1 && step < steps) socket.write(lines[step++] as string);
      if (go && step < steps) socket.write(lines[step++] as string);
      else {
        // What is answered now, nobody hears.
        socket.off('data', hear).resume();
        leave(socket, lines[step] as string, death);
      }
    };
    socket.setTimeout(patience, () => socket.destroy());
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.on('data', hear);
    if (death === 'at-once' && steps === 0) socket.once('connect', () => socket.resetAndDestroy());
  });
}

function leave(socket: net.Socket, last: string, death: Death): void {
  switch (death) {
    case 'end':
      socket.end(last);
      return;
    case 'reset':
      socket.write(last, () => socket.resetAndDestroy());
      return;
    case 'in-mid-line':
      socket.end(last.slice(0, last.length / 2));
      return;
    case 'at-once':
      socket.resetAndDestroy();
      return;
  }
}
