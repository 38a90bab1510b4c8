'use strict';
// Packs the package as npm would and looks at what is in it: all that is needed, nothing that is not, no stray names.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'package-'));
try {
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root }),
  );
  const names = files.map((file) => file.path);
  const needed = [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/src/cli/main.js',
    ...['index.html', 'page.css', 'page.js', 'icon.svg'].map((name) => `dist/src/status/page/${name}`),
    'config/smtpcheck.ini',
    'config/localip',
    'config/localdomain',
    'config/relay.to',
    'config/relay.map',
    'config/host.deny',
    'docs/README.md',
    'examples/change-management/check-change',
    'examples/change-management/pre-commit',
    'docs/reference/plugins/smtpcheck.md',
    'docs/reference/rules.md',
    ...[
      'alerts.yml',
      'grafana.json',
      'karma.ini',
      'fail2ban/filter.d/smtpcheck.conf',
      'fail2ban/jail.d/smtpcheck.conf',
    ].map((name) => `examples/monitoring/${name}`),
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    ...['deny', 'helo', 'privacy', 'relay'].map((name) => `plugins/${name}/package.json`),
  ];
  const missing = needed.filter((name) => !names.includes(name));
  const stray = names.filter(
    (name) =>
      // docs/dev describes commands of the checkout; `smtpcheck test` is one of the package.
      /(^|\/)(?<!^dist\/src\/cli\/)(test|testkit|examples(?!\/(?:monitoring|change-management)\/)|bench|scripts|\.ci|\.github)\/|^docs\/dev\/|\.(ts|js\.map|tgz)$/.test(
        name,
      ) && !name.endsWith('.d.ts'),
  );
  execFileSync(path.join(root, 'node_modules', '.bin', 'publint'), ['run', '--strict', path.join(folder, filename)], {
    cwd: root,
    stdio: 'inherit',
  });
  console.log(`${names.length} files in ${filename}`);
  for (const name of missing) console.error(`missing from the package: ${name}`);
  for (const name of stray) console.error(`not for the package: ${name}`);
  process.exitCode = missing.length + stray.length > 0 ? 1 : 0;
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
