/** What the shipped filter and jail make of log lines, by fail2ban as Debian has it. Nothing is banned: only its readers run. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monitoringFolder } from './examples';

export class Fail2ban {
  /** Debian's configuration with our files in it, as an administrator puts them there. */
  private readonly config = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-fail2ban-'));

  constructor(private readonly root: string) {
    fs.cpSync(path.join(root, 'etc', 'fail2ban'), this.config, { recursive: true });
    fs.cpSync(path.join(monitoringFolder, 'fail2ban'), this.config, { recursive: true });
  }

  /**
   * The address that each line would count against, and when, in seconds since 1970. `isDated`: whether the lines have a time;
   * without, they are of now, as for a fail2ban that reads them as they are written.
   */
  failures(lines: readonly string[], isDated: boolean): readonly { readonly ip: string; readonly time: number }[] {
    const log = path.join(this.config, 'log');
    fs.writeFileSync(log, `${lines.join('\n')}\n`);
    const rows = this.run('fail2ban-regex', [
      ...[`--config=${this.config}`, '--usedns=no', '--out=row'],
      ...(isDated ? [] : ['--datepattern={NONE}']),
      ...[log, 'smtpcheck'],
    ]);
    return rows
      .split('\n')
      .filter((row) => row !== '')
      .map((row) => {
        const [, ip, time] = /^\['([^']*)',\s*([\d.]+),/.exec(row) ?? [];
        if (ip === undefined) throw new Error(`fail2ban-regex: ${row}`);
        return { ip, time: Number(time) };
      });
  }

  /** What the server of fail2ban would be told of the jail. */
  jail(): string {
    const dump = this.run('fail2ban-client', ['-c', this.config, '-d']);
    return dump
      .split('\n')
      .filter((line) => line.includes("'smtpcheck'"))
      .join('\n');
  }

  remove(): void {
    fs.rmSync(this.config, { recursive: true, force: true });
  }

  private run(program: string, given: readonly string[]): string {
    const own = path.join(this.root, 'usr', 'bin', 'python3');
    const python = fs.existsSync(own) ? own : '/usr/bin/python3';
    const { status, stdout, stderr, error } = spawnSync(
      python,
      [path.join(this.root, 'usr', 'bin', program), ...given],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          PYTHONPATH: path.join(this.root, 'usr', 'lib', 'python3', 'dist-packages'),
          PYTHONDONTWRITEBYTECODE: '1',
          PYTHONUTF8: '1',
          // Times without a zone are those of the machine.
          TZ: 'UTC',
        },
      },
    );
    if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}${error?.message ?? ''}`);
    return stdout;
  }
}
