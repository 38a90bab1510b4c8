/**
 * What `npm start` runs: a real Haraka with this suite, as a university department might run it, in a throw-away directory.
 * It listens on loopback only, sends nothing out, and is gone when it is stopped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { printable, printableLines } from '../src/policy/findings/characters';
import { lists, thingsToTry } from './department';
import { checkout, type HarakaDirectory, makeHarakaDirectory } from './haraka-directory';
import { serveNames } from './names';

const COULD_NOT_RUN = 2;
const DEFAULT_PORT = 2525;

/** `hasPage`: whether `statusPort` is free for the status page. */
export async function start(port: number, statusPort: number, hasPage: boolean): Promise<void> {
  if (!fs.existsSync(path.join(checkout, 'dist', 'index.js'))) fail('The suite is not built yet: npm run build');

  const names = await serveNames();
  const status = hasPage ? `[status]\nlisten=127.0.0.1:${statusPort}\n` : '';
  const page = hasPage
    ? `http://127.0.0.1:${statusPort}/smtpcheck/`
    : `none, as port ${statusPort} is taken: npm start -- --status-port ${statusPort + 1}`;
  const directory = makeHarakaDirectory({
    listen: `127.0.0.1:${port}`,
    plugins: ['example_names', 'smtpcheck', 'rcpt_to.in_host_list', 'keep_messages'],
    files: { ...lists, 'smtpcheck.ini': `[dns]\nservers=${names.address}\n${status}` },
    localPlugins: path.join(checkout, 'examples', 'plugins'),
  });
  const haraka = spawn(process.execPath, [directory.program, '-c', directory.path], {
    cwd: directory.path,
    env: { ...process.env, EXAMPLE_NAME_SERVER: names.address },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopping = true;
      haraka.kill('SIGINT');
    });
  }
  const log = follow(haraka, directory, () => introduce(directory, port, page));
  haraka.on('close', () => {
    names.close();
    directory.remove();
    if (stopping) console.log('\nStopped; the directory is gone.');
    else fail(printableLines(`Haraka ended by itself:\n${log()}`));
  });
}

/** Shows what the suite decides, keeps the rest in a file, and calls `ready` when Haraka listens. */
function follow(haraka: ChildProcess, directory: HarakaDirectory, ready: () => void): () => string {
  const file = fs.createWriteStream(path.join(directory.path, 'haraka.log'));
  let all = '';
  let unfinished = '';
  let listening = false;
  const take = (text: string) => {
    file.write(text);
    all += text;
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) if (/\[smtpcheck\b/.test(line)) console.log(printable(line));
    if (listening || !all.includes('Listening on')) return;
    listening = true;
    ready();
  };
  for (const stream of [haraka.stdout, haraka.stderr]) stream?.setEncoding('utf8').on('data', take);
  return () => all;
}

function introduce(directory: HarakaDirectory, port: number, page: string): void {
  const portOption = port === DEFAULT_PORT ? [] : ['--port', String(port)];
  console.log(`
Haraka with smtpcheck listens on 127.0.0.1:${port}.
  page       ${page}
  lists      ${directory.configFile('')} (edit them: no restart is needed)
  delivered  ${path.join(directory.path, 'messages')}
  to go out  ${path.join(directory.path, 'queue')} (kept there: nothing leaves this machine)
  full log   ${path.join(directory.path, 'haraka.log')}

To try, from another terminal:

# What no edit of the lists may change is written in smtpcheck.test beside them; this checks it
node dist/src/cli/main.js test -c ${directory.path}
`);
  for (const { what, arguments: given, reply } of thingsToTry) {
    const words = [...portOption, ...given].map((word) => (/^[\w.@:%-]+$/.test(word) ? word : `'${word}'`));
    console.log(`# ${what}: ${reply}\nnpm run --silent try -- ${words.join(' ')}\n`);
  }
  console.log(`# Why some of that was refused, and what would change it
node dist/src/cli/main.js why elsewhere.example -c ${directory.path}

Ctrl-C stops it. What the suite decides is shown here:
`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(COULD_NOT_RUN);
}
