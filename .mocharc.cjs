'use strict';
const fs = require('node:fs');
const path = require('node:path');

const compiled = path.join(__dirname, '.build', 'test');
/** Begun first, since each takes long. Those that work stand beside those that wait, so that no processor is idle meanwhile. */
const longest = [
  ...['live/installation/package', 'live/failures/later-worker', 'lists/redis/redis-outages', 'live/relay/delivery'],
  ...['live/status/cluster', 'live/failures/fail-closed', 'lists/redis/redis-lists', 'live/commands/explain'],
  ...['live/status/access', 'live/clients/names', 'lists/redis/redis-faults', 'live/commands/audit'],
  ...['cli/audit/smtp-weaknesses', 'live/relay/routes', 'lists/redis/redis-settings', 'live/docs/examples'],
  ...['lists/policy-store', 'live/reload/reload', 'lists/list-files', 'live/commands/running', 'cli/audit/hostile'],
  ...['live/log/loaded', 'verify/next-hop', 'policy/sets/compare-policies'],
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
  jobs: 7,
  // Properties take seconds, and a minute where the machine is busy with something else.
  timeout: 240_000,
  'forbid-only': true,
  'forbid-pending': true,
};
