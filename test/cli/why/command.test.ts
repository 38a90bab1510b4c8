/** `smtpcheck why` from logs: whom a decision concerns, the entry as it is now, and what is suggested. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { rules } from '../../../src/status/rules';
import { emptyLists, makeFolder } from '../../../testkit/folder';
import { type LogFields, logLine } from '../../../testkit/log-lines';
import { smtpcheck } from '../command';

interface Suggestion {
  readonly action: string;
  readonly list: string | null;
  readonly line: number | null;
  readonly entry: string | null;
  readonly message: string;
}

interface Document {
  readonly older: number;
  readonly decisions: readonly {
    readonly time: string | null;
    readonly rule: string;
    readonly rcpt: string;
    readonly entry: { readonly state: string; readonly now: string | null } | null;
    readonly suggestions: readonly Suggestion[];
  }[];
}

async function why(
  subject: string,
  lines: readonly string[],
  files: Readonly<Record<string, string>> = {},
  ...args: readonly string[]
) {
  const config = Object.entries({ ...emptyLists, plugins: 'smtpcheck\n', ...files }).map(([name, text]) => [
    `config/${name}`,
    text,
  ]);
  const { path: cwd } = makeFolder({ ...Object.fromEntries(config), 'haraka.log': lines.join('\n') });
  const asked = ['why', subject, '--log', 'haraka.log', ...args];
  const { code, stdout, stderr } = await smtpcheck([...asked, '--json'], { cwd });
  const document = (code === 2 ? { decisions: [] } : JSON.parse(stdout)) as Document;
  return { code, stderr, ...document, text: (await smtpcheck(asked, { cwd })).stdout };
}

describe('smtpcheck why, asked about a subject', () => {
  const lines = [
    logLine({ ip: '192.0.2.1', rcpt: '<a@dept.example>' }),
    logLine({ ip: '192.0.2.2', rcpt: '<a@sub.dept.example>' }),
    logLine({ ip: '192.0.2.3', from: '<A@Dept.example>', rcpt: '<b@x.example>' }),
    logLine({ ip: '192.0.2.4', ptr: 'mx.dept.example', rcpt: '<b@x.example>' }),
    logLine({ ip: '192.0.2.5', rcpt: '<a@baddept.example>', helo: 'dept.example' }),
    logLine({ ip: '::ffff:192.0.2.6', rcpt: '<a@bücher.example>' }),
    logLine({ ip: '2001:db8::7', rcpt: '<postmaster>' }),
  ];
  const subjects: Readonly<Record<string, number>> = {
    'dept.example': 4,
    'DEPT.example.': 4,
    '@sub.dept.example': 1,
    'a@dept.example': 2,
    '<a@DEPT.example>': 2,
    'b@x.example': 2,
    '192.0.2.5': 1,
    '192.0.2.6': 1,
    '2001:DB8:0::7': 1,
    'bücher.example': 1,
    'xn--bcher-kva.example': 1,
    'nobody.example': 0,
  };
  for (const [subject, count] of Object.entries(subjects)) {
    it(`finds ${count} decisions on ${subject}, and exits ${count > 0 ? 0 : 1}`, async () => {
      const { code, decisions, stderr } = await why(subject, lines);
      assert.deepEqual([code, decisions.length], [count > 0 ? 0 : 1, count]);
      assert.equal(stderr.includes(`nothing was decided on ${subject}`), count === 0);
    });
  }

  it('exits 2 for what is none', async () => {
    const { code, stderr } = await why('no subject', lines);
    assert.equal(code, 2);
    assert.match(stderr, /no subject: write an IP address, a mailbox such as user@example\.org, or a domain/);
  });
});

describe('smtpcheck why, of many decisions', () => {
  const at = (hour: number, rcpt: string) => logLine({ rcpt, time: `2026-11-29T0${hour}:00:00.000Z ` });

  it('shows the newest first, and those without a time in the order of the log', async () => {
    const lines = [at(3, '<a3@x.example>'), at(1, '<a1@x.example>'), at(2, '<a2@x.example>')];
    const rcptsOf = ({ decisions }: Document) => decisions.map(({ rcpt }) => rcpt.slice(1, 3));
    assert.deepEqual(rcptsOf(await why('x.example', lines)), ['a3', 'a2', 'a1']);
    const untimed = ['a1', 'a2', 'a3'].map((name) => logLine({ rcpt: `<${name}@x.example>`, time: '' }));
    const found = await why('x.example', untimed);
    assert.deepEqual([rcptsOf(found), found.decisions[0]?.time], [['a3', 'a2', 'a1'], null]);
  });

  it('keeps to --last, and says of lines without a time that they are shown all the same', async () => {
    const recent = logLine({ time: `${new Date(Date.now() - 60_000).toISOString()} ` });
    const lines = [at(1, '<a@dept.example>'), recent, logLine({ time: '' })];
    const { decisions, stderr } = await why('dept.example', lines, {}, '--last', '1h');
    assert.equal(decisions.length, 2);
    assert.match(stderr, /^1 decisions have no time in their line, and are shown, whenever they were made$/m);
  });

  it('shows a thousand, and counts the older ones', async () => {
    const lines = Array.from({ length: 2500 }, (_, i) => logLine({ rcpt: `<a${i}@x.example>`, time: '' }));
    const { decisions, older, stderr } = await why('x.example', lines);
    assert.deepEqual([decisions.length, older, decisions[0]?.rcpt], [1000, 1500, '<a2499@x.example>']);
    assert.match(stderr, /^1500 older decisions/m);
  });
});

interface Row {
  readonly name: string;
  readonly line: LogFields;
  readonly files?: Readonly<Record<string, string>>;
  readonly state?: 'same' | 'ended' | 'changed' | 'gone' | 'unknown';
  /** `list: entry` of each that is added, `list:line: entry` of each that is written in the place of another. */
  readonly suggested: readonly string[];
  /** The output matches this. */
  readonly says?: string;
}

