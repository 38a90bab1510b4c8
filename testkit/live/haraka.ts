/**
 * A real Haraka of either supported version, in a process of its own and a directory of its own, on loopback only.
 * It asks no DNS but the stub, sends nothing out, and ends with the test run however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  checkout,
  freePort,
  type HarakaDirectory,
  type HarakaVersion,
  makeHarakaDirectory,
} from '../../examples/haraka-directory';
import { type QueuedMessage, readQueues } from './queue';

export type { HarakaVersion } from '../../examples/haraka-directory';
export type { QueuedMessage } from './queue';

/** `mapped` is a listener to which IPv4 clients appear as IPv4-mapped IPv6 addresses. */
export type Listener = 'ipv4' | 'ipv6' | 'mapped';

/** All that this machine can serve: some have no IPv6 at all. */
export const listeners: readonly Listener[] = hasIpv6() ? ['ipv4', 'ipv6', 'mapped'] : ['ipv4'];

export interface HarakaOptions {
  readonly version?: HarakaVersion;
  /** As in `config/plugins`; those of `harness/plugins` can be named as well. */
  readonly plugins: readonly string[];
  /** Config files by name. `smtpcheck.ini` gets a `[dns]` section for the stub and a fast `[main]` unless it has them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Worker processes; 0, the default, is a single process. */
  readonly nodes?: number;
  readonly listen?: readonly Listener[];
  /** The port of the stub DNS; without one every lookup fails at once. */
  readonly dns?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly packageDirectory?: string;
  /** Packages of this checkout that stand for plugins, by the plugins' names. */
  readonly pluginPackages?: Readonly<Record<string, string>>;
}

export interface RunningHaraka {
  /** The port of the first listener. */
  readonly port: number;
  readonly ports: Readonly<Partial<Record<Listener, number>>>;
  readonly pid: number;
  readonly directory: string;
  configFile(name: string): string;
  write(name: string, text: string): void;
  remove(name: string): void;
  /** All output so far, of every process, since the last `clearLog`. */
  log(): string;
  clearLog(): void;
  /** The first line that matches, of those already written or still to come. */
  waitForLog(pattern: RegExp | string, timeout?: number): Promise<string>;
  queued(): Promise<readonly QueuedMessage[]>;
  stop(): Promise<void>;
}

export interface HarakaExit {
  readonly code: number | null;
  readonly output: string;
}

const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 3_000;
// Nothing listens on the discard port, so a lookup fails without waiting.
const NO_DNS = 9;

const hosts: Readonly<Record<Listener, string>> = { ipv4: '127.0.0.1', ipv6: '[::1]', mapped: '[::ffff:7f00:1]' };

