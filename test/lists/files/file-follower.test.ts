/** Files that are followed side by side, where the readings are the test's own. */
import assert from 'node:assert/strict';
import { FileFollower, type FileReading, FollowedFile } from '../../../src/lists/files/file-follower';
import { makeFolder } from '../../../testkit/folder';
import { Said } from '../../../testkit/said';
import { until } from '../../../testkit/until';

const settle = 10;
/** How long a silent file is waited for. */
const limit = 200;
const pace = { poll: 60_000, settle };

/** A file whose fingerprint and content the test says. */
class Source {
  fingerprint = 'first';
  reads = 0;
  polls = 0;
  readonly applied: string[] = [];
  readonly file: FollowedFile<string>;
  /** Whoever looks at it waits for that. */
  silence: Promise<void> = Promise.resolve();
  reading: (fingerprint: string) => FileReading<string> | undefined = (fingerprint) => ({
    state: 'parsed',
    fingerprint,
    hash: fingerprint,
    data: fingerprint,
    findings: [],
    omitted: 0,
  });

  constructor(name: string, said = new Said()) {
    const stat = async () => {
      this.polls++;
      await this.silence;
      return { fingerprint: this.fingerprint, size: 1 };
    };
    const source = {
      path: makeFolder().file(name),
      rule: { file: name, isNamed: false, whenDeleted: 'keep', emptyValue: () => '' },
      keptMessage: `${name} was deleted`,
      read: async ({ fingerprint }: { fingerprint: string }) => {
        this.reads++;
        return this.reading(fingerprint);
      },
      applied: ({ value }: { value: string }) => void this.applied.push(value),
    } as const;
    this.file = new FollowedFile(source, { stat, limit }, said.log, {
      file: name,
      value: 'first',
      hash: 'first',
      fingerprint: 'first',
    });
  }
}

describe('FileFollower', () => {
  let follower: FileFollower;
  afterEach(() => follower.close());

  function follow(...sources: readonly Source[]): FileFollower {
    follower = new FileFollower(
      () => sources.map(({ file }) => file),
      () => pace,
    );
    return follower;
  }

  it('looks at a file once at a time, again where that was asked for meanwhile, and at several side by side', async () => {
    const [slow, quick] = [new Source('slow'), new Source('quick')];
    let answer = () => {};
    slow.silence = new Promise((resolve) => {
      answer = resolve;
    });
    follow(slow, quick);
    void follower.check();
    void follower.check();
    await until('the quick one is looked at again', () => quick.polls === 2);
    assert.equal(slow.polls, 1);
    answer();
    await until('the slow one is looked at again', () => slow.polls === 2);
  });

  it('waits for a silent file no longer than a limit', async () => {
    const silent = new Source('silent');
    silent.silence = new Promise(() => {});
    const begun = performance.now();
    await follow(silent).check();
    const time = performance.now() - begun;
    assert.ok(time > limit - 10 && time < limit + 1000, `${time} ms`);
    assert.ok(silent.file.isPolled);
  });

  it('reads what has changed once it is stable, and not again', async () => {
    const source = new Source('list');
    await follow(source).check();
    source.fingerprint = 'second';
    await follower.check();
    assert.deepEqual([source.reads, source.file.isPending], [0, true]);
    await until('it is applied', () => source.applied.length === 1);
    await follower.check();
    assert.deepEqual([source.reads, source.file.isPending, source.file.version?.value], [1, false, 'second']);
  });

  it('reads again what was another while it was read', async () => {
    const source = new Source('list');
    const parsed = source.reading;
    source.reading = (fingerprint) => (source.reads === 1 ? undefined : parsed(fingerprint));
    source.fingerprint = 'second';
    await follow(source).check();
    await until('it is applied', () => source.applied.length === 1);
    assert.equal(source.reads, 2);
  });

  it('says that a look has failed, and looks again', async () => {
    const said = new Said();
    const source = new Source('list', said);
    const parsed = source.reading;
    source.reading = (fingerprint) => {
      if (source.reads === 1) throw new Error('the thread died');
      return parsed(fingerprint);
    };
    source.fingerprint = 'second';
    await follow(source).check();
    await until('it is applied', () => source.applied.length === 1);
    assert.equal(said.saying('error looking at list failed: Error: the thread died'), 1);
  });

  it('applies nothing that is found after it was closed', async () => {
    const source = new Source('list');
    source.fingerprint = 'second';
    await follow(source).check();
    follower.close();
    const { reads } = source;
    await new Promise((resolve) => setTimeout(resolve, 5 * settle));
    assert.deepEqual([source.reads, source.applied], [reads, []]);
  });
});
