/** What of each decision a line of the log determines, and what not: the cases of the table in docs/reference/cli-replay.md. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { findHarakaFolder } from '../../../src/cli/haraka-folder';
import type { LoggedDecision } from '../../../src/cli/log/decision-line';
import { readPolicy } from '../../../src/cli/policy-content';
import { Redecider } from '../../../src/cli/replay/redecide';
import { parseNames } from '../../../src/policy/client-names';
import { beforeAllEnds } from '../../../src/policy/tables/ends';
import { rules } from '../../../src/status/rules';
import { emptyLists, makeFolder } from '../../../testkit/folder';

interface Row {
  readonly name: string;
  /** Lists and settings of the new policy; those that are left out are empty. */
  readonly files?: Readonly<Record<string, string>>;
  readonly plugins?: string;
  /** What is not as in `usual`. */
  readonly line: Partial<Omit<LoggedDecision, 'names'>> & { readonly names?: string };
  /** `unchanged`, an effect, or the reason why it is undetermined. */
  readonly result: string;
  /** The new verdict matches this. */
  readonly is?: string;
  readonly likely?: string;
}

const usual: LoggedDecision = {
  ...{ time: undefined, outcome: 'permit', rule: 'destination', at: '', ip: '203.0.113.7', ptr: 'NXDOMAIN' },
  ...{ helo: 'client.example', from: '<a@sender.example>', rcpt: '<user@backup.example>', reply: '', note: '' },
  ...{ isDropped: false, observed: false, names: undefined },
};

const rows = fs
  .readFileSync(path.join(checkout, 'test', 'fixtures', 'replay.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

async function redeciderFor({ files = {}, plugins = 'smtpcheck' }: Row): Promise<Redecider> {
  const config = { ...emptyLists, ...files, plugins: `${plugins}\nrcpt_to.in_host_list\n` };
  const named = Object.entries(config).map(([name, text]) => [`config/${name}`, text]);
  const { path: cwd } = makeFolder(Object.fromEntries(named));
  const io = { stdout: { write() {} }, stderr: { write() {} }, env: {}, cwd };
  return new Redecider(await readPolicy(findHarakaFolder(undefined, io), cwd, {}, beforeAllEnds));
}

describe('a decision of the log under another policy', () => {
  for (const row of rows) {
    it(`${row.name}: ${row.result}`, async () => {
      const { names, ...line } = row.line;
      const known = names === undefined ? undefined : parseNames(names);
      const replayed = (await redeciderFor(row)).decide({ ...usual, ...line, names: known });
      assert.equal(replayed.result === 'undetermined' ? replayed.reason : replayed.result, row.result);
      if (row.is) assert.match('after' in replayed ? replayed.after.words : '', new RegExp(row.is));
      if (replayed.result === 'undetermined') assert.equal(replayed.likely, row.likely);
    });
  }

  it('has a row for every rule', () => {
    const tried = new Set(rows.map(({ line }) => line.rule ?? usual.rule));
    const all = Object.values(rules).flatMap(({ permit, refuse, defer }) => [...permit, ...refuse, ...defer]);
    // Those that are decided as others of their kind.
    const alike = ['client-excluded', 'needvrfyhelo', 'needexpnhelo', 'noverb'];
    const missing = all.filter((rule) => !tried.has(rule) && !alike.includes(rule));
    assert.deepEqual(missing, []);
  });
});
