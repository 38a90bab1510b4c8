import assert from 'node:assert/strict';
import { LimitCounts } from '../../../src/limits/limit-counts';
import { type ListId, listSettings } from '../../../src/lists/list-settings';
import type { Version } from '../../../src/lists/list-state';
import type { ListStatus } from '../../../src/lists/list-status';
import { entriesOf } from '../../../src/lists/list-status';
import { emptyList, type ListContent, parseBytes } from '../../../src/lists/parsing/parse-bytes';
import { buildPolicy, type ListVersions, listsOf } from '../../../src/lists/policy';
import { permit } from '../../../src/policy/decision';
import { parseSettings } from '../../../src/policy/settings/settings';
import { EventRecord, mostEntries } from '../../../src/status/event-record';
import { BadRequest } from '../../../src/status/http/query';
import { unmatchedPage } from '../../../src/status/http/unmatched';
import { StatusView } from '../../../src/status/view';
import { RecipientVerifier } from '../../../src/verify/verifier';

interface Site {
  readonly view: StatusView;
  /** An entry decides. */
  match(file: string, line: number): void;
}

/** A server with these texts as lists. */
function siteOf(texts: Partial<Record<ListId, string>>, files: Partial<Record<ListId, string>> = {}): Site {
  const versions = Object.fromEntries(
    listSettings.map(({ name }): [ListId, Version<ListContent>] => {
      const file = files[name] ?? name;
      const text = texts[name];
      if (text === undefined) return [name, { file, value: emptyList(name, file), hash: 'missing', fingerprint: '' }];
      const { data, hash } = parseBytes(Buffer.from(text), { name, file });
      assert.ok(data, text);
      return [name, { file, value: data, hash, fingerprint: '' }];
    }),
  ) as unknown as ListVersions;
  const { settings } = parseSettings('smtpcheck.ini', '');
  assert.ok(settings);
  const lists = listsOf(versions);
  const policy = buildPolicy(1, settings, lists);
  const statuses = listSettings.map(({ name }): ListStatus => {
    const { hash, file: source } = versions[name];
    const entries = entriesOf(name, lists, versions);
    return { name, source, state: 'loaded', entries, hash, generation: 1, loadedAt: 1000, readTime: 0 };
  });
  const events = new EventRecord();
  const limits = new LimitCounts(() => settings.limits);
  const verifier = new RecipientVerifier(() => settings.verify, {
    hopsOf: async () => [],
    nextHop: () => assert.fail(),
  });
  const view = new StatusView({ events, policy, limits, verifier, rememberedNames: 0, lists: () => statuses });
  view.collect();
  const facts = { hook: 'rcpt', generation: 1, ip: '', ptr: '', helo: '', from: '', rcpt: '', reply: '' };
  const match = (file: string, line: number) => {
    events.decided('relay', permit('client-network'), false, facts, policy.entries.at({ file, line }));
    view.collect();
  };
  return { view, match };
}

interface Unmatched {
  readonly matchesOfOthers: number;
  readonly lists: readonly {
    readonly list: string;
    readonly entries: number;
    readonly unmatched: number;
    readonly shown: readonly {
      readonly line: number;
      readonly text: string | null;
      readonly comment: string | null;
      readonly ended: boolean;
    }[];
    readonly notShown: number;
  }[];
}

function unmatched({ view }: Site, query = ''): Unmatched {
  return unmatchedPage(view, new URLSearchParams(query)) as Unmatched;
}

const linesOf = (page: Unmatched, list: string) =>
  page.lists.find((one) => one.list === list)?.shown.map(({ line, text }) => `${line} ${text}`);

