'use strict';
// `npm run generate`: writes what is made from the description of the settings, config/smtpcheck.ini and the table in
// docs/reference/settings.md; the table of remarks in docs/reference/cli-import.md; and the table of contents of
// docs/reference/rules.md.
const fs = require('node:fs');
const path = require('node:path');
const { describeRemark, remarkCodes } = require('../dist/src/cli/import/remark');
const { describeAsIni, describeAsTable } = require('../dist/src/policy/settings/settings-text');

const root = path.join(__dirname, '..');
fs.writeFileSync(path.join(root, 'config/smtpcheck.ini'), describeAsIni());
writeBetweenMarks('docs/reference/settings.md', 'settings', describeAsTable);
writeBetweenMarks('docs/reference/cli-import.md', 'remarks', remarkTable);
writeBetweenMarks('docs/reference/rules.md', 'contents', contentsOf);

function writeBetweenMarks(name, mark, textFor) {
  const file = path.join(root, name);
  const page = fs.readFileSync(file, 'utf8');
  const begin = page.indexOf(`<!-- ${mark} -->\n`) + `<!-- ${mark} -->\n`.length;
  const end = page.indexOf(`<!-- end of ${mark} -->`);
  if (end < begin) throw new Error(`${name} has no marks of ${mark}`);
  fs.writeFileSync(file, `${page.slice(0, begin)}${textFor(page.slice(end))}${page.slice(end)}`);
}

function remarkTable() {
  const rows = remarkCodes.map((code) => {
    const { kind, message, effect } = describeRemark({ code, detail: '…' });
    return `| \`${code}\` | ${kind.replace('-', ' ')} | ${message} | ${effect} |\n`;
  });
  return `\n| code | kind | message | effect on relaying |\n| --- | --- | --- | --- |\n${rows.join('')}\n`;
}

/** One item a group, with its codes. */
function contentsOf(page) {
  const groups = page.split(/^# /m).slice(1);
  const link = (heading) =>
    `[${heading}](#${heading
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-')})`;
  const items = groups.map((group) => {
    const codes = [...group.matchAll(/^## (.+)$/gm)].map(([, code]) => link(code));
    return `- ${link(group.split('\n')[0])}:\n  ${codes.join(',\n  ')}\n`;
  });
  return `\n${items.join('')}\n`;
}
