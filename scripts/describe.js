'use strict';
// Writes what is made from the description of the settings: config/smtpcheck.ini and the table in docs/reference/settings.md.
const fs = require('node:fs');
const path = require('node:path');
const { describeAsIni, describeAsTable } = require('../dist/core');

const root = path.join(__dirname, '..');
fs.writeFileSync(path.join(root, 'config/smtpcheck.ini'), describeAsIni());

const page = path.join(root, 'docs/reference/settings.md');
const [before, , after] = fs.readFileSync(page, 'utf8').split(/(?<=<!-- settings -->\n)|(?=<!-- end of settings -->)/);
if (after === undefined) throw new Error(`${page} has no table between its marks`);
fs.writeFileSync(page, `${before}${describeAsTable()}${after}`);
