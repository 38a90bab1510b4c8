/**
 * Random file operations on the lists of a policy store, against a model in a few lines: what is in force is the last
 * content that was good and could be read; an allow list that is gone is empty, a deny list that is gone stays.
 */

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Policy } from '../../../src/lists/policy';
import { PolicyStore } from '../../../src/lists/policy-store';
import { type IpAddress, parseAddress } from '../../../src/policy/entries/ip-address';
import { now } from '../../../testkit/core';
import { pause } from '../../../testkit/live/talk';
import type { Fuzzer } from './fuzzer';
import { Random } from './random';

const settle = 50;
const stepsOfARound = 12;
/** Most of a round is waiting, so several go side by side. */
const stores = 8;

/** What a file says to whoever reads it: a version by its number, nothing at all, or something that is no list. */
type Content = number | 'missing' | 'bad';
/** A version, or the empty list. */
type InForce = number | 'empty';

interface Watched {
  readonly file: string;
  readonly whenDeleted: 'empty' | 'keep';
  text(version: number): string;
  /** Whether the version is among what is in force. */
  holds(policy: Policy, version: number): boolean;
}

const network = (version: number) => `10.${version}`;
const inside = (version: number) => parseAddress(`10.${version}.1.1`) as IpAddress;
const domain = (version: number) => `v${version}.example`;

const watched: readonly Watched[] = [
  {
    file: 'localip',
    whenDeleted: 'empty',
    text: network,
    holds: (policy, version) => policy.relay.clientNetworks.findAddress(inside(version), now) !== undefined,
  },
  {
    file: 'localdomain',
    whenDeleted: 'empty',
    text: domain,
    holds: (policy, version) => policy.relay.clientDomains.findDomain(domain(version), now) !== undefined,
  },
  {
    file: 'relay.to',
    whenDeleted: 'empty',
    text: domain,
    holds: (policy, version) =>
      policy.relay.destinations.findRecipient({ localPart: 'user', domain: domain(version) }, now) !== undefined,
  },
  {
    file: 'relay.map',
    whenDeleted: 'empty',
    text: (version) => `To:${domain(version)} RELAY`,
    holds: (policy, version) =>
      policy.relay.map.findRecipient({ localPart: 'user', domain: domain(version) }, now) !== undefined,
  },
  {
    file: 'host.deny',
    whenDeleted: 'keep',
    text: network,
    holds: (policy, version) => policy.deny.clients.findAddress(inside(version), now) !== undefined,
  },
];

/** From this many bytes on a list is parsed in a thread of its own. */
const large = `# ${'x'.repeat(78)}\n`.repeat(2_000);

interface Operation {
  readonly name: string;
  /** Does it to the file, and tells what the file says then; `version` is a text that was never there. */
  run(file: string, version: number, text: (version: number) => string): Content;
}

const operations: readonly Operation[] = [
  {
    name: 'rewrite',
    run(file, version, text) {
      clear(file);
      fs.writeFileSync(file, `${text(version)}\n`);
      return version;
    },
  },
  {
    name: 'rename over',
    run(file, version, text) {
      if (isFolder(file)) clear(file);
      fs.writeFileSync(`${file}.new`, `# ${version}\n${text(version)}`);
      fs.renameSync(`${file}.new`, file);
      return version;
    },
  },
  {
    name: 'write a large one',
    run(file, version, text) {
      clear(file);
      fs.writeFileSync(file, `${large}${text(version)}\n`);
      return version;
    },
  },
  {
    name: 'write by halves',
    run(file, version, text) {
      clear(file);
      const whole = `${text(version)}\n`;
      fs.writeFileSync(file, whole.slice(0, 4));
      fs.appendFileSync(file, whole.slice(4));
      return version;
    },
  },
  {
    name: 'link to another',
    run(file, version, text) {
      clear(file);
      fs.writeFileSync(`${file}.target`, `${text(version)}\n`);
      fs.symlinkSync(`${path.basename(file)}.target`, file);
      return version;
    },
  },
  {
    name: 'truncate and write again, with another time',
    run(file, version, text) {
      clear(file);
      fs.writeFileSync(file, '');
      fs.writeFileSync(file, `${text(version)}\n`);
      fs.utimesSync(file, 1, 1);
      return version;
    },
  },
  {
    name: 'break',
    run(file, version, text) {
      clear(file);
      fs.writeFileSync(file, `${text(version)}\n=\n@@ \0\n`);
      return 'bad';
    },
  },
  {
    name: 'delete',
    run(file) {
      clear(file);
      return 'missing';
    },
  },
  {
    name: 'dangle',
    run(file) {
      clear(file);
      fs.symlinkSync('nowhere', file);
      return 'missing';
    },
  },
  {
    name: 'make a folder',
    run(file) {
      clear(file);
      fs.mkdirSync(file);
      return 'bad';
    },
  },
  {
    name: 'make a FIFO',
    run(file) {
      clear(file);
      execFileSync('mkfifo', [file]);
      return 'bad';
    },
  },
];

