'use strict';
// The second half of `npm run build`: `.build` holds the compiled checkout, `dist` the part of it that the package ships.
// Files whose source has moved or gone are removed from both; a file that has not changed is not written again.
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
/** What the browser gets as it is written; its scripts are compiled. */
const page = path.join('src', 'status', 'page');
const shipped = ['index', 'src', 'plugins'];

const outputsIn = (folder) =>
  fs.existsSync(path.join(root, folder))
    ? fs
        .readdirSync(path.join(root, folder), { recursive: true })
        .filter((name) => /\.(js|js\.map|d\.ts|html|css|svg)$|package\.json$/.test(name))
    : [];

const hasSource = (name) => fs.existsSync(path.join(root, name.replace(/\.(js|js\.map|d\.ts)$/, '.ts')));
const isShipped = (name) => shipped.includes(name.split(path.sep)[0].split('.')[0]);

for (const name of fs.readdirSync(path.join(root, page)).filter((file) => !/\.ts$|tsconfig/.test(file))) {
  copyChanged(path.join(root, page, name), path.join(root, '.build', page, name));
}
for (const name of outputsIn('.build')) {
  if (!hasSource(name)) fs.rmSync(path.join(root, '.build', name));
}

const wanted = outputsIn('.build').filter(isShipped);
for (const name of outputsIn('dist')) {
  if (!wanted.includes(name)) fs.rmSync(path.join(root, 'dist', name));
}
for (const name of wanted) copyChanged(path.join(root, '.build', name), path.join(root, 'dist', name));

function copyChanged(source, target) {
  const content = fs.readFileSync(source);
  if (fs.existsSync(target) && fs.readFileSync(target).equals(content)) return;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, content);
}