/** Resolves when every worker listens; with `expectExit`, when the process has ended by itself. */
export function startHaraka(options: HarakaOptions & { readonly expectExit: true }): Promise<HarakaExit>;
export function startHaraka(options: HarakaOptions & { readonly expectExit?: false }): Promise<RunningHaraka>;
export async function startHaraka(
  options: HarakaOptions & { readonly expectExit?: boolean },
): Promise<RunningHaraka | HarakaExit> {
  const ports = await portsFor(options.listen ?? ['ipv4']);
  const directory = makeDirectory(options, ports);
  const running = new HarakaProcess(directory, options);
  if (options.expectExit) return running.exited(START_TIMEOUT).finally(() => running.stop());
  try {
    await running.serving(Math.max(1, options.nodes ?? 0), START_TIMEOUT);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return facade(running, directory, ports, options.dns ?? NO_DNS);
}

type Ports = Readonly<Partial<Record<Listener, number>>>;

function facade(running: HarakaProcess, directory: HarakaDirectory, ports: Ports, dns: number): RunningHaraka {
  return {
    port: Object.values(ports)[0] ?? 0,
    ports,
    pid: running.pid,
    directory: directory.path,
    configFile: directory.configFile,
    write: (name, text) => directory.write(name, withHarnessSettings(name, text, dns)),
    remove: (name) => fs.rmSync(directory.configFile(name)),
    log: () => running.output,
    clearLog: () => {
      running.output = '';
    },
    waitForLog: (pattern, timeout) => running.waitForLog(pattern, timeout),
    queued: () => readQueues(directory.path),
    stop: () => running.stop(),
  };
}

async function portsFor(listeners: readonly Listener[]): Promise<Ports> {
  const ports: Partial<Record<Listener, number>> = {};
  for (const listener of listeners) ports[listener] = await freePort(hosts[listener].replace(/[[\]]/g, ''));
  return ports;
}

function makeDirectory(options: HarakaOptions, ports: Ports): HarakaDirectory {
  const dns = options.dns ?? NO_DNS;
  const files: Record<string, string> = { 'smtpcheck.ini': withHarnessSettings('smtpcheck.ini', '', dns) };
  for (const [name, text] of Object.entries(options.files ?? {})) files[name] = withHarnessSettings(name, text, dns);
  const directory = makeHarakaDirectory({
    ...options,
    plugins: ['harness', ...options.plugins],
    files,
    listen: Object.entries(ports)
      .map(([listener, port]) => `${hosts[listener as Listener]}:${port}`)
      .join(','),
    localPlugins: path.join(checkout, 'testkit', 'live', 'plugins'),
  });
  for (const [name, packageName] of Object.entries(options.pluginPackages ?? {})) {
    fs.symlinkSync(path.join(checkout, 'node_modules', packageName), path.join(directory.path, 'plugins', name), 'dir');
  }
  return directory;
}

/** The stub DNS, and lists that are in force soon after an edit, unless the text has the section already. */
function withHarnessSettings(name: string, text: string, dns: number): string {
  if (name !== 'smtpcheck.ini') return text;
  const dnsSection = /^\[dns\]/m.test(text) ? '' : `\n[dns]\nservers=127.0.0.1:${dns}\n`;
  const mainSection = /^\[main\]/m.test(text) ? '' : '\n[main]\nsettle=50ms\npoll=200ms\n';
  return `${text}${dnsSection}${mainSection}`;
}

function hasIpv6(): boolean {
  return Object.values(os.networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
}

class HarakaProcess {
  output = '';
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #directory: HarakaDirectory;
  readonly #ended: Promise<number | null>;
  readonly #listeners = new Set<() => void>();

  constructor(directory: HarakaDirectory, options: HarakaOptions) {
    this.#directory = directory;
    // A process group of its own, so that workers can be ended with their master.
    this.#child = spawn(process.execPath, [directory.program, '-c', directory.path], {
      cwd: directory.path,
      detached: true,
      env: { ...process.env, SMTPCHECK_TEST_DNS: String(options.dns ?? NO_DNS), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? 0;
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const listener of this.#listeners) listener();
      });
    }
    live.add(this);
  }

  async exited(timeout: number): Promise<HarakaExit> {
    const code = await within(timeout, this.#ended, () => `Haraka is still running:\n${this.output}`);
    return { code, output: this.output };
  }

  async serving(workers: number, timeout: number): Promise<void> {
    const ready = this.#until(() => this.output.split('harness: serving').length > workers);
    const ended = this.#ended.then((code) => {
      throw new Error(`Haraka ended with ${code} instead of starting:\n${this.output}`);
    });
    await within(timeout, Promise.race([ready, ended]), () => `Haraka does not listen:\n${this.output}`);
  }

  async waitForLog(pattern: RegExp | string, timeout = 20_000): Promise<string> {
    const matches = (line: string) =>
      typeof pattern === 'string' ? line.includes(pattern) : line.search(pattern) >= 0;
    const find = () => this.output.split('\n').find(matches);
    await within(
      timeout,
      this.#until(() => find() !== undefined),
      () => `no ${pattern} in the log:\n${this.output}`,
    );
    return find() ?? '';
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    // `close` comes when the last holder of the output is gone, workers included.
    await within(STOP_TIMEOUT, this.#ended, () => 'busy').catch(() => this.#killGroup());
    await this.#ended;
    live.delete(this);
    this.#directory.remove();
  }

  discard(): void {
    this.#killGroup();
    this.#directory.remove();
  }

  #killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // None is left.
    }
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }
}

const live = new Set<HarakaProcess>();
process.on('exit', () => {
  for (const running of live) running.discard();
});

async function within<T>(timeout: number, promise: Promise<T>, complaint: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${timeout} ms: ${complaint()}`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