function clear(file: string): void {
  fs.rmSync(file, { recursive: true, force: true });
}

function isFolder(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * What may be in force after the contents have followed each other within one step: the last one decides where it can;
 * where it cannot, one before it may or may not have stayed long enough to be taken.
 */
function possible(list: Watched, before: InForce, contents: readonly Content[]): ReadonlySet<InForce> {
  let may: InForce[] = [before];
  for (const content of contents) {
    if (typeof content === 'number') may.push(content);
    else if (content === 'missing' && list.whenDeleted === 'empty') may.push('empty');
  }
  const last = contents.at(-1);
  if (typeof last === 'number') may = [last];
  else if (last === 'missing' && list.whenDeleted === 'empty') may = ['empty'];
  return new Set(may);
}

async function round(seed: number): Promise<string | undefined> {
  const found = await Promise.all(Array.from({ length: stores }, (_, n) => follow(new Random(seed * stores + n))));
  return found.find((finding) => finding !== undefined);
}

/** One store, one random sequence of operations. */
async function follow(random: Random): Promise<string | undefined> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-watcher-'));
  const settings = `[main]\nsettle=${settle}ms\npoll=200ms\n`;
  fs.writeFileSync(path.join(folder, 'smtpcheck.ini'), settings);
  for (const { file, text } of watched) fs.writeFileSync(path.join(folder, file), `${text(0)}\n`);
  const log: string[] = [];
  const note = (...lines: readonly string[]) => log.push(lines.join('\n'));
  const store = new PolicyStore(folder, { loginfo: note, lognotice: note, logwarn: note, logerror: note });
  store.follow();
  const inForce = new Map<string, InForce>(watched.map(({ file }) => [file, 0]));
  const done: string[] = [];
  try {
    for (let version = 1; version <= stepsOfARound * 4; version += 4) {
      const contents = new Map<Watched, Content[]>();
      for (let n = 0, count = 1 + random.below(4); n < count; n++) {
        const list = random.pick(watched);
        const operation = random.pick(operations);
        if (random.oneIn(12)) breakSettings(folder, settings, random, done);
        done.push(`${list.file}: ${operation.name} (${version + n})`);
        const content = operation.run(path.join(folder, list.file), version + n, list.text);
        contents.set(list, [...(contents.get(list) ?? []), content]);
        if (random.oneIn(3)) await pause(random.below(2 * settle));
      }
      for (let look = 0; look < 3; look++) {
        await store.check();
        await pause(settle + 20);
      }
      await store.check();
      for (const list of watched) {
        const now = versionInForce(store.policy, list, version + 4);
        const may = possible(list, inForce.get(list.file) as InForce, contents.get(list) ?? []);
        if (now === undefined || !may.has(now)) {
          const wanted = [...may].join(' or ');
          return `${list.file} is at ${now ?? 'several versions at once'}, not ${wanted}, after\n  ${done.join('\n  ')}\nlog:\n  ${log.slice(-12).join('\n  ')}`;
        }
        inForce.set(list.file, now);
      }
    }
    const fault = log.find((text) => text.startsWith('looking at the lists failed'));
    return fault && `${fault}, after\n  ${done.join('\n  ')}`;
  } finally {
    store.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Settings that cannot be taken must not keep the lists from being taken. */
function breakSettings(folder: string, settings: string, random: Random, done: string[]): void {
  const text = random.pick(['[relay\n', 'settle=never\n', settings, `${settings}# the same\n`, '\0']);
  done.push(`smtpcheck.ini: ${JSON.stringify(text)}`);
  fs.writeFileSync(path.join(folder, 'smtpcheck.ini'), text);
}

function versionInForce(policy: Policy, list: Watched, versions: number): InForce | undefined {
  const held: number[] = [];
  for (let version = 0; version < versions; version++) if (list.holds(policy, version)) held.push(version);
  if (held.length > 1) return undefined;
  return held[0] ?? 'empty';
}

export const watcherFuzzer: Fuzzer = {
  name: 'watcher',
  async start() {
    return { round, async stop() {} };
  },
};
