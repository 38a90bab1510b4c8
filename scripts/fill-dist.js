'use strict';
// The second half of `npm run build`: `.build` holds the compiled checkout, `dist` the part of it that the package ships.
// Files whose source has moved or gone are removed from both; a file that has not changed is not written again.
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const shipped = ['index', 'src', 'plugins'];

const outputsIn = (folder) =>
  fs.existsSync(path.join(root, folder))
    ? fs.readdirSync(path.join(root, folder), { recursive: true }).filter((name) => /\.(js|js\.map|d\.ts)$/.test(name))
    : [];

const hasSource = (name) => fs.existsSync(path.join(root, name.replace(/\.(js|js\.map|d\.ts)$/, '.ts')));
const isShipped = (name) => shipped.includes(name.split(path.sep)[0].split('.')[0]);

for (const name of outputsIn('.build')) {
  if (!hasSource(name)) fs.rmSync(path.join(root, '.build', name));
}

const wanted = outputsIn('.build').filter(isShipped);
for (const name of outputsIn('dist')) {
  if (!wanted.includes(name)) fs.rmSync(path.join(root, 'dist', name));
}
for (const name of wanted) {
  const compiled = fs.readFileSync(path.join(root, '.build', name));
  const target = path.join(root, 'dist', name);
  if (fs.existsSync(target) && fs.readFileSync(target).equals(compiled)) continue;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, compiled);
}
