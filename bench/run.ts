/** `npm run bench [-- PART… --package FOLDER]`: measures, prints a table, writes `bench/results.json`. `README.md` says how to read it. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { checkout } from '../examples/haraka-directory';
import { comparing } from './comparing';
import { decisions } from './decisions';
import { dnsQuestions } from './dns-questions';
import { limits } from './limits';
import { type Files, writeLists } from './lists';
import { loading } from './loading';
import { type Result, reaches, type Target } from './measure';
import { reloading } from './reloading';
import { replaying } from './replaying';
import { startup } from './startup';
import { traffic } from './traffic';

const parts: Readonly<Record<string, (folder: string, files: () => Files) => Result[] | Promise<Result[]>>> = {
  decisions: () => decisions(),
  limits: () => limits(),
  loading: (folder, files) => loading(folder, files()),
  comparing: (folder, files) => comparing(folder, files()),
  replaying: (folder) => replaying(folder),
  reloading: (_folder, files) => reloading(files()),
  traffic: (_folder, files) => traffic(files()),
  dns: () => dnsQuestions(),
  startup: () => startup(),
};

async function main(): Promise<void> {
  const { positionals: asked, values } = parseArgs({
    allowPositionals: true,
    options: { package: { type: 'string' } },
  });
  // The processes that are measured read it.
  if (values.package !== undefined) process.env.BENCH_PACKAGE = path.resolve(values.package);
  const unknown = asked.find((name) => !(name in parts));
  if (unknown) throw new Error(`no part ${unknown}; there are ${Object.keys(parts).join(', ')}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-bench-'));
  let written: Files | undefined;
  const files = () => {
    written ??= writeLists(folder);
    return written;
  };
  const results: Result[] = [];
  try {
    for (const [name, part] of Object.entries(parts)) {
      if (asked.length > 0 && !asked.includes(name)) continue;
      process.stderr.write(`${name} …\n`);
      results.push(...(await part(folder, files)));
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${tableOf(results)}\n`);
  const machine = {
    node: process.version,
    cpus: os.cpus().length,
    model: os.cpus()[0]?.model ?? '',
    load: os.loadavg(),
  };
  const file = path.join(checkout, 'bench', 'results.json');
  fs.writeFileSync(file, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  process.exitCode = results.every((result) => reaches(result) || result.noVerdict) ? 0 : 1;
}

function tableOf(results: readonly Result[]): string {
  const table = new Table({ head: ['measure', 'value', 'target', ''], style: { head: [], border: [] } });
  for (const result of results) {
    const { measure, value, unit, target, noVerdict, remark = '' } = result;
    const goal = target ? goalOf(target) : '';
    const said = reaches(result) ? 'reached' : noVerdict ? `no verdict: ${noVerdict}` : 'NOT REACHED';
    const verdict = goal && said;
    table.push([measure, `${round(value)} ${unit}`, goal, [verdict, remark].filter(Boolean).join('; ')]);
  }
  return table.toString();
}

function goalOf(target: Target): string {
  if ('exactly' in target) return `exactly ${target.exactly}`;
  return 'atMost' in target ? `at most ${target.atMost}` : `at least ${target.atLeast}`;
}

function round(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

void main();
