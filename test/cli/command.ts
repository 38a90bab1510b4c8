/** The command as a process of its own: stdout, stderr, exit code. */
import { spawn } from 'node:child_process';
import path from 'node:path';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Where {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export const program = path.join(__dirname, '..', '..', 'cli', 'main.js');

/** With no more of this environment than PATH: neither HARAKA nor NO_COLOR leaks in. */
export async function smtpcheck(args: readonly string[], { cwd = '/', env = {} }: Where = {}): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
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
