/** A Haraka process to measure: a single worker, its output in a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout, freePort, makeHarakaDirectory } from '../examples/haraka-directory';
import { keyPair } from '../testkit/fakes/listener';
import { figuresFrom, type LoopFigures } from './loop-watch';
import { onCpu } from './measure';

export interface Server {
  readonly port: number;
  readonly configFile: (name: string) => string;
  /** Milliseconds on a processor so far of the thread that serves mail. */
  mainCpu(): number;
  /** Since the last time; needs `watchLoop`. */
  loop(): Promise<LoopFigures>;
  /** Leaves unread what was logged so far. */
  skipLog(): void;
  /** Resolves once the text is logged, which is looked for every so many milliseconds; reads on from where it looked last. */
  logged(text: string, every: number): Promise<void>;
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
    localPlugins: path.join(checkout, 'testkit', 'live', 'plugins'),
    ...(process.env.BENCH_PACKAGE && { packageDirectory: process.env.BENCH_PACKAGE }),
  });
  for (const [name, from] of Object.entries(options.copies ?? {})) fs.copyFileSync(from, directory.configFile(name));
  const log = path.join(directory.path, 'log');
  const socket = path.join(directory.path, 'watch');
  const child = run(directory.program, directory.path, log, options.watchLoop ? socket : undefined);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const tail = tailOf(log);
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    tail.close();
    directory.remove();
  };
  const logged = async (text: string, every: number) => {
    const deadline = performance.now() + logTimeout;
    let read = '';
    for (;;) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      // The text may come in two parts; what stands before is not searched again, since the load comes from this process too.
      read = read.slice(-text.length) + tail.read();
      if (read.includes(text)) return;
      if (hasEnded || performance.now() > deadline) {
        const end = fs.readFileSync(log, 'utf8').slice(-2000);
        throw new Error(`Haraka ${hasEnded ? 'ended without logging' : 'does not log'}: ${text}\n${end}`);
      }
      await sleep(every);
    }
  };
  try {
    await logged('harness: serving', 20);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    configFile: directory.configFile,
    mainCpu: () => onCpu(`/proc/${child.pid}`),
    loop: () => figuresFrom(socket),
    skipLog: () => void tail.read(),
    logged,
    async switchHooks() {
      tail.read();
      child.kill('SIGUSR2');
      await logged('harness: hooks ', 5);
    },
    stop,
  };
}

/** Reads only what is new: the log of a server under load is long. */
function tailOf(log: string): { read(): string; close(): void } {
  const file = fs.openSync(log, 'r');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const read = () => {
    let text = '';
    for (let bytes = fs.readSync(file, buffer); bytes > 0; bytes = fs.readSync(file, buffer)) {
      text += buffer.toString('latin1', 0, bytes);
    }
    return text;
  };
  return { read, close: () => fs.closeSync(file) };
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
