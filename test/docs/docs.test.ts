/** The documents against the product: generated parts are as generated, examples load, links lead somewhere. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { loadSite } from '../../src/lists/load';
import { isProblem, parseEntry } from '../../src/policy/entries/entry';
import { forEachLine } from '../../src/policy/entries/lines';
import { type ListKind, parseList } from '../../src/policy/entries/list';
import { parseMapLine } from '../../src/policy/entries/map-line';
import { parseRelayMap } from '../../src/policy/entries/relay-map';
import { describeFinding } from '../../src/policy/findings/finding-text';
import { parseSettings } from '../../src/policy/settings/settings';
import { describeAsIni, describeAsTable } from '../../src/policy/settings/settings-text';

const read = (name: string): string => readFileSync(join(checkout, name), 'utf8');

const kinds: Readonly<Record<string, ListKind>> = {
  localip: 'local_ip',
  localdomain: 'local_domain',
  'relay.to': 'relay_to',
  'host.deny': 'hosts',
};

function markdownFiles(folder: string): string[] {
  return readdirSync(join(checkout, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(checkout, path)).isDirectory()) return markdownFiles(path);
    return name.endsWith('.md') ? [path] : [];
  });
}

const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...markdownFiles('docs')];

describe('the shipped configuration', () => {
  it('is what the description of the settings makes', () => {
    assert.equal(read('config/smtpcheck.ini'), describeAsIni());
  });

  it('loads, and permits and refuses nobody', () => {
    const site = loadSite(join(checkout, 'config'));
    assert.deepEqual(site.findings, []);
    const { relay, deny } = site.policy ?? assert.fail('it does not load');
    const sizes = [relay.clientNetworks, relay.clientDomains, relay.destinations, relay.map, deny.clients].map(
      (l) => l.size,
    );
    assert.deepEqual(sizes, [0, 0, 0, 0, 0]);
  });

  it('says the same when every key is taken out of its comment', () => {
    const uncommented = describeAsIni().replace(/^;(?=[a-z_]+=)/gm, '');
    const parsed = parseSettings('smtpcheck.ini', uncommented);
    assert.deepEqual(parsed.findings, []);
    assert.deepEqual(parsed.settings, parseSettings('smtpcheck.ini', '').settings);
  });

  for (const [file, kind] of Object.entries(kinds)) {
    it(`has examples in the comments of ${file} that load`, () => {
      const examples = read(`config/${file}`)
        .split('\n')
        .map((line) => /^#\s{3}(.*)$/.exec(line)?.[1] ?? '')
        .filter((line) => line !== '')
        .join('\n');
      const { findings, data } = parseList(kind, file, examples);
      assert.deepEqual(findings.map(describeFinding), []);
      assert.ok(data);
    });
  }
});

describe('docs/reference/settings.md', () => {
  it('has the table that the description of the settings makes', () => {
    assert.ok(read('docs/reference/settings.md').includes(describeAsTable()));
  });
});

describe('the lists in README.md', () => {
  const blocks = [...read('README.md').matchAll(/^`config\/([\w.]+)`\n\n```\n(.*?)^```$/gms)];

  it('are all there', () => {
    const names = blocks.map(([, name]) => name);
    for (const file of [...Object.keys(kinds), 'plugins', 'host_list']) assert.ok(names.includes(file), file);
  });

  for (const [, name = '', text = ''] of blocks) {
    const kind = kinds[name];
    if (!kind) continue;
    it(`load: ${name}`, () => {
      assert.deepEqual(parseList(kind, name, text).findings.map(describeFinding), []);
    });
  }
});

describe('the entries in docs/reference/lists.md', () => {
  const tables = read('docs/reference/lists.md').split(/^## /m);
  const entries = (title: string) =>
    [...(tables.find((section) => section.startsWith(title)) ?? '').matchAll(/^\| `([^`]+)` \|/gm)].map(
      ([, e = '']) => e,
    );

  for (const entry of [...entries('Addresses'), ...entries('Domains')]) {
    it(`are entries: ${entry}`, () => assert.ok(!isProblem(parseEntry(entry))));
  }

  for (const value of entries('relay.map').flatMap((cell) => cell.split(', '))) {
    it(`are values: ${value}`, () => {
      forEachLine(`To:a.example ${value}`, (line) => assert.ok(!isProblem(parseMapLine(line)), line.text));
    });
  }

  it('quote a fault as it is reported', () => {
    const [, said] = /^(localip:7: .*)$/m.exec(read('docs/reference/lists.md')) ?? [];
    const found = parseList('local_ip', 'localip', `${'\n'.repeat(6)}192.0.2.9/24\n`).findings.map(describeFinding);
    assert.deepEqual(found, [said]);
  });

  it('quote relay.map rows that load', () => {
    const rows = [...read('config/relay.map').matchAll(/^#\s{3}((?:Connect|To):.*)$/gm)].map(([, row = '']) => row);
    assert.ok(rows.length > 0);
    assert.deepEqual(parseRelayMap('relay.map', rows.join('\n')).findings, []);
  });
});

/** A page without its code, which holds no link and no heading however it looks. */
const proseOf = (page: string): string => read(page).replace(/^```[\s\S]*?^```/gm, '');

