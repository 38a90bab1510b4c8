'use strict';
// `npm run test:one -- FILE… [options of mocha]`: runs test files by the names of their sources, without the checks on
// the whole suite (so `it.only` is allowed). `package.json` builds before.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const args = process.argv.slice(2);
const builtFile = (source) =>
  path.join(root, '.build', path.relative(root, path.resolve(source)).replace(/\.ts$/, '.js'));
const isTest = (arg) => arg.endsWith('.test.ts');
const unknown = args.find((arg) => isTest(arg) && !fs.existsSync(builtFile(arg)));
if (unknown) {
  console.error(`${unknown} is no test of this checkout`);
  process.exit(2);
}
if (args.length === 0) {
  console.error("Which test? For example: npm run test:one -- test/policy/entries/list.test.ts -g 'host bits'");
  process.exit(2);
}
const mocha = path.join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
const { status } = spawnSync(
  process.execPath,
  [mocha, '--no-config', '--timeout', '20000', ...args.map((arg) => (isTest(arg) ? builtFile(arg) : arg))],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 2;
