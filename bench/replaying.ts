/** `smtpcheck replay` of logs of a million lines and of a tenth of them, each in a fresh process, under lists of a hundred entries. */
import fs from 'node:fs';
import path from 'node:path';
import { emptyLists } from '../testkit/folder';
import { logLine } from '../testkit/log-lines';
import { addressList, clientsOf, domainList, fileOf, randomFrom } from './lists';
import { inFreshProcess, type Result } from './measure';
import type { OneReplay } from './one-replay';

const runs = 3;
const lines = 1_000_000;
const entries = 100;
/** Another plugin's line after so many of ours. */
const others =
  '2026-11-29T08:10:02.113Z [INFO] [B19DCBC8-1650-4FCA-A495-9689167D76D2.1] [core] hook=rcpt plugin=rcpt_to.in_host_list retval=CONT';

export async function replaying(folder: string): Promise<Result[]> {
  const networks = addressList(entries);
  const domains = domainList(entries);
  const site = path.join(folder, 'replaying');
  fs.mkdirSync(path.join(site, 'config'), { recursive: true });
  const lists = { ...emptyLists, plugins: 'smtpcheck\n', localip: fileOf(networks), 'relay.to': fileOf(domains) };
  for (const [name, text] of Object.entries(lists)) fs.writeFileSync(path.join(site, 'config', name), text);
  const whole = path.join(folder, 'whole.log');
  const tenth = path.join(folder, 'tenth.log');
  writeLog(whole, lines, networks, domains);
  writeLog(tenth, lines / 10, networks, domains);
  const least = async (log: string) => {
    const all: OneReplay[] = [];
    for (let i = 0; i < runs; i++) all.push(await inFreshProcess<OneReplay>('one-replay', site, log));
    return (key: keyof OneReplay) => Math.min(...all.map((one) => one[key]));
  };
  const ofWhole = await least(whole);
  const ofTenth = await least(tenth);
  return [
    {
      measure: `replaying a log of ${lines} lines (processor time)`,
      value: ofWhole('cpu') / 1000,
      unit: 's',
      target: { atMost: 20 },
      remark: `${ofWhole('decisions')} decisions, ${(ofWhole('wall') / 1000).toFixed(1)} s by the clock`,
    },
    {
      measure: 'most memory while replaying it',
      value: ofWhole('peak') / 2 ** 20,
      unit: 'MB',
    },
    {
      measure: 'most memory while replaying it, against a tenth of it',
      value: ofWhole('peak') / ofTenth('peak'),
      unit: 'x',
      target: { atMost: 1.5 },
    },
  ];
}

/** Half of the decisions permit, a few would change, and what clients say is never the same. */
function writeLog(file: string, count: number, networks: readonly string[], domains: readonly string[]): void {
  const random = randomFrom(7);
  const clients = clientsOf(networks, 4096);
  const out = fs.openSync(file, 'w');
  let piece: string[] = [];
  for (let i = 0; i < count; i++) {
    const from = `<sender${i}@d${random() % 5000}.example>`;
    const helo = `host${i}.example`;
    const ip = clients[random() % clients.length] as string;
    const domain = domains[random() % domains.length] as string;
    if (i % 10 === 9) piece.push(others);
    else if (i % 2 === 0) {
      const rcpt = `<user${i}@${domain}>`;
      piece.push(logLine({ outcome: 'permit', rule: 'destination', at: 'relay.to:1', ip, helo, from, rcpt }));
    } else piece.push(logLine({ ip, helo, from, rcpt: `<user${i}@x${random() % 300}.example>` }));
    if (piece.length === 10_000) {
      fs.writeSync(out, `${piece.join('\n')}\n`);
      piece = [];
    }
  }
  fs.closeSync(out);
}
