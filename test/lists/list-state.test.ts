/** Every state of a list and what each event makes of it. */
import assert from 'node:assert/strict';
import {
  initialState,
  type ListEvent,
  type ListRule,
  type ListState,
  type Transition,
  transition,
  type Version,
  versionInForce,
} from '../../src/lists/list-state';
import { fault } from '../../src/policy/findings/finding';

type State = ListState<string>;
type Event = ListEvent<string>;

const allow: ListRule<string> = { file: 'list', isNamed: false, whenDeleted: 'empty', emptyValue: () => 'nobody' };
const deny: ListRule<string> = { ...allow, whenDeleted: 'keep' };
const named = (rule: ListRule<string>): ListRule<string> => ({ ...rule, isNamed: true });

const version = (text: string, fingerprint = text): Version<string> => ({
  file: 'list',
  value: text,
  hash: text,
  fingerprint,
});
const empty: Version<string> = { file: 'list', value: 'nobody', hash: 'missing', fingerprint: 'missing' };
const ofAnother: Version<string> = { ...version('old'), file: 'another' };
const unnamed: Version<string> = { file: '', value: 'nobody', hash: 'unnamed', fingerprint: 'unnamed' };

const settle = 100;
const seen = (fingerprint: string, at = 0): Event => ({ type: 'seen', fingerprint, at, settle });
const read = (text: string, fingerprint = text): Event => ({
  type: 'read',
  fingerprint,
  hash: text,
  data: text,
  findings: [],
  omitted: 0,
});
const finding = fault('domain-syntax', { file: 'list', line: 1 }, 'x');
const faulty = (fingerprint = 'bad'): Event => ({
  type: 'read',
  fingerprint,
  hash: fingerprint,
  findings: [finding],
  omitted: 7,
});
const gone: Event = { type: 'gone', fingerprint: 'missing' };

interface StateCase {
  readonly name: string;
  readonly rule?: ListRule<string>;
  /** What is in force at first: `first` unless something else is said. */
  readonly from?: Version<string> | 'unavailable';
  readonly events: readonly Event[];
  /** After the last event. */
  readonly status: State['status'];
  readonly value: string | undefined;
  /** What each event has to say, or asks for. */
  readonly said: readonly string[];
}

