/**
 * A redis-server as Debian has it, on loopback, that can be stopped, started, paused and given other settings, and the
 * redis-cli that an operator changes lists with. What it holds outlives a stop. It ends with the test run.
 */
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { eventually } from '../../../testkit/live/talk';
import { environmentOf } from '../servers/install';

export interface RedisSettings {
  /** Lines of `redis.conf`. */
  readonly conf?: readonly string[];
  readonly password?: string;
}

const patience = 30_000;

export class RedisServer {
  #running: ChildProcess | undefined;
  #output = '';

  private constructor(
    readonly port: number,
    private readonly root: string,
    private readonly folder: string,
    private settings: RedisSettings,
  ) {}

  static async start(root: string, settings: RedisSettings = {}): Promise<RedisServer> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-redis-'));
    const server = new RedisServer(await freePort(), root, folder, settings);
    process.once('exit', server.#removeFolder);
    await server.start();
    return server;
  }

  /** Resolves when it answers; with other settings than before, where some are given. */
  async start(settings: RedisSettings = this.settings): Promise<void> {
    this.settings = settings;
    fs.writeFileSync(path.join(this.folder, 'redis.conf'), this.#configuration());
    // However the test run ends, the kernel ends the server with it.
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', path.join(this.root, 'usr/bin/redis-server'), path.join(this.folder, 'redis.conf')],
      { env: this.#env(), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.#running = child;
    await eventually(
      (answer) => answer === 'PONG',
      async () => this.#ask(['PING']).stdout.trim(),
      patience,
    ).catch(() => {
      throw new Error(`redis-server does not answer:\n${this.#output}`);
    });
  }

  /** As its own service does it: what it holds is written first. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** As a machine that loses its power, or the kernel short of memory. */
  crash(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async restart(settings?: RedisSettings): Promise<void> {
    await this.stop();
    await this.start(settings);
  }

  /** It keeps its connections and takes new ones, and answers nobody. */
  pause(): void {
    this.#running?.kill('SIGSTOP');
  }

  resume(): void {
    this.#running?.kill('SIGCONT');
  }

  /** What redis-cli prints. */
  cli(...command: readonly string[]): string {
    return this.#said(this.#ask(command), command);
  }

  /** Commands one a line, as `redis-cli < file` takes them. */
  pipe(commands: readonly string[]): void {
    this.#said(this.#ask([], `${commands.join('\n')}\n`), ['(piped)']);
  }

  /** The last argument of the command is the text, whatever is in it: `redis-cli -x`. */
  cliWith(text: string | Buffer, ...command: readonly string[]): string {
    return this.#said(this.#ask(['-x', ...command], text), command);
  }

  /** The connections of others than redis-cli. */
  clients(): readonly string[] {
    return this.cli('CLIENT', 'LIST')
      .split('\n')
      .filter((line) => line !== '' && !/ cmd=client(\||$| )/.test(line));
  }

  async remove(): Promise<void> {
    if (this.#running) await this.crash();
    process.off('exit', this.#removeFolder);
    this.#removeFolder();
  }

  readonly #removeFolder = (): void => {
    fs.rmSync(this.folder, { recursive: true, force: true });
  };

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#running;
    if (!child) throw new Error('redis-server is not running');
    const closed = once(child, 'close');
    child.kill(signal);
    // One that is paused sees nothing but this.
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    await closed;
    clearTimeout(timer);
    this.#running = undefined;
  }

  #said({ status, stdout, stderr }: SpawnSyncReturns<string>, command: readonly string[]): string {
    const error = /^\(error\)|^(ERR|NOAUTH|WRONGTYPE|WRONGPASS|LOADING|NOPERM) /m.exec(stdout);
    if (status !== 0 || error || stderr !== '') {
      throw new Error(`redis-cli ${command.join(' ').slice(0, 200)}: ${stderr}${stdout.slice(0, 500)}`);
    }
    return stdout;
  }

  /** For a redis-cli that is fed over some time. */
  cliCommand(): [string, string[], { env: NodeJS.ProcessEnv }] {
    return [path.join(this.root, 'usr/bin/redis-cli'), ['-p', String(this.port)], { env: this.#env() }];
  }

  #ask(command: readonly string[], input: string | Buffer = ''): SpawnSyncReturns<string> {
    const [program, given, { env }] = this.cliCommand();
    return spawnSync(program, [...given, ...command], {
      encoding: 'utf8',
      env,
      input,
      timeout: patience,
      maxBuffer: 1 << 28,
    });
  }

  #configuration(): string {
    return [
      'bind 127.0.0.1',
      `port ${this.port}`,
      `dir ${this.folder}`,
      'daemonize no',
      // At a stop what there is is written.
      'save 3600 1',
      'loglevel notice',
      ...(this.settings.password === undefined ? [] : [`requirepass ${this.settings.password}`]),
      ...(this.settings.conf ?? []),
      '',
    ].join('\n');
  }

  #env(): NodeJS.ProcessEnv {
    const { password } = this.settings;
    return {
      ...environmentOf(this.root),
      ...(password !== undefined && { REDISCLI_AUTH: password }),
    };
  }
}
