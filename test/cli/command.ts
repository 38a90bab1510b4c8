/** The command, in this process or in one of its own: stdout, stderr, exit code. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { main } from '../../src/cli/main';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Where {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: AsyncIterable<Uint8Array>;
}

export const program = path.join(__dirname, '..', '..', 'src', 'cli', 'main.js');

/** No more of this environment than PATH: neither HARAKA nor NO_COLOR leaks in. */
export const environment = (env: Readonly<Record<string, string>> = {}) => ({ PATH: process.env.PATH ?? '', ...env });

/** In this process, whose streams, folder and environment the command does not touch. */
export async function smtpcheck(args: readonly string[], { cwd = '/', env = {}, stdin }: Where = {}): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const code = await main(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: environment(env),
    cwd,
    ...(stdin && { stdin }),
  });
  return { code, stdout, stderr };
}

/** In a process of its own, for what only a process shows. */
export async function smtpcheckProcess(args: readonly string[], { cwd = '/', env = {} }: Where = {}): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}
