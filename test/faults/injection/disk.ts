/** Small disks that can be full. They take a mount, and that takes root. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pause } from '../../../testkit/live/talk';

export interface DiskOptions {
  readonly size: number;
  readonly mode: string;
  readonly uid?: number;
  readonly gid?: number;
}

export class Disk {
  private constructor(
    readonly path: string,
    private readonly size: number,
  ) {}

  /** Makes the folder, which must not be there. */
  static mount(folder: string, { size, mode, uid = 0, gid = 0 }: DiskOptions): Disk {
    fs.mkdirSync(folder);
    mount(`size=${size},mode=${mode},uid=${uid},gid=${gid}`, folder);
    return new Disk(folder, size);
  }

  /** Leaves so many bytes free and no more, whatever is written meanwhile. */
  fillUp(leaving = 0, attempts = 20): void {
    // Where nothing is stored yet there is no smaller size. The queue takes no notice of names like this one.
    fs.writeFileSync(path.join(this.path, '__tmp__.ballast'), '.');
    const { blocks, bfree, bsize } = fs.statfsSync(this.path);
    try {
      mount(`remount,size=${(blocks - bfree) * bsize + leaving}`, this.path);
    } catch (error) {
      if (attempts <= 1) throw error;
      this.fillUp(leaving, attempts - 1);
    }
  }

  /** Nothing can be written there, and it does not look full. */
  async makeReadOnly(): Promise<void> {
    // Not while anybody is writing.
    for (let attempts = 100; ; attempts--) {
      try {
        return mount('remount,ro', this.path);
      } catch (error) {
        if (attempts <= 1) throw error;
        await pause(10);
      }
    }
  }

  makeWritable(): void {
    mount('remount,rw', this.path);
  }

  makeRoom(): void {
    mount(`remount,size=${this.size}`, this.path);
    fs.rmSync(path.join(this.path, '__tmp__.ballast'));
  }

  /** At once, whoever still uses it. */
  unmount(): void {
    execFileSync('umount', ['--lazy', this.path], { stdio: 'pipe' });
    fs.rmdirSync(this.path);
  }
}

function mount(options: string, folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
}

export function cannotMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'a small disk takes a mount, and that takes root';
  const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-mount-')), 'disk');
  try {
    Disk.mount(folder, { size: 4096, mode: '755' }).unmount();
    return undefined;
  } catch (error) {
    return `mounting is not allowed here: ${String(error).split('\n')[0]}`;
  } finally {
    fs.rmSync(path.dirname(folder), { recursive: true });
  }
}