const connect = { from: '', rcpt: '', helo: '' } as const;

const rows = fs
  .readFileSync(path.join(checkout, 'test', 'fixtures', 'why.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

describe('smtpcheck why, of a decision', () => {
  for (const { name, line, files, state, suggested, says } of rows) {
    it(`${name}: suggests ${suggested.join(', ') || 'no entry'}`, async () => {
      const { decisions, text } = await why(line.ip ?? '203.0.113.7', [logLine(line)], files);
      const [decision] = decisions;
      assert.equal(decision?.entry?.state, state);
      const written = (decision?.suggestions ?? []).filter(({ entry }) => entry !== null);
      assert.deepEqual(
        written.map(({ list, line: number, entry }) => `${list}${number === null ? '' : `:${number}`}: ${entry}`),
        suggested,
      );
      for (const { action, line: number } of written) assert.equal(action, number === null ? 'add' : 'replace');
      assert.ok(
        (decision?.suggestions ?? []).every(({ message }) => text.includes(message)),
        text,
      );
      if (says) assert.match(text, new RegExp(says));
    });
  }
});

describe('the cases of smtpcheck why', () => {
  it('have every rule', () => {
    const tried = new Set(rows.map(({ line }) => line.rule ?? 'relay-denied'));
    const all = Object.values(rules).flatMap(({ permit, refuse, defer }) => [...permit, ...refuse, ...defer]);
    // Privacy flags are all alike.
    const missing = all.filter((rule) => !tried.has(rule) && !rules.privacy.refuse.some((flag) => flag === rule));
    assert.deepEqual(missing, []);
  });
});

describe('an entry that smtpcheck why suggests', () => {
  const cases: readonly {
    readonly file: string;
    readonly text: string;
    readonly line: LogFields;
    /** Clients or recipients beside the one that is let in. */
    readonly others: readonly (readonly [ip: string, to: string])[];
  }[] = [
    { file: 'localip', text: '', line: {}, others: [['203.0.113.6', 'user@dept.example']] },
    {
      file: 'localip',
      text: '!203.0.113.0/24\n203.0\n',
      line: { rule: 'client-excluded', at: 'localip:1' },
      others: [['203.0.113.6', 'user@dept.example']],
    },
    {
      file: 'localip',
      text: '# moved\n!203.0.113.7 # the guests\n',
      line: { rule: 'client-excluded', at: 'localip:1' },
      others: [['203.0.113.6', 'user@dept.example']],
    },
    {
      file: 'relay.to',
      text: '',
      line: {},
      others: [
        ['192.0.2.9', 'user@sub.dept.example'],
        ['192.0.2.9', 'user@example'],
      ],
    },
    {
      file: 'relay.to',
      text: '!user@dept.example\n!dept.example\n',
      line: { rule: 'destination-excluded', at: 'relay.to:1' },
      others: [['192.0.2.9', 'other@dept.example']],
    },
    {
      file: 'host.deny',
      text: '203.0.113.0/24\n',
      line: { ...connect, rule: 'client-denied-network', at: 'host.deny:1' },
      others: [['203.0.113.6', 'user@dept.example']],
    },
  ];
  for (const { file, text, line, others } of cases) {
    it(`lets in what it is for and nothing beside it: ${file} for ${line.rule ?? 'relay-denied'}`, async () => {
      const { decisions } = await why('203.0.113.7', [logLine(line)], { [file]: text });
      const suggestion = decisions[0]?.suggestions.find(({ list }) => list === file);
      const lines = text.split('\n').slice(0, -1);
      if (suggestion?.line == null) lines.push(suggestion?.entry ?? '');
      else lines[suggestion.line - 1] = suggestion.entry ?? '';
      const config = Object.entries({ ...emptyLists, plugins: 'smtpcheck\n', [file]: `${lines.join('\n')}\n` });
      const { path: cwd } = makeFolder(Object.fromEntries(config.map(([name, edited]) => [`config/${name}`, edited])));
      const ask = async (ip: string, to: string) =>
        (await smtpcheck(['explain', '--ip', ip, '--no-dns', '--to', to], { cwd })).stdout;
      const isIn = file === 'host.deny' ? /-> 220 / : /-> 250 recipient /;
      assert.match(await ask('203.0.113.7', 'user@dept.example'), isIn);
      for (const [ip, to] of others) assert.doesNotMatch(await ask(ip, to), isIn, `${ip} ${to}`);
    });
  }

  it('is none where the list has it by now', async () => {
    const { decisions, text } = await why('203.0.113.7', [logLine()], { localip: '203.0.113.7 # since today\n' });
    assert.ok(decisions[0]?.suggestions.every(({ list }) => list !== 'localip'));
    assert.match(text, /localip:1 is 203\.0\.113\.7 # since today, and decides from now on/);
  });
});
