import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type ListName, listNames, lists } from '../../../src/cli/import/site-policy';
import { parseList } from '../../../src/policy/entries/list';
import { parseRelayMap } from '../../../src/policy/entries/relay-map';
import { describeFinding } from '../../../src/policy/findings/finding-text';
import { parseSettings } from '../../../src/policy/settings/settings';
import { fixtureRoot, inTemporaryFolder, smtpcheck } from './support';

// `npm run update:fixtures` writes what the command does now; read the difference before you commit it.
const update = process.env.UPDATE_FIXTURES === '1';

function filesOf(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, 'utf8')];
    }),
  );
}

describe('smtpcheck import of a whole site', () => {
  for (const name of readdirSync(fixtureRoot).sort()) {
    const fixture = join(fixtureRoot, name);
    const args = readFileSync(join(fixture, 'arguments'), 'utf8').trim().split(/\s+/);

    it(`writes the lists of ${name} and tells what was left out`, async () => {
      await inTemporaryFolder(async (folder) => {
        const output = join(folder, 'config');
        const { code, stdout, stderr } = await smtpcheck(['import', ...args, '-o', output], join(fixture, 'source'));
        const written = filesOf(output);
        if (update) {
          rmSync(join(fixture, 'expected'), { recursive: true, force: true });
          mkdirSync(join(fixture, 'expected'));
          for (const [file, text] of Object.entries(written)) {
            mkdirSync(dirname(join(fixture, 'expected', file)), { recursive: true });
            writeFileSync(join(fixture, 'expected', file), text);
          }
          writeFileSync(join(fixture, 'remarks.txt'), stderr);
        }
        assert.deepEqual(written, filesOf(join(fixture, 'expected')));
        assert.equal(stderr, readFileSync(join(fixture, 'remarks.txt'), 'utf8'));
        assert.equal(code, 1);
        for (const file of Object.keys(written)) assert.ok(stdout.includes(`wrote ${join(output, file)} (`), file);
      });
    });

    it(`writes nothing for ${name} that the suite's own parsers object to`, () => {
      for (const [file, text] of Object.entries(filesOf(join(fixture, 'expected')))) {
        const findings = findingsIn(file, text);
        assert.deepEqual(findings.map(describeFinding), [], file);
      }
    });
  }
});

describe('smtpcheck lint of what an import wrote', () => {
  for (const name of readdirSync(fixtureRoot).sort()) {
    it(`finds nothing in ${name}`, async () => {
      await inTemporaryFolder(async (folder) => {
        // A source that names no local domain leaves Haraka's own host_list as it is, and one that denies nobody host.deny.
        const files: Record<string, string> = {
          host_list: 'mx.local.example\n',
          'host.deny': '',
          ...filesOf(join(fixtureRoot, name, 'expected')),
        };
        mkdirSync(join(folder, 'config'));
        for (const [file, text] of Object.entries(files)) {
          mkdirSync(dirname(join(folder, 'config', file)), { recursive: true });
          writeFileSync(join(folder, 'config', file), text);
        }
        writeFileSync(join(folder, 'config/plugins'), 'smtpcheck\nrcpt_to.in_host_list\nqueue/smtp_forward\n');
        const { stdout, stderr } = await smtpcheck(['lint', '--all', '-c', folder], folder);
        const findings = stdout.split('\n').filter((line) => / (?:error|warning): /.test(line));
        // A domain whose own name is excluded (`!=name`) stands for the names below it and is not local itself.
        const others = findings.filter((line) => {
          // The sources are made of such entries on purpose.
          if (line.endsWith(' [documentation-entry]')) return false;
          const domain = /warning: (\S+) is local as well.*\[destination-is-local\]$/.exec(line)?.[1];
          // Private networks that the source trusts are for the operator to judge.
          if (/\[network-(?:private|docker)\]$/.test(line)) return false;
          return !domain || !files['relay.to']?.includes(`!=${domain} `);
        });
        assert.deepEqual(others, [], stderr);
        assert.match(`${stdout}${stderr}`, /0 errors/);
      });
    });
  }
});

function findingsIn(file: string, text: string) {
  if ((listNames as readonly string[]).includes(file))
    return parseList(lists[file as ListName].kind, file, text).findings;
  // Settings of other plugins, which nothing reads there.
  if (file.startsWith('import-suggestions/')) return [];
  if (file === 'relay.map') return parseRelayMap(file, text).findings;
  if (file === 'smtpcheck.ini') return parseSettings(file, text).findings;
  assert.equal(file, 'host_list');
  // Haraka's own list: every line that is no comment is one name.
  for (const line of text.split('\n')) assert.match(line, /^(?:#.*|[a-z0-9_.-]*)$/);
  return [];
}
