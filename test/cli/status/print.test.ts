import assert from 'node:assert/strict';
import { duration, needsAttention, printStatus } from '../../../src/cli/status/print';
import type { Status } from '../../../src/status/answers';

const start = Date.parse('2026-05-01T10:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();

const list: Status['lists'][number] = {
  ...{ list: 'local_ip', source: 'localip', state: 'loaded', entries: 12, loadedAt: at(0), rejected: null },
  ...{ hash: '', generation: 1, readSeconds: 0 },
};
const finding = {
  file: 'localip',
  line: 7,
  text: '',
  code: 'prefix-host-bits',
  message: '192.0.2.9/24 has host bits set',
};
const rejected = { at: at(0), findings: [finding], omitted: 3, message: null };
const counted = { plugin: 'relay', outcome: 'refuse', rule: 'relay-denied', observed: false, count: 0 };

const process = { worker: 0, pid: 10, silent: false, startedAt: at(0), lastReport: at(0), generation: 4, lists: {} };

const idle: Status = {
  version: 1,
  suite: '0.1.0',
  node: 'v20.20.0',
  time: at(3720),
  startedAt: at(0),
  generation: 4,
  modes: { relay: 'enforce' },
  decisions: [counted],
  faults: {},
  lists: [list],
  entries: { matched: [], notShown: 0, matchesOfOthers: 0 },
  reloads: {},
  recent: { limit: 1000, permittedLimit: 100 },
  verify: {
    questions: { known: 0, unknown: 0, unsure: 0 },
    ...{ remembered: 0, unasked: 0, cache: { size: 0, oldest: null }, acceptAll: [] },
  },
  dns: { lookups: { found: 1, none: 2, unknown: 3 }, rememberedNames: 9 },
  processes: [process],
};

const cases: readonly { name: string; status: Status; attention: boolean; says: RegExp[]; not?: RegExp }[] = [
  {
    name: 'an idle server',
    status: idle,
    attention: false,
    says: [
      /^smtpcheck 0\.1\.0, up 1 h 2 min, generation 4\n/,
      /^local_ip {2}localip {2}12 {7}loaded {2}1 h 2 min$/m,
      /no decision yet/,
      /1 found, 2 none, 3 failed; 9 clients/,
    ],
    not: /workers|observing|rejected|faults|verified|undefined/,
  },
  {
    name: 'decisions, the most frequent first, and matches',
    status: {
      ...idle,
      decisions: [
        counted,
        { ...counted, count: 2 },
        { ...counted, outcome: 'permit', rule: 'destination', observed: true, count: 30 },
      ],
      entries: {
        ...idle.entries,
        matched: [
          {
            ...{ list: 'relay_to', file: 'relay.to', line: 2, text: 'backup.example', comment: null },
            matches: 30,
            lastMatch: at(3700),
          },
        ],
      },
    },
    attention: false,
    says: [
      /^30 +permit +relay destination +only observed\n2 +refuse +relay relay-denied$/m,
      /^30 +relay\.to:2 +backup\.example +20 s ago$/m,
    ],
  },
  {
    name: 'a rejected list with its findings',
    status: { ...idle, lists: [{ ...list, state: 'kept', rejected }] },
    attention: true,
    says: [
      /local_ip: a newer version is rejected\n {2}localip:7: prefix-host-bits: 192\.0\.2\.9\/24 has host bits set\n {2}and 3 more/,
    ],
  },
  {
    name: 'an unavailable list',
    status: { ...idle, lists: [{ ...list, state: 'unavailable' }] },
    attention: true,
    says: [/unavailable/],
  },
  {
    name: 'what next hops have said of recipients',
    status: {
      ...idle,
      verify: {
        questions: { known: 4, unknown: 3, unsure: 2 },
        ...{ remembered: 7, unasked: 5, cache: { size: 6, oldest: at(120) }, acceptAll: ['all.example'] },
      },
    },
    attention: false,
    says: [
      /^recipients verified: 4 known, 3 unknown, 2 without a clear answer, 5 not asked because of the rate; 7 from memory, which has 6, the oldest 1 h 0 min old$/m,
      /^the next hop of all\.example accepts every recipient, and is not asked again today$/m,
    ],
  },
  {
    name: 'faults',
    status: { ...idle, faults: { rcpt: 2 } },
    attention: true,
    says: [/^faults in rcpt: 2; each is in the log/m],
  },
  {
    name: 'a silent worker, and plugins that only observe',
    status: {
      ...idle,
      modes: { relay: 'observe', deny: 'enforce' },
      processes: [process, { ...process, worker: 1, pid: 11, silent: true }, { ...process, worker: 2, pid: 12 }],
    },
    attention: true,
    says: [/, 2 workers, generation/, /^only observing: relay$/m, /^worker 1 \(process 11\) has been silent/m],
  },
];

describe('the status for people', () => {
  for (const { name, status, attention, says, not } of cases) {
    it(`shows ${name}`, () => {
      const text = printStatus(status, false);
      for (const pattern of says) assert.match(text, pattern);
      if (not) assert.doesNotMatch(text, not);
      assert.doesNotMatch(text, /\u001b| $/m);
      assert.equal(needsAttention(status), attention);
    });
  }

  for (const [seconds, text] of [
    [-5, '0 s'],
    [59, '59 s'],
    [61, '1 min 1 s'],
    [3600, '1 h 0 min'],
    [90_000, '1 d 1 h'],
  ] as const) {
    it(`writes ${seconds} s as ${text}`, () => assert.equal(duration(seconds * 1000), text));
  }
});
