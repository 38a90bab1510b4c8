'use strict';
// Run by `npm publish` before it packs: whoever publishes says where the package comes from and who answers for it.
// package.json is the one place for that; npm's page, SECURITY.md (private reports go to the repository) and npm's own
// commands (`npm repo`, `npm bugs`) follow it.
const fs = require('node:fs');
const path = require('node:path');

const packageJson = JSON.parse(fs.readFileSync(path.join(process.cwd(), 'package.json'), 'utf8'));
const isAddress = (text) => typeof text === 'string' && /^(?:git\+)?https:\/\/[^\s<>]+$/.test(text);

const fields = [
  ['repository.url', (p) => isAddress(p.repository?.url), 'git+https://HOST/OWNER/NAME.git'],
  ['bugs.url', (p) => isAddress(p.bugs?.url), 'https://HOST/OWNER/NAME/issues'],
  ['homepage', (p) => isAddress(p.homepage), 'https://HOST/OWNER/NAME#readme'],
  ['author', (p) => isPerson(p.author), 'Name <mail@HOST>'],
];

const missing = fields.filter(([, isSet]) => !isSet(packageJson));
if (missing.length > 0) {
  console.error(
    `Not published: package.json has no ${missing.map(([name]) => name).join(', ')}. Set it there, for example`,
  );
  console.error(`  npm pkg set ${missing.map(([name, , example]) => `'${name}=${example}'`).join(' ')}`);
  process.exitCode = 1;
}

/** As npm knows people: a text, or an object with a name. */
function isPerson(author) {
  const name = typeof author === 'object' && author !== null ? author.name : author;
  return typeof name === 'string' && /[^\s<]/.test(name);
}
