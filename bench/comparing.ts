/** Comparing two lists of a million entries as `smtpcheck diff` does, against loading both; each time in a fresh process. */
import fs from 'node:fs';
import path from 'node:path';
import { addressList, domainList, type Files, fileOf, largest } from './lists';
import { inFreshProcess, type Result } from './measure';
import type { OneComparison } from './one-comparison';

const runs = 3;
/** Of the edited list one entry in so many is gone, and as many are new. */
const oneIn = 1000;

export async function comparing(folder: string, files: Files): Promise<Result[]> {
  const otherDomains = () => domainList(largest / oneIn, 5);
  const otherAddresses = () => addressList(largest / oneIn, 5);
  return [
    ...(await ofKind(folder, 'addresses', 'local_ip', files.addresses, otherAddresses())),
    ...(await ofKind(folder, 'domains', 'local_domain', files.domains, otherDomains())),
  ];
}

async function ofKind(folder: string, what: string, id: string, file: string, added: string[]): Promise<Result[]> {
  const edited = path.join(folder, `${what}-edited`);
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  const left = lines.filter((_, i) => i % oneIn !== 0);
  fs.writeFileSync(edited, fileOf([...new Set([...left, ...added])]));
  const runsOf = async (how: 'load' | 'compare') => {
    const all: OneComparison[] = [];
    for (let i = 0; i < runs; i++)
      all.push(await inFreshProcess<OneComparison>('one-comparison', id, file, edited, how));
    return (key: keyof OneComparison) => Math.min(...all.map((one) => one[key]));
  };
  const loaded = await runsOf('load');
  const compared = await runsOf('compare');
  const of = `${largest} ${what} with an edited list`;
  return [
    {
      measure: `comparing ${of}, against loading both (processor time)`,
      value: (compared('cpu') - loaded('cpu')) / loaded('cpu'),
      unit: 'x',
      target: { atMost: 3 },
      remark: `${compared('changes')} changes, ${(compared('wall') / 1000).toFixed(1)} s with loading`,
    },
    {
      measure: `most memory while comparing ${of}, against loading both`,
      value: compared('peak') / loaded('peak'),
      unit: 'x',
      target: { atMost: 1.5 },
    },
  ];
}
