'use strict';
const fs = require('node:fs');
const path = require('node:path');

const compiled = path.join(__dirname, '.build', 'test', 'peers');
/** Begun first, since each takes long: so none is left over when the others are done. */
const longest = [
  'import/postfix-policy',
  'audit/pop3',
  'import/import',
  'audit/smtp',
  'monitoring/fail2ban',
  'redis/outages',
].map((name) => `${name}.test.js`);

const files = fs.existsSync(compiled) ? fs.readdirSync(compiled, { recursive: true }) : [];
const tests = files.filter((name) => name.endsWith('.test.js') && !longest.includes(name)).sort();

module.exports = {
  spec: [...longest, ...tests].map((name) => path.join(compiled, name)),
  require: [path.join(compiled, 'servers', 'fetch-all.js')],
  'node-option': ['enable-source-maps'],
  // They wait for servers most of the time, so there are more than processors.
  parallel: true,
  jobs: 4,
  timeout: 240_000,
  'forbid-only': true,
  'forbid-pending': true,
};
