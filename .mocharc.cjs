'use strict';
const fs = require('node:fs');
const path = require('node:path');

const compiled = path.join(__dirname, '.build', 'test');
/** Begun first, since each takes long: so none is left over when the others are done. */
const longest = [
  ...['failures/later-worker', 'installation/package', 'relay/delivery'].map((name) => `live/${name}`),
  ...['commands/explain', 'commands/audit', 'failures/fail-closed', 'status/cluster', 'status/access'].map(
    (name) => `live/${name}`,
  ),
  ...['redis-outages', 'redis-lists', 'redis-faults', 'redis-settings'].map((name) => `lists/redis/${name}`),
  ...['smtp-weaknesses', 'hostile'].map((name) => `cli/audit/${name}`),
  ...['policy-store', 'list-files'].map((name) => `lists/${name}`),
].map((name) => `${name}.test.js`);

/** What is no unit test: it starts servers (Haraka, Redis, DNS, a mail server to audit) and waits for what they say. */
const withServers = [
  /^live\//,
  /^dns\/client-names\./,
  /^lists\/redis\/redis-/,
  /^cli\/redis\./,
  /^cli\/audit\/(?:command|hostile|.*-weaknesses)\./,
];
const unitTests = process.env.SMTPCHECK_TESTS === 'unit';

/** The release and the scripts of guides, at work: seconds of processor time each, for what few changes touch. */
const withAll = [/^live\/installation\/package\./, /^docs\/change-management\./];
const allTests = process.env.SMTPCHECK_TESTS === 'all';

const files = fs.existsSync(compiled) ? fs.readdirSync(compiled, { recursive: true }) : [];
const tests = files
  .map((name) => name.replaceAll(path.sep, '/'))
  .filter((name) => name.endsWith('.test.js') && !/^(?:peers|faults|browser)\//.test(name))
  .filter((name) => !unitTests || !withServers.some((pattern) => pattern.test(name)))
  .filter((name) => allTests || !withAll.some((pattern) => pattern.test(name)))
  .sort();

module.exports = {
  spec: [...longest.filter((name) => tests.includes(name)), ...tests.filter((name) => !longest.includes(name))].map(
    (name) => path.join('.build', 'test', name),
  ),
  'node-option': ['enable-source-maps'],
  // Most of them wait most of the time, so there are more than processors.
  parallel: true,
  jobs: 6,
  timeout: 60_000,
  'forbid-only': true,
  'forbid-pending': true,
};