describe('the entries that have not matched', () => {
  it('are those of the lists in force, exclusions too, until they decide', () => {
    const site = siteOf({ local_ip: '# the campus\n192.0.2\n!192.0.2.9  # printer\n\n198.51.100\n', hosts: '' });
    assert.deepEqual(linesOf(unmatched(site), 'local_ip'), ['2 192.0.2', '3 !192.0.2.9  # printer', '5 198.51.100']);
    site.match('local_ip', 3);
    site.match('local_ip', 5);
    assert.deepEqual(linesOf(unmatched(site), 'local_ip'), ['2 192.0.2']);
    site.match('local_ip', 2);
    const [list] = unmatched(site, 'list=local_ip').lists;
    assert.deepEqual([list?.entries, list?.unmatched, list?.shown, list?.notShown], [3, 0, [], 0]);
  });

  it('have their comments, and are safe to print', () => {
    const [list] = unmatched(siteOf({ local_ip: '192.0.2.1 # the \u200flab\n' }), 'list=local_ip').lists;
    assert.deepEqual(list?.shown, [
      { line: 1, text: '192.0.2.1 # the \\u200flab', comment: 'the \\u200flab', ended: false },
    ]);
  });

  it('say where an entry has ended, and can no longer match', () => {
    const site = siteOf({
      hosts: '192.0.2.1 until=2025-01-01\n192.0.2.2 until=2125-01-01\n192.0.2.3\n',
      relay_map: 'To:a.example REJECT until=2025-01-01\n',
    });
    const endedIn = (list: string) => unmatched(site, `list=${list}`).lists[0]?.shown.map(({ ended }) => ended);
    assert.deepEqual([endedIn('hosts'), endedIn('relay_map')], [[true, false, false], [true]]);
  });

  it('are of the lists that are asked for, and of no list of Haraka, which decide nothing here', () => {
    const site = siteOf({ host_list: 'local.example\n', relay_to: 'backup.example\n' });
    const names = (query: string) => unmatched(site, query).lists.map(({ list }) => list);
    assert.deepEqual(names(''), ['local_ip', 'local_domain', 'relay_to', 'relay_map', 'hosts']);
    assert.deepEqual(names('list=relay_to&list=hosts'), ['relay_to', 'hosts']);
    assert.throws(() => unmatched(site, 'list=host_list'), BadRequest);
    assert.throws(() => unmatched(site, 'file=a'), BadRequest);
  });

  it('leave out what never decides: OK and SKIP of relay.map', () => {
    const never = ['To:b.a.example OK # not this one', 'To:c.example skip', 'd.example OK until=2099-01-01'];
    const site = siteOf({ relay_map: `${['To:a.example RELAY', ...never].join('\n')}\n` });
    assert.deepEqual(linesOf(unmatched(site), 'relay_map'), ['1 To:a.example RELAY']);
  });

  it('are shown a hundred of a list, and counted beyond', () => {
    const text = Array.from({ length: 250 }, (_, i) => `192.0.2.${i}\n`).join('');
    const [list] = unmatched(siteOf({ local_ip: text }), 'list=local_ip').lists;
    assert.deepEqual([list?.unmatched, list?.shown.length, list?.notShown], [250, 100, 150]);
  });

  it('are only counted where the list is too large for its text', () => {
    const text = Array.from({ length: 30_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1\n`).join('');
    const site = siteOf({ local_ip: text });
    site.match('local_ip', 7);
    site.match('local_ip', 7);
    const [list] = unmatched(site, 'list=local_ip').lists;
    assert.deepEqual([list?.unmatched, list?.shown, list?.notShown], [29_999, [], 29_999]);
  });

  it('stand under the first of two settings that name one file, as their matches do', () => {
    const site = siteOf({ local_ip: '192.0.2.1\n', hosts: '192.0.2.1\n' }, { local_ip: 'both', hosts: 'both' });
    assert.deepEqual(linesOf(unmatched(site), 'local_ip'), ['1 192.0.2.1']);
    assert.equal(linesOf(unmatched(site), 'hosts'), undefined);
  });

  it('may have matched where matches had to be forgotten, and that is said', () => {
    const text = Array.from({ length: mostEntries + 1 }, (_, i) => `10.${i >> 8}.${i & 255}\n`).join('');
    const site = siteOf({ local_ip: text });
    for (let line = 1; line <= mostEntries + 1; line++) site.match('local_ip', line);
    const page = unmatched(site, 'list=local_ip');
    assert.ok(page.matchesOfOthers > 0);
    assert.equal(page.lists[0]?.unmatched, page.matchesOfOthers);
  });
});