const cases: readonly StateCase[] = [
  {
    name: 'stays as it is while it looks the same',
    events: [seen('first')],
    status: 'loaded',
    value: 'first',
    said: ['-'],
  },
  {
    name: 'is not read as long as it changes',
    events: [seen('a', 0), seen('b', 90), seen('c', 180), seen('c', 279)],
    status: 'loaded',
    value: 'first',
    said: ['-', '-', '-', '-'],
  },
  {
    name: 'is read once it has been the same for the settle time',
    events: [seen('a', 0), seen('b', 90), seen('b', 190)],
    status: 'loaded',
    value: 'first',
    said: ['-', '-', 'read'],
  },
  {
    name: 'is read where it never stays the same for ten settle times, whatever is there',
    events: [...Array.from({ length: 11 }, (_, n) => seen(`a${n}`, n * 99)), seen('b', 1000)],
    status: 'loaded',
    value: 'first',
    said: [...Array<string>(11).fill('-'), 'read-held'],
  },
  {
    name: 'begins to wait anew after it was as before',
    events: [seen('a', 0), seen('first', 50), seen('a', 100), seen('a', 199), seen('a', 200)],
    status: 'loaded',
    value: 'first',
    said: ['-', '-', '-', '-', 'read'],
  },
  {
    name: 'is the new version once that is read',
    events: [read('second')],
    status: 'loaded',
    value: 'second',
    said: ['applied'],
  },
  {
    name: 'is not applied again where only its file is another, which is known from then on',
    events: [read('first', 'touched'), seen('touched')],
    status: 'loaded',
    value: 'first',
    said: ['-', '-'],
  },
  {
    name: 'keeps its last version where the new one is faulty, and says so at each attempt',
    events: [
      faulty('bad'),
      seen('bad', 0),
      seen('bad', 500),
      faulty('bad'),
      seen('worse', 600),
      seen('worse', 700),
      faulty('worse'),
    ],
    status: 'kept',
    value: 'first',
    said: ['rejected', '-', '-', '-', '-', 'read', 'rejected'],
  },
  {
    name: 'is loaded again where the faulty file is put back as it was, and may be wrong once more',
    events: [faulty('bad'), seen('first'), faulty('bad')],
    status: 'kept',
    value: 'first',
    said: ['rejected', '-', 'rejected'],
  },
  {
    name: 'keeps its last version where it cannot be read',
    events: [{ type: 'unreadable', fingerprint: 'error', reason: 'it is a directory' }, seen('error', 900)],
    status: 'kept',
    value: 'first',
    said: ['rejected', '-'],
  },
  {
    name: 'is loaded after a fault',
    events: [faulty(), read('second')],
    status: 'loaded',
    value: 'second',
    said: ['rejected', 'applied'],
  },
  {
    name: 'is emptied where its file is deleted, and it allows',
    events: [gone, seen('missing', 900), gone],
    status: 'empty',
    value: 'nobody',
    said: ['emptied', '-', '-'],
  },
  {
    name: 'is emptied where its file is deleted, although the settings name it',
    rule: named(allow),
    events: [gone],
    status: 'empty',
    value: 'nobody',
    said: ['emptied'],
  },
  {
    name: 'stays empty where the file that comes is faulty',
    from: empty,
    events: [faulty()],
    status: 'empty',
    value: 'nobody',
    said: ['rejected'],
  },
  {
    name: 'is loaded where the file comes',
    from: empty,
    events: [read('second')],
    status: 'loaded',
    value: 'second',
    said: ['applied'],
  },
  {
    name: 'is kept where its file is deleted, and it refuses; each deletion is told of',
    rule: deny,
    events: [gone, seen('missing', 900), gone, read('first'), gone],
    status: 'kept',
    value: 'first',
    said: ['kept', '-', '-', '-', 'kept'],
  },
  {
    name: 'is empty where it refuses and has never been there',
    rule: deny,
    from: { ...empty, fingerprint: 'last good' },
    events: [gone],
    status: 'empty',
    value: 'nobody',
    said: ['-'],
  },
  {
    name: 'keeps what another file held, where the one that the settings name is missing',
    rule: named(deny),
    from: ofAnother,
    events: [gone, seen('missing')],
    status: 'kept',
    value: 'old',
    said: ['rejected', '-'],
  },
  {
    name: 'keeps what another file allowed, where the one that the settings name is missing',
    rule: named(allow),
    from: ofAnother,
    events: [gone],
    status: 'kept',
    value: 'old',
    said: ['rejected'],
  },
  {
    name: 'is emptied of what another file allowed, where the usual one is missing',
    from: ofAnother,
    events: [gone],
    status: 'empty',
    value: 'nobody',
    said: ['emptied'],
  },
  {
    name: 'keeps what another file refused, where the usual one is missing',
    rule: deny,
    from: ofAnother,
    events: [gone],
    status: 'kept',
    value: 'old',
    said: ['kept'],
  },
  {
    name: 'has nothing to keep where no file was named before',
    rule: deny,
    from: unnamed,
    events: [gone],
    status: 'empty',
    value: 'nobody',
    said: ['emptied'],
  },
  {
    name: 'is applied where another file held the same content',
    from: { ...ofAnother, hash: 'same', fingerprint: 'same' },
    events: [seen('same', 0), seen('same', 100), { ...read('new', 'same'), hash: 'same' } as Event],
    status: 'loaded',
    value: 'new',
    said: ['-', 'read', 'applied'],
  },
  {
    name: 'stays unavailable where it refuses, and is not there',
    rule: deny,
    from: 'unavailable',
    events: [gone, gone],
    status: 'unavailable',
    value: undefined,
    said: ['unknown', '-'],
  },
  {
    name: 'is empty where it allows, and is not there',
    from: 'unavailable',
    events: [gone],
    status: 'empty',
    value: 'nobody',
    said: ['emptied'],
  },
  {
    name: 'stays unavailable where it has faults',
    from: 'unavailable',
    events: [faulty(), faulty()],
    status: 'unavailable',
    value: undefined,
    said: ['rejected', '-'],
  },
  {
    name: 'stays unavailable where its source does not answer; each reason is told of once',
    from: 'unavailable',
    events: [
      { type: 'failed', reason: 'timeout' },
      { type: 'failed', reason: 'timeout' },
      { type: 'failed', reason: 'refused' },
    ],
    status: 'unavailable',
    value: undefined,
    said: ['failed', '-', 'failed'],
  },
  {
    name: 'is loaded at last',
    from: 'unavailable',
    events: [faulty(), read('second')],
    status: 'loaded',
    value: 'second',
    said: ['rejected', 'applied'],
  },
];

