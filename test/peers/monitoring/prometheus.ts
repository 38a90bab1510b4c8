/** A Prometheus as Debian has it, on loopback, with its data in a folder of its own, and promtool. It ends with the test run. */
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { eventually } from '../../../testkit/live/talk';

const patience = 30_000;

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
}

export class Prometheus {
  private output = '';
  private child: ChildProcess | undefined;

  private constructor(
    private readonly root: string,
    private readonly port: number,
    private readonly folder: string,
  ) {}

  /** Resolves when it answers. `config`: its prometheus.yml; files that this names are looked for beside it. */
  static async start(root: string, config: string): Promise<Prometheus> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-prometheus-'));
    const prometheus = new Prometheus(root, await freePort(), folder);
    process.once('exit', prometheus.removeFolder);
    prometheus.write('prometheus.yml', config);
    await prometheus.run();
    return prometheus;
  }

  write(name: string, text: string): void {
    fs.writeFileSync(path.join(this.folder, name), text);
  }

  /** With another configuration, as its service does it on `systemctl reload`. */
  reload(config: string): void {
    this.write('prometheus.yml', config);
    this.child?.kill('SIGHUP');
  }

  async query(expression: string): Promise<readonly Sample[]> {
    const { result } = await this.api<{ result: readonly Sample[] }>(`query?query=${encodeURIComponent(expression)}`);
    return result;
  }

  async alerts(): Promise<readonly Alert[]> {
    return (await this.api<{ alerts: readonly Alert[] }>('alerts')).alerts;
  }

  /** What became of the last scrape of each target: `up`, or the error. */
  async targets(): Promise<readonly string[]> {
    const { activeTargets } = await this.api<{ activeTargets: readonly { health: string; lastError: string }[] }>(
      'targets',
    );
    return activeTargets.map(({ health, lastError }) => lastError || health);
  }

  /** `ok`, or the error, of each rule. */
  async rules(): Promise<readonly string[]> {
    type Rule = { readonly name: string; readonly health: string; readonly lastError?: string };
    const { groups } = await this.api<{ groups: readonly { rules: readonly Rule[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules.map(({ name, health, lastError }) => `${name} ${lastError ?? health}`));
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child && child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    process.off('exit', this.removeFolder);
    this.removeFolder();
  }

  private async run(): Promise<void> {
    // However the test run ends, the kernel ends the server with it.
    this.child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', path.join(this.root, 'usr/bin/prometheus')],
        `--config.file=${path.join(this.folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${path.join(this.folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${this.port}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    const ready = () =>
      fetch(`http://127.0.0.1:${this.port}/-/ready`)
        .then(({ ok }) => ok)
        .catch(() => false);
    await eventually(Boolean, ready, patience).catch(() => {
      throw new Error(`Prometheus does not answer:\n${this.output}`);
    });
  }

  private async api<T>(url: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/${url}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${url}: ${answer.error}`);
    return answer.data;
  }

  private readonly removeFolder = (): void => {
    fs.rmSync(this.folder, { recursive: true, force: true });
  };
}

/** Runs promtool of the package in a folder, and returns all it prints. */
export function promtool(
  root: string,
  given: readonly string[],
  { cwd, input = '' }: { readonly cwd?: string; readonly input?: string } = {},
): { readonly status: number | null; readonly output: string } {
  const run: SpawnSyncReturns<string> = spawnSync(path.join(root, 'usr/bin/promtool'), given, {
    encoding: 'utf8',
    input,
    ...(cwd !== undefined && { cwd }),
  });
  return { status: run.status, output: `${run.stdout}${run.stderr}${run.error?.message ?? ''}` };
}
