/**
 * A small SMTP client for the server of `npm start`; it prints the whole dialogue.
 *
 *     npm run --silent try -- --from 127.9.0.1 --to someone@elsewhere.example
 *     npm run --silent try -- --say 'EXPN staff'
 */
import { once } from 'node:events';
import net from 'node:net';
import readline from 'node:readline';
import { printable } from '../src/policy/findings/characters';

export interface TryOptions {
  readonly port: number;
  readonly from: string;
  readonly helo: string;
  readonly sender: string;
  readonly to: readonly string[];
  readonly say: readonly string[];
}

export function run(options: TryOptions): void {
  hold(options).catch((error: NodeJS.ErrnoException) => {
    const isAbsent = error.code === 'ECONNREFUSED';
    console.error(
      isAbsent ? `Nothing listens on port ${options.port}: run npm start first.` : printable(error.message),
    );
    process.exitCode = 2;
  });
}

async function hold(options: TryOptions): Promise<void> {
  const socket = net.connect({ host: '127.0.0.1', port: options.port, localAddress: options.from });
  await once(socket, 'connect');
  const replies = readline.createInterface({ input: socket })[Symbol.asyncIterator]();

  async function reply(): Promise<string> {
    const { value, done } = await replies.next();
    if (done) return '';
    console.log(`S: ${printable(value)}`);
    return value[3] === '-' ? reply() : value;
  }
  async function command(line: string): Promise<string> {
    for (const part of line.split('\r\n')) console.log(`C: ${printable(part)}`);
    if (socket.writable) socket.write(`${line}\r\n`);
    return reply();
  }

  if ((await reply()).startsWith('220')) await talk(command, options);
  await command('QUIT');
  socket.destroy();
}

type Command = (line: string) => Promise<string>;

async function talk(command: Command, options: TryOptions): Promise<void> {
  if (options.helo) await command(`EHLO ${options.helo}`);
  for (const line of options.say) await command(line);
  if (options.to.length) await sendTo(command, options);
}

async function sendTo(command: Command, options: TryOptions): Promise<void> {
  await command(`MAIL FROM:<${options.sender}>`);
  let accepted = false;
  for (const recipient of options.to) accepted = (await command(`RCPT TO:<${recipient}>`)).startsWith('2') || accepted;
  if (!accepted || !(await command('DATA')).startsWith('354')) return;
  await command(`From: <${options.sender}>\r\nSubject: a try\r\n\r\nHello.\r\n.`);
}
