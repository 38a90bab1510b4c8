/**
 * Every way in which a list can change under a running server, as data. Each turns what the list says of one client
 * round; what it takes for the change to be noticed is the server's affair.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { RunningHaraka } from './haraka';

/** The client that the changes are about, and texts that list it or not. */
export const changing = '127.9.0.1';
const listed = '127.9\n';
const unlisted = '127.8\n';

export interface Change {
  readonly name: string;
  /** Arranges the files, with the client's standing the opposite of `allowed`; to be taken before the change comes. */
  arrange?(site: RunningHaraka): void;
  change(site: RunningHaraka): void;
  /** Whether the client may relay after the change. */
  readonly allowed: boolean;
}

export const changes: readonly Change[] = [
  {
    name: 'a file rewritten in place',
    arrange: (site) => site.write('localip', listed),
    change: (site) => site.write('localip', unlisted),
    allowed: false,
  },
  {
    name: 'a file written aside and renamed',
    change: (site) => {
      site.write('localip.new', listed);
      fs.renameSync(site.configFile('localip.new'), site.configFile('localip'));
    },
    allowed: true,
  },
  {
    name: 'a file deleted',
    change: (site) => site.remove('localip'),
    allowed: false,
  },
  {
    name: 'a file created again, with what it held before',
    change: (site) => site.write('localip', listed),
    allowed: true,
  },
  {
    name: 'a ..data link swapped, as in a ConfigMap',
    arrange: (site) => {
      site.write('..v1/localip', unlisted);
      link(site, '..data', '..v1');
      link(site, 'localip', path.join('..data', 'localip'));
    },
    change: (site) => {
      site.write('..v2/localip', listed);
      link(site, '..data', '..v2');
    },
    allowed: true,
  },
  {
    name: 'a ..data link swapped again',
    change: (site) => {
      site.write('..v3/localip', unlisted);
      link(site, '..data', '..v3');
      fs.rmSync(site.configFile('..v2'), { recursive: true });
    },
    allowed: false,
  },
  {
    name: 'a file behind a link, rewritten where no event tells of it',
    arrange: (site) => {
      site.write('../elsewhere/deep/localip', unlisted);
      link(site, 'localip', path.join('..', 'elsewhere', 'deep', 'localip'));
    },
    change: (site) => site.write('../elsewhere/deep/localip', listed),
    allowed: true,
  },
  {
    name: 'a whole folder swapped behind a link, where no event tells of it',
    arrange: (site) => {
      site.write('../mounts/a/localip', listed);
      site.write('../mounts/b/localip', unlisted);
      link(site, '../mounts/current', 'a');
      site.write('smtpcheck.ini', `[relay]\nlocal_ip=${site.configFile('../mounts/current/localip')}\n`);
    },
    change: (site) => link(site, '../mounts/current', 'b'),
    allowed: false,
  },
  {
    name: 'another list named in smtpcheck.ini',
    change: (site) => {
      site.write('our-networks', listed);
      site.write('smtpcheck.ini', '[relay]\nlocal_ip=our-networks\n');
    },
    allowed: true,
  },
  {
    name: 'no list named in smtpcheck.ini any more',
    change: (site) => site.write('smtpcheck.ini', '[relay]\nlocal_ip=\n'),
    allowed: false,
  },
  {
    name: 'smtpcheck.ini as it was',
    arrange: (site) => {
      fs.rmSync(site.configFile('localip'));
      site.write('localip', listed);
    },
    change: (site) => site.write('smtpcheck.ini', ''),
    allowed: true,
  },
];

/** Puts a link in the place of whatever is there, in one step. */
function link(site: RunningHaraka, name: string, target: string): void {
  const aside = site.configFile(`${name}_tmp`);
  fs.symlinkSync(target, aside);
  fs.renameSync(aside, site.configFile(name));
}
