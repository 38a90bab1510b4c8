/** Sessions that mean no good: garbage, half commands, floods, and clients that die at every point of a dialogue. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { isAccepted } from '../live/harness/smtp-client';
import { said } from '../live/harness/talk';
import { type Doors, doorFor, enter, heard, patience } from './entry';
import type { Ledger } from './ledger';
import { stranger } from './site';

export const hostilities = ['garbage', 'half-command', 'flood', 'dying'] as const;
export type Hostility = (typeof hostilities)[number];

/** A whole session, as far as a client gets before it dies. */
export const dialogue: readonly string[] = [
  'EHLO dying.example\r\n',
  'VRFY postmaster\r\n',
  'MAIL FROM:<dying@sender.example>\r\n',
  'RCPT TO:<dying@victim.example>\r\n',
  'RCPT TO:<dying@backup.example>\r\n',
  'DATA\r\n',
  'Subject: a message of somebody who died\r\n\r\ntext\r\n',
  '.\r\n',
  'RSET\r\n',
  'QUIT\r\n',
];

export const deaths = ['end', 'reset', 'in-mid-line', 'at-once'] as const;
export type Death = (typeof deaths)[number];

export async function playHostile(hostility: Hostility, doors: Doors, number: number, ledger: Ledger): Promise<void> {
  const from = stranger(number);
  switch (hostility) {
    case 'garbage':
      return throwAt(doors, from, randomBytes(1 + (number % 4000)));
    case 'half-command':
      return throwAt(doors, from, halves[number % halves.length] as string);
    case 'flood':
      return flood(doors, from, 60, ledger);
    case 'dying':
      return die(doors, from, number % dialogue.length, deaths[number % deaths.length] as Death);
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
      if (line.startsWith('RCPT') && isAccepted(reply)) ledger.find(`flood: ${from}: ${line}: ${said(reply)}`);
    }
  } finally {
    client.destroy();
  }
}

/** Plays the dialogue up to a step, reading a reply after each, and dies in its own way at the next. */
export function die(doors: Doors, from: string, steps: number, death: Death): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect({ ...doorFor(doors, from), localAddress: from });
    const next = dialogue[steps] as string;
    let step = 0;
    socket.setTimeout(patience, () => socket.destroy());
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.on('data', (data) => {
      if (!/^\d{3} [^\n]*\n$/m.test(data.toString('latin1'))) return;
      if (step < steps) {
        // The text of a message has no reply of its own.
        const text = dialogue[step]?.startsWith('Subject') ? (dialogue[step++] as string) : '';
        if (step < steps || text === '') socket.write(text + (dialogue[step++] ?? ''));
        else leave(socket, text, death);
      } else leave(socket, next, death);
    });
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
