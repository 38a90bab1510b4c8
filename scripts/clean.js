'use strict';
// Removes the build folders named on the command line, so that no file of a moved module stays behind.
const fs = require('node:fs');
const path = require('node:path');

for (const folder of process.argv.slice(2)) {
  fs.rmSync(path.join(__dirname, '..', folder), { recursive: true, force: true });
}
