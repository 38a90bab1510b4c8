/**
 * The dialogue of a stranger with a running Haraka, by grammar and by bytes: whatever is said, in whatever pieces, no
 * forbidden recipient gets into a queue, no session hangs, and the process goes on.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pause } from '../../../testkit/live/talk';
import { Ledger } from '../checks/ledger';
import { anybodyMayReach, stranger } from '../site';
import { ask, enter } from '../traffic/entry';
import { World } from '../world';
import type { Fuzzer, Fuzzing } from './fuzzer';
import { Random } from './random';

const sessionsOfARound = 48;
/** Nobody need be answered soon, but whoever takes leave is let go. */
const hanging = 20_000;

const hosts = [
  ...['local.example', 'backup.example', 'sub.backup.example', 'mapped.example', 'victim.example', 'hall.example'],
  ...['[192.0.2.1]', '[IPv6:2001:db8::1]', '[IPv6:::ffff:127.0.0.1]', 'LOCAL.EXAMPLE.', 'local.example.victim.example'],
  ...[
    'xn--bcher-kva.example',
    'b\u00fccher.example',
    '\uff4cocal.example',
    'victim\u3002example',
    'constructor',
    '',
    ' ',
    '..',
  ],
];
const users = [
  ...[
    'user',
    'postmaster',
    'postbox',
    'a%victim.example',
    'victim.example!a',
    '"a@victim.example"',
    '"a b"',
    '"\\"',
    '',
  ],
  ...[
    '@backup.example:user',
    '@a.example,@b.example:user',
    'user@victim.example',
    'SRS0=x=y=victim.example=a',
    "o'b+c",
    '.a.',
  ],
];
const verbs = [
  ...[
    'EHLO',
    'HELO',
    'MAIL',
    'RCPT',
    'DATA',
    'RSET',
    'NOOP',
    'QUIT',
    'VRFY',
    'EXPN',
    'ETRN',
    'VERB',
    'HELP',
    'AUTH',
    'BDAT',
  ],
  ...['STARTTLS', 'XCLIENT', 'PROXY', 'INTERNALCMD', 'TURN', 'SEND', 'EHLO\0', 'R\u0441PT', ''],
];
const ends = ['\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\0\r\n', ' \r\n', ''];

function mailbox(random: Random): string {
  const address = `${random.pick(users)}@${random.pick(hosts)}`;
  return random.pick([
    `<${address}>`,
    `<${address}>`,
    `<${address}>`,
    address,
    `<${address}`,
    `<${address}> SIZE=1`,
    `<<${address}>>`,
    '<>',
  ]);
}

function command(random: Random, session: number): string {
  switch (random.below(12)) {
    case 0:
      return `EHLO fuzz${session}.example`;
    case 1:
      return `MAIL FROM:<fuzz${session}@sender.example>`;
    case 2:
    case 3:
    case 4:
    case 5:
      return `RCPT TO:${mailbox(random)}`;
    case 6:
      return `DATA\r\nSubject: fuzz ${session}\r\n\r\n${random.pick(bodies)}\r\n.`;
    case 7:
      return `${random.pick(['MAIL FROM:', 'RCPT TO:', 'rcpt to :', 'Mail From: '])}${mailbox(random)}`;
    case 8:
      return `${random.pick(verbs)} ${random.pick([...users, ...hosts])}`;
    case 9:
      return random.pick([
        'PROXY TCP4 127.9.0.1 127.0.0.1 25 25',
        'XCLIENT ADDR=127.9.0.1',
        'XCLIENT NAME=pc0.campus.example',
        'RSET',
      ]);
    case 10:
      return `${random.pick(verbs)} ${'x'.repeat(random.below(600))}`;
    default:
      return random.bytes(random.below(60)).toString('latin1');
  }
}

const bodies = [
  'text',
  '..',
  // One message that would be two where a bare line end counts.
  'a\n.\nMAIL FROM:<smuggled@sender.example>\nRCPT TO:<user@victim.example>\nDATA\nb',
  'a\r\n.\rRCPT TO:<user@victim.example>',
  'a\r.\r\nMAIL FROM:<x@y.example>',
  `X: ${'y'.repeat(2000)}`,
];

/** The usual opening helps to get further. */
function script(random: Random, session: number): readonly Buffer[] {
  const opening = random.oneIn(4) ? [] : [`EHLO fuzz${session}.example`, `MAIL FROM:<fuzz${session}@sender.example>`];
  const middle = Array.from({ length: 1 + random.below(14) }, () => command(random, session));
  const closing = random.oneIn(2) ? [] : [`DATA\r\nSubject: fuzz ${session}\r\n\r\n${bodies[0]}\r\n.`];
  const lines = [...opening, ...middle, ...closing];
  const text = Buffer.from(
    lines.map((line) => line + random.pick(ends.slice(0, random.oneIn(3) ? ends.length : 4))).join(''),
  );
  return pieces(random, random.oneIn(3) ? mutated(random, text) : text);
}