/** The fragments of a page's headings, as GitHub makes them. */
function fragmentsOf(page: string): ReadonlySet<string> {
  const headings = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function linksOf(page: string): { readonly target: string; readonly fragment: string }[] {
  return [...proseOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)].map(
    ([, target = '', fragment = '']) => ({ target: target === '' ? page : join(dirname(page), target), fragment }),
  );
}

/** Whether npm packs it; the README leads there beside what is packed. */
const isPublished = (page: string): boolean => !/^(?:docs\/dev\/|bench\/|CONTRIBUTING)/.test(page);

describe('links', () => {
  for (const page of pages) {
    it(`of ${page} lead to files and headings that are there`, () => {
      const dead = linksOf(page).filter(
        ({ target, fragment }) =>
          !existsSync(join(checkout, target)) || (fragment !== '' && !fragmentsOf(target).has(fragment)),
      );
      assert.deepEqual(dead, []);
    });
  }

  for (const page of pages.filter(isPublished)) {
    it(`of ${page} lead to what is published with it`, () => {
      const elsewhere = linksOf(page).filter(({ target }) => !isPublished(target));
      // The README is also the front page of the repository.
      const allowed = page === 'README.md' ? ['CONTRIBUTING.md'] : [];
      assert.deepEqual(
        elsewhere.map(({ target }) => target).filter((target) => !allowed.includes(target)),
        [],
      );
    });
  }
});

describe('docs/reference/rules.md', () => {
  it('has a table of contents with every heading, in their order', () => {
    const page = read('docs/reference/rules.md');
    const [, contents = ''] = /<!-- contents -->\n([\s\S]*)<!-- end of contents -->/.exec(page) ?? [];
    const listed = [...contents.matchAll(/\[([^\]]+)\]/g)].map(([, heading]) => heading);
    const headings = [...proseOf('docs/reference/rules.md').matchAll(/^#{1,2} (.+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(listed, headings.slice(1));
  });
});

describe('SECURITY.md', () => {
  const [, section = ''] = read('SECURITY.md').split(/^## (?=Promises)/m);
  const rows = (section.split(/^## /m)[0] ?? '').split('\n').filter((line) => /^\| [A-Z]/.test(line));

  it('has many promises', () => assert.ok(rows.length >= 15));

  for (const row of rows) {
    const [, promise = '', shownBy = ''] =
      row.split(' | ').length === 2 ? (/^\| (.*) \| (.*) \|$/.exec(row) ?? []) : [];
    it(`names tests that are there: ${promise}`, () => {
      const tests = [...shownBy.matchAll(/`([^`]+)`: "([^"]+)"/g)];
      assert.ok(tests.length > 0, row);
      for (const [, file = '', title = ''] of tests) assert.ok(read(file).includes(title), `${file}: ${title}`);
    });
  }
});

describe('docs/README.md', () => {
  it('leads to every page for users', () => {
    const targets = new Set(linksOf('docs/README.md').map(({ target }) => target));
    const users = markdownFiles('docs').filter((page) => isPublished(page) && page !== 'docs/README.md');
    assert.deepEqual(
      users.filter((page) => !targets.has(page)),
      [],
    );
  });
});

describe('docs/dev/dependencies.md', () => {
  const [runtime = '', development = ''] = read('docs/dev/dependencies.md').split(/^For development/m);
  const listedIn = (text: string) =>
    [...text.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) => cell.replaceAll('`', '').split(', '));
  const packages = JSON.parse(read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;

  it('justifies every runtime dependency and no other', () => {
    assert.deepEqual(listedIn(runtime).sort(), Object.keys(packages.dependencies).sort());
  });

  it('names no development package that is not there', () => {
    assert.deepEqual(
      listedIn(development).filter((name) => !(name in packages.devDependencies)),
      [],
    );
  });
});