describe('the state of a list', () => {
  for (const { name, rule = allow, from = version('first'), events, status, value, said } of cases) {
    it(name, () => {
      let state = initialState(rule, from === 'unavailable' ? undefined : from);
      const answers = events.map((event) => {
        const step: Transition<string> = transition(rule, state, event);
        state = step.state;
        return step.next ?? step.report?.type ?? '-';
      });
      assert.deepEqual([state.status, state.version?.value, answers], [status, value, said]);
    });
  }

  it('is kept from the start where it is of another source', () => {
    assert.equal(initialState(allow, ofAnother).status, 'kept');
    assert.equal(initialState(allow, version('first')).status, 'loaded');
  });

  it('is confirmed by the last time that it was so still', () => {
    let state = initialState(allow, version('first'));
    assert.equal(state.confirmedAt, Number.NEGATIVE_INFINITY);
    for (const at of [10, 30, 20]) state = transition(allow, state, { type: 'confirmed', at }).state;
    assert.equal(state.confirmedAt, 30);
    assert.equal(transition(allow, state, read('second')).state.confirmedAt, 30);
  });

  it('says what was found', () => {
    const { report } = transition(named(allow), initialState(named(allow), ofAnother), gone);
    assert.deepEqual(report?.type === 'rejected' && report.findings.map(({ code, at }) => [code, at]), [
      ['file-missing', { file: 'list', line: 1 }],
    ]);
    const step = transition(allow, initialState(allow), faulty());
    assert.deepEqual(step.report, { type: 'rejected', findings: [finding], omitted: 7 });
    const other = transition(allow, initialState(allow), { type: 'faulty', fingerprint: 'list', finding });
    assert.deepEqual(other.report, { type: 'rejected', findings: [finding], omitted: 0 });
  });
});

describe('what is in force of a list', () => {
  const before = version('before');
  const content = { ...version('content'), file: 'redis:list' };
  const now = 1000;
  const later = now + 1;
  const inForce: readonly (readonly [string, Parameters<typeof versionInForce<string>>[0], string | undefined])[] = [
    ['what its file holds', { file: version('file'), before }, 'file'],
    ['what was before, until its file has been read', { before }, 'before'],
    ['what its key holds', { key: { version: content, countsUntil: later }, file: version('file'), before }, 'content'],
    [
      'its file where the key has expired',
      { key: { version: content, countsUntil: now }, file: version('file'), before },
      'file',
    ],
    [
      'nothing where the key has expired and there is no file',
      { key: { version: content, countsUntil: now }, before },
      undefined,
    ],
    [
      'what was before, while its key is waited for',
      { key: { version: undefined, countsUntil: later }, file: version('file'), before },
      'before',
    ],
    [
      'its file where the key has been waited for',
      { key: { version: undefined, countsUntil: now }, file: version('file'), before },
      'file',
    ],
    [
      'nothing where the key has been waited for and there is no file',
      { key: { version: undefined, countsUntil: now }, before },
      undefined,
    ],
  ];
  for (const [name, sources, value] of inForce) {
    it(`is ${name}`, () => assert.equal(versionInForce(sources, now)?.value, value));
  }
});
