/**
 * A small SMTP client for the server of `npm start`; it prints the whole dialogue.
 *
 *     npm run --silent try -- --from 127.9.0.1 --to someone@elsewhere.example
 *     npm run --silent try -- --say 'EXPN staff'
 */
import { once } from 'node:events';
import net from 'node:net';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '2525' },
    from: { type: 'string', default: '127.50.0.1' },
    helo: { type: 'string', default: 'try.example' },
    sender: { type: 'string', default: 'someone@sender.example' },
    to: { type: 'string', multiple: true, default: [] },
    say: { type: 'string', multiple: true, default: [] },
  },
});

async function main(): Promise<void> {
  const socket = net.connect({ host: '127.0.0.1', port: Number(values.port), localAddress: values.from });
  await once(socket, 'connect');
  const replies = readline.createInterface({ input: socket })[Symbol.asyncIterator]();

  async function reply(): Promise<string> {
    const { value, done } = await replies.next();
    if (done) return '';
    console.log(`S: ${value}`);
    return value[3] === '-' ? reply() : value;
  }
  async function command(line: string): Promise<string> {
    for (const part of line.split('\r\n')) console.log(`C: ${part}`);
    if (socket.writable) socket.write(`${line}\r\n`);
    return reply();
  }

  if ((await reply()).startsWith('220')) await talk(command);
  await command('QUIT');
  socket.destroy();
}

type Command = (line: string) => Promise<string>;

async function talk(command: Command): Promise<void> {
  if (values.helo) await command(`EHLO ${values.helo}`);
  for (const line of values.say) await command(line);
  if (values.to.length) await sendTo(command);
}

async function sendTo(command: Command): Promise<void> {
  await command(`MAIL FROM:<${values.sender}>`);
  let accepted = false;
  for (const recipient of values.to) accepted = (await command(`RCPT TO:<${recipient}>`)).startsWith('2') || accepted;
  if (!accepted || !(await command('DATA')).startsWith('354')) return;
  await command(`From: <${values.sender}>\r\nSubject: a try\r\n\r\nHello.\r\n.`);
}

main().catch((error: NodeJS.ErrnoException) => {
  console.error(
    error.code === 'ECONNREFUSED' ? `Nothing listens on port ${values.port}: run npm start first.` : error.message,
  );
  process.exitCode = 2;
});