function mutated(random: Random, text: Buffer): Buffer {
  const bytes = [...text];
  for (let n = 1 + random.below(8); n > 0 && bytes.length > 0; n--) {
    const at = random.below(bytes.length);
    const kind = random.below(4);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) bytes.splice(at, 1);
    else if (kind === 2) bytes.splice(at, 0, random.below(256));
    else bytes.splice(at, 0, ...bytes.slice(at, at + random.below(40)));
  }
  return Buffer.from(bytes);
}

function pieces(random: Random, text: Buffer): readonly Buffer[] {
  const cuts = Array.from({ length: random.below(6) }, () => random.below(text.length + 1)).sort((a, b) => a - b);
  return [...cuts, text.length].map((cut, n) => text.subarray(cuts[n - 1] ?? 0, cut));
}

/** Says all of it, and leaves. Resolves with how the session hung, if it did. */
async function play(world: World, session: number, script: readonly Buffer[]): Promise<string | undefined> {
  const from = stranger(session);
  const client = await enter(world.haraka.ports, from);
  if (!client) throw new Error('nobody answers');
  try {
    for (const piece of script) {
      client.write(piece);
      await pause(5);
    }
    // Haraka refuses whatever comes before it has answered the message, a farewell too: so it is said again.
    for (const wait of [1_000, 5_000, hanging]) {
      client.write('\r\n.\r\nQUIT\r\n');
      if (await client.waitForClose(wait)) return undefined;
    }
    const another = await ask(world.haraka.ports, from, 'user@local.example');
    return `a session hangs, and ${from} is told in another one: ${another}\n${client.transcript.slice(-2_000)}`;
  } finally {
    client.destroy();
  }
}

class Dialogues implements Fuzzing {
  readonly #pids: readonly number[];

  constructor(private readonly world: World) {
    this.#pids = world.pids();
  }

  async round(seed: number): Promise<string | undefined> {
    const random = new Random(seed);
    const first = random.below(10_000);
    const scripts = Array.from({ length: sessionsOfARound }, (_, n) => script(random, first + n));
    let hung: readonly string[];
    try {
      const ends = await Promise.all(scripts.map((script, n) => play(this.world, first + n, script)));
      hung = ends.filter((end) => end !== undefined);
    } catch (error) {
      return reproduction(String(error), scripts);
    }
    const found = await this.#forbidden();
    const faults = this.#faults();
    const all = [...hung, ...found, ...faults];
    return all.length === 0 ? undefined : reproduction(all.join('\n'), scripts);
  }

  /** Recipients in the queues that no stranger may have. What has been looked at goes. */
  async #forbidden(): Promise<readonly string[]> {
    const { haraka } = this.world;
    const queued = await haraka.queued();
    for (const { id } of queued) {
      const [via, file] = id.split('/') as [string, string];
      fs.rmSync(path.join(haraka.directory, via === 'local' ? 'kept' : 'queue', file), { force: true });
    }
    return queued.flatMap(({ sender, recipients, text }) =>
      recipients
        .filter((recipient) => !anybodyMayReach(recipient))
        .map((recipient) => `${recipient} was queued, from ${sender}: ${JSON.stringify(text.slice(0, 300))}`),
    );
  }

  #faults(): readonly string[] {
    const { ledger, haraka } = this.world;
    this.world.reviewLog();
    const said = ledger.findings.splice(0).map(({ text }) => text);
    const gone = this.#pids.filter((pid) => !this.world.pids().includes(pid));
    return gone.length === 0 ? said : [...said, `process ${gone.join(', ')} of ${haraka.pid} is gone`];
  }

  stop(): Promise<void> {
    return this.world.stop();
  }
}

/** Sessions run side by side, so all of the round are told, in a file: they are long. */
function reproduction(what: string, scripts: readonly (readonly Buffer[])[]): string {
  const file = path.join(os.tmpdir(), `smtpcheck-dialogue-${process.pid}.txt`);
  const sessions = scripts.map((pieces) => JSON.stringify(pieces.map((piece) => piece.toString('latin1'))));
  fs.writeFileSync(file, `${sessions.join('\n')}\n`);
  return `${what}\nThe sessions, one a line, in pieces of bytes as latin1: ${file}`;
}

export const dialogueFuzzer: Fuzzer = {
  name: 'dialogue',
  async start(options) {
    return new Dialogues(await World.start(new Ledger(), options));
  },
};
