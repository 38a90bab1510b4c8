/** `smtpcheck import --test`: what the old server decides, as expectations that the lists of the import must meet. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { everything } from '../../../testkit/extent';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { fixtureRoot, smtpcheck } from './support';

const lists = ['localip', 'localdomain', 'relay.to', 'relay.map', 'host.deny', 'host_list'] as const;

async function imported(name: string): Promise<Folder> {
  const folder = makeFolder({ 'config/plugins': 'smtpcheck\nrcpt_to.in_host_list\n' });
  const args = readFileSync(join(fixtureRoot, name, 'arguments'), 'utf8')
    .trim()
    .split(/\s+/);
  const { code, stderr } = await smtpcheck(
    ['import', ...args, '-o', folder.path, '--test'],
    join(fixtureRoot, name, 'source'),
  );
  assert.equal(code, 1, stderr);
  return folder;
}

const check = (folder: Folder) => smtpcheck(['test', '-c', folder.path], folder.path);

/** The lines of a list that hold an entry: all of them, or a quarter. */
function entriesIn(lines: readonly string[]): number[] {
  const all = lines.flatMap((line, i) => (line === '' || line.startsWith('#') ? [] : [i]));
  return everything ? all : all.filter((_, n) => n % 4 === 0);
}

/** Whether anybody is answered otherwise, and not only in other words or by another next hop. */
async function differs(before: Folder, after: Folder): Promise<boolean> {
  const { stdout } = await smtpcheck(['diff', before.path, after.path, '--json'], after.path);
  const { changes } = JSON.parse(stdout) as { changes: Record<'before' | 'after', { verdict: string }>[] };
  const outcomeOf = ({ verdict }: { verdict: string }) => verdict.split(' ')[0];
  return changes.some((change) => outcomeOf(change.before) !== outcomeOf(change.after));
}

describe('smtpcheck import --test', () => {
  for (const name of readdirSync(fixtureRoot).sort()) {
    it(`writes expectations that the lists of ${name} meet, and none with an entry or exclusion less`, async () => {
      const folder = await imported(name);
      const whole = await check(folder);
      assert.deepEqual([whole.code, whole.stdout], [0, ''], whole.stderr);
      const original = makeFolder();
      cpSync(folder.path, original.path, { recursive: true });
      let needed = 0;
      for (const list of lists) {
        const path = folder.file(`config/${list}`);
        if (!existsSync(path)) continue;
        const text = readFileSync(path, 'utf8');
        const lines = text.split('\n');
        for (const i of entriesIn(lines)) {
          writeFileSync(path, lines.filter((_, at) => at !== i).join('\n'));
          const { code } = await check(folder);
          const isNeeded = await differs(original, folder);
          assert.equal(code, isNeeded ? 1 : 0, `without ${lines[i]} of ${list}`);
          if (isNeeded) needed++;
        }
        writeFileSync(path, text);
      }
      // A Haraka without local domains and lists, which is what is left of these, relays for nobody.
      assert.ok(needed > 0 || ['open-relays', 'sendmail-redhat-default'].includes(name));
    }).timeout(60_000);
  }

  it('has what the import is known to decide otherwise as a comment, with the remark', async () => {
    const folder = await imported('postfix-university');
    const text = readFileSync(folder.file('config/smtpcheck.test'), 'utf8');
    assert.match(
      text,
      /^# not so here: stands behind the exclusion !192\.0\.2\.128\/25 .*\n# \S+ ptr=\*\.lab\.example\.edu +-> anyone@elsewhere\.example +relay {2}# main\.cf:10$/m,
    );
    assert.match(text, /^# what the import left out or changed\n(?:# \S+:\d+: .+\n)+$/m);
  });

  it('replaces no expectations that are there, and shows them with --dry-run', async () => {
    const folder = await imported('cf-university');
    const written = readFileSync(folder.file('config/smtpcheck.test'), 'utf8');
    const source = join(fixtureRoot, 'cf-university', 'source');
    const args = ['import', 'sendmail.def', '-o', folder.path, '--test'];
    folder.write('config/smtpcheck.test', '192.0.2.1 -> a@b.example refuse\n');
    const { code, stderr } = await smtpcheck(args, source);
    assert.equal(code, 2);
    assert.match(stderr, /nothing was written: there is already .*smtpcheck\.test/);
    assert.match((await smtpcheck([...args, '--dry-run'], source)).stdout, /^-192\.0\.2\.1 -> a@b\.example refuse$/m);
    assert.equal((await smtpcheck([...args, '--force'], source)).code, 1);
    assert.equal(readFileSync(folder.file('config/smtpcheck.test'), 'utf8'), written);
  });

  it('writes none without the option', async () => {
    const folder = makeFolder({});
    await smtpcheck(['import', 'sendmail.def', '-o', folder.path], join(fixtureRoot, 'cf-university', 'source'));
    assert.ok(!existsSync(folder.file('smtpcheck.test')));
  });
});
