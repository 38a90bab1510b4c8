/** Answers that outlive a restart. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { AnswerFile } from '../../src/verify/answer-file';
import { type AnswerResult, Answers } from '../../src/verify/answers';
import { makeFolder } from '../../testkit/folder';

const day = 24 * 60 * 60 * 1000;

describe('the file of remembered answers', () => {
  let folder: string;
  let file: string;
  const clock = { now: Date.UTC(2026, 0, 1) };
  const warnings: string[] = [];
  const log = { logwarn: (text: string) => void warnings.push(text) };
  const opened: AnswerFile[] = [];

  beforeEach(() => {
    folder = makeFolder().path;
    file = path.join(folder, 'smtpcheck.verified');
    warnings.length = 0;
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
    fs.rmSync(folder, { recursive: true });
  });

  async function start(most = 100, every?: number, where = file) {
    const answers = new Answers(
      () => most,
      () => clock.now,
    );
    const kept = new AnswerFile(answers, () => where, log, every);
    opened.push(kept);
    await kept.load();
    return { answers, kept };
  }
  const resultsOf = (answers: Answers, ...of: readonly string[]) => of.map((one) => answers.find(one)?.result);

  it('has them for the next process, with their age', async () => {
    const { answers, kept } = await start();
    const all: readonly (readonly [string, AnswerResult])[] = [
      ['<a@x.example>', 'known'],
      ['<"b c"@x.example>', 'unknown'],
      ['<ü@x.example>', 'known'],
      ['x.example', 'selective'],
      ['y.example', 'accepts-all'],
    ];
    for (const [of, result] of all) answers.remember(of, result);
    await kept.save();
    const names = all.map(([of]) => of);
    const later = await start();
    assert.deepEqual(
      resultsOf(later.answers, ...names),
      all.map(([, result]) => result),
    );
    assert.deepEqual(later.answers.survey.acceptAll, ['y.example']);
    clock.now += 2 * day;
    assert.deepEqual(resultsOf((await start()).answers, ...names), ['known', undefined, 'known', undefined, undefined]);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(warnings, []);
  });

  it('is written at the end, every now and then, and not where nothing has changed', async () => {
    const { answers, kept } = await start(100, 20);
    answers.remember('<a@x.example>', 'known');
    while (!fs.existsSync(file)) await new Promise((done) => setTimeout(done, 5));
    const { mtimeMs } = fs.statSync(file);
    await kept.save();
    kept.close();
    assert.equal(fs.statSync(file).mtimeMs, mtimeMs);
    answers.forget('<a@x.example>');
    kept.close();
    assert.deepEqual(resultsOf((await start()).answers, '<a@x.example>'), [undefined]);
    assert.deepEqual(fs.readdirSync(folder), ['smtpcheck.verified']);
  });

  it('loses first who was used longest ago, also after a restart', async () => {
    const { answers, kept } = await start();
    for (const name of ['a', 'b', 'c', 'd']) answers.remember(name, 'known');
    answers.find('a');
    await kept.save();
    assert.deepEqual(resultsOf((await start(2)).answers, 'a', 'b', 'c', 'd'), ['known', undefined, undefined, 'known']);
  });

  it('does not overwrite what has been asked meanwhile', async () => {
    const { answers, kept } = await start();
    answers.remember('a', 'unknown');
    await kept.save();
    const later = new Answers(
      () => 100,
      () => clock.now,
    );
    later.remember('a', 'known');
    const file2 = new AnswerFile(later, () => file, log);
    opened.push(file2);
    await file2.load();
    assert.equal(later.find('a')?.result, 'known');
  });

  for (const [what, text, complaint] of [
    ['is another file', 'root:x:0:0\n', 'line 1 is not "smtpcheck verified recipients 1"'],
    ['is empty', '', 'it is empty'],
    ['was cut off', 'smtpcheck verified recipients 1\n["a","known",1767225600000]\n["b","kn', 'line 3 is no answer'],
    ['says what is no answer', 'smtpcheck verified recipients 1\n["a","maybe",1]\n', 'line 2 is no answer'],
    ['is no text', Buffer.from([0, 255, 254, 10, 13]), 'line 1 is not "smtpcheck verified recipients 1"'],
  ] as const) {
    it(`is put aside with a message where it ${what}`, async () => {
      fs.writeFileSync(file, text);
      const { answers } = await start();
      assert.deepEqual(answers.all, []);
      assert.deepEqual(warnings, [
        `${file} cannot be used (${complaint}) and is ${file}.unreadable now; recipients are asked about again`,
      ]);
      assert.deepEqual(fs.readdirSync(folder), ['smtpcheck.verified.unreadable']);
    });
  }

  it('costs a warning where it cannot be written', async () => {
    const { answers, kept } = await start(100, undefined, path.join(folder, 'gone', 'file'));
    answers.remember('a', 'known');
    await kept.save();
    assert.match(warnings.join(), /^what next hops have said of recipients cannot be kept: ENOENT/);
  });

  it('is none where the settings name none', async () => {
    const { answers, kept } = await start(100, undefined, '');
    answers.remember('a', 'known');
    await kept.save();
    kept.close();
    assert.deepEqual(fs.readdirSync(folder), []);
  });
});
