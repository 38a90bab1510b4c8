/**
 * In a fresh process: a policy store follows one list, whose file is replaced several times as an operator would. Prints
 * what is resident at the start and after each new version.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PolicyStore } from '../src/lists/policy-store';
import type { StoreLog } from '../src/lists/store-log';
import { residentSet } from './measure';

/** Bytes resident: at the start, and after each reload. */
export type FollowedList = readonly number[];

const list = 'list';

async function main(): Promise<void> {
  const [key, from, reloads] = process.argv.slice(2) as [string, string, string];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-bench-'));
  // What follows the files keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  try {
    process.stdout.write(JSON.stringify(await follow(folder, key, from, Number(reloads))));
  } finally {
    clearInterval(alive);
    fs.rmSync(folder, { recursive: true });
  }
}

async function follow(folder: string, key: string, from: string, reloads: number): Promise<FollowedList> {
  fs.writeFileSync(path.join(folder, 'smtpcheck.ini'), `[main]\nsettle=50ms\n[relay]\n${key}=${list}\n`);
  fs.copyFileSync(from, path.join(folder, list));
  let told = (_text: string) => {};
  const fails = (text: string) => {
    throw new Error(text);
  };
  const log: StoreLog = { loginfo: () => {}, lognotice: (text) => told(text), logwarn: fails, logerror: fails };
  const store = new PolicyStore(folder, log);
  store.follow();
  const resident = [await residentSet()];
  for (let i = 0; i < reloads; i++) {
    const loaded = new Promise<void>((resolve) => {
      told = (text) => {
        if (text.includes(`loaded file=${list}`)) resolve();
      };
    });
    const next = path.join(folder, 'next');
    fs.copyFileSync(from, next);
    fs.appendFileSync(next, key === 'local_ip' ? `127.100.100.${i + 1}\n` : `added-${i + 1}.example\n`);
    fs.renameSync(next, path.join(folder, list));
    await loaded;
    resident.push(await residentSet());
  }
  store.close();
  return resident;
}

void main();
