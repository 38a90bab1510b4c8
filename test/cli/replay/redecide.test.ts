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
  ...{ isDropped: false, isVerified: false, observed: false, names: undefined },
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

  it('counts recipients against the limits of the policy, by the times of the lines', async () => {
    const minute = 60_000;
    const replay = async (localip: string, times: readonly number[], more: Partial<LoggedDecision> = {}, ini = '') => {
      const files = { localip, 'relay.to': 'backup.example\n', host_list: 'local.example\n', 'smtpcheck.ini': ini };
      const redecider = await redeciderFor({ name: '', files, line: {}, result: '' });
      return times.map((time) => {
        const line = { ...usual, rule: 'client-network', rcpt: '<a@elsewhere.example>', time: time * minute, ...more };
        return redecider.decide(line).result;
      });
    };
    const limited = '203.0.113.0/24 limit=2/1h\n';
    const [same, closes, opens] = ['unchanged', 'closes', 'opens'];
    assert.deepEqual(await replay(limited, [1, 2, 3, 60, 62, 63, 64]), [
      same,
      same,
      closes,
      closes,
      same,
      same,
      closes,
    ]);
    // What was over its limit then, with a higher one now.
    const over = { outcome: 'defer', rule: 'limit-reached', reply: '450 4.7.1 x' } as const;
    assert.deepEqual(await replay(limited, [1, 2, 3], over), [opens, opens, same]);
    assert.deepEqual(await replay('203.0.113.0/24 limit=3/1h limit=1/1h,all\n', [1, 2]), [same, closes]);
    assert.deepEqual(await replay('203.0.113.0/24\n', [1, 2], {}, '[limits]\nclient=1/1h\n'), [same, closes]);
    for (const rcpt of ['<a@backup.example>', '<a@local.example>'])
      assert.deepEqual(await replay('203.0.113.0/24 limit=1/1h\n', [1, 2], { rcpt }), [same, same], rcpt);
    for (const ini of ['[limits]\nmode=observe\n', '[relay]\nattributes=observe\n'])
      assert.deepEqual(await replay('203.0.113.0/24 limit=1/1h\n', [1, 2], {}, ini), [same, same], ini);
  });

  it('has a row for every rule', () => {
    const tried = new Set(rows.map(({ line }) => line.rule ?? usual.rule));
    const all = Object.values(rules).flatMap(({ permit, refuse, defer }) => [...permit, ...refuse, ...defer]);
    // Those that are decided as others of their kind.
    const alike = ['client-excluded', 'needvrfyhelo', 'needexpnhelo', 'noverb'];
    const missing = all.filter((rule) => !tried.has(rule) && !alike.includes(rule));
    assert.deepEqual(missing, []);
  });
});
