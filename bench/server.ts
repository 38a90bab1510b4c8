/** A Haraka process to measure: a single worker, its output in a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkout, freePort, makeHarakaDirectory } from '../examples/haraka-directory';
import { keyPair } from '../test/cli/audit/fake-server';
import { figuresFrom, type LoopFigures } from './loop-watch';
import { onCpu } from './measure';

export interface Server {
  readonly port: number;
  readonly configFile: (name: string) => string;
  /** Milliseconds on a processor so far of the thread that serves mail. */
  mainCpu(): number;
  /** Since the last time; needs `watchLoop`. */
  loop(): Promise<LoopFigures>;
  /** What was logged since the last time. */
  newLog(): string;
  /** Takes the suite's hooks out of the running server, or puts them back; needs the plugin `take_out`. */
  switchHooks(): Promise<void>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly plugins: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Config files that are copies of larger ones. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Port of the server that takes the mail; without one it is dropped. */
  readonly nextHop?: number | undefined;
  /** Offers STARTTLS. */
  readonly tls?: boolean | undefined;
  /** Looks at the event loop every other millisecond, which takes a per cent or two of the processor. */
  readonly watchLoop?: boolean;
}

const startTimeout = 60_000;
const logTimeout = 60_000;
/** Nothing listens on the discard port, so Haraka's own look-ups fail without waiting. */
const noDns = '9';

/** Resolves when it serves. Mail to anybody at `local.example` is taken, and handed on or dropped. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const port = await freePort();
  const { nextHop } = options;
  const directory = makeHarakaDirectory({
    listen: `127.0.0.1:${port}`,
    plugins: [
      'harness',
      ...(options.tls ? ['tls'] : []),
      ...options.plugins,
      'rcpt_to.in_host_list',
      nextHop ? 'queue/smtp_forward' : 'queue/discard',
    ],
    files: {
      host_list: 'local.example\n',
      'log.ini': '[main]\nlevel=notice\n',
      ...(options.tls && tlsFiles()),
      ...(nextHop && { 'smtp_forward.ini': `host=127.0.0.1\nport=${nextHop}\n` }),
      ...options.files,
    },
    localPlugins: path.join(checkout, 'test', 'live', 'harness', 'plugins'),
    ...(process.env.BENCH_PACKAGE && { packageDirectory: process.env.BENCH_PACKAGE }),
  });
  for (const [name, from] of Object.entries(options.copies ?? {})) fs.copyFileSync(from, directory.configFile(name));
  const log = path.join(directory.path, 'log');
  const socket = path.join(directory.path, 'watch');
  const child = run(directory.program, directory.path, log, options.watchLoop ? socket : undefined);
  const readLog = () => fs.readFileSync(log, 'utf8');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    directory.remove();
  };
  const deadline = Date.now() + startTimeout;
  while (!readLog().includes('harness: serving')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const output = readLog();
      await stop();
      throw new Error(`Haraka does not serve:\n${output.slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const newLog = tailOf(log);
  return {
    port,
    configFile: directory.configFile,
    mainCpu: () => onCpu(`/proc/${child.pid}`),
    loop: () => figuresFrom(socket),
    newLog,
    async switchHooks() {
      newLog();
      child.kill('SIGUSR2');
      await logged(newLog, 'harness: hooks ', 5);
    },
    stop,
  };
}

/** Resolves once the text is in the log, which is looked at every so many milliseconds. */
export async function logged(newLog: () => string, text: string, every: number): Promise<void> {
  const deadline = Date.now() + logTimeout;
  let log = newLog();
  while (!log.includes(text)) {
    if (Date.now() > deadline) throw new Error(`Haraka does not log: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, every));
    log += newLog();
  }
}

/** Reads only what is new: the log of a server under load is long, and the load comes from this process. */
function tailOf(log: string): () => string {
  const file = fs.openSync(log, 'r');
  const buffer = Buffer.allocUnsafe(1 << 20);
  return () => {
    let text = '';
    for (let read = fs.readSync(file, buffer); read > 0; read = fs.readSync(file, buffer)) {
      text += buffer.toString('latin1', 0, read);
    }
    return text;
  };
}

function tlsFiles(): Record<string, string> {
  const { cert, key } = keyPair('test-server');
  return { 'tls_cert.pem': cert, 'tls_key.pem': key };
}

function run(program: string, folder: string, log: string, watch: string | undefined): ChildProcess {
  const output = fs.openSync(log, 'w');
  const watcher = watch ? ['--require', path.join(__dirname, 'loop-watch.js')] : [];
  const child = spawn(process.execPath, [...watcher, program, '-c', folder], {
    cwd: folder,
    env: {
      ...process.env,
      SMTPCHECK_TEST_DNS: noDns,
      YES_REALLY_DO_DISCARD: '1',
      ...(watch && { BENCH_WATCH: watch }),
    },
    // Standard input is a pipe: Haraka ends with this process, however that ends.
    stdio: ['pipe', output, output],
  });
  fs.closeSync(output);
  return child;
}
