/** The table of rules against the sources: whatever decides is in it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { outcomes, rules } from '../../src/status/rules';

describe('the table of rules', () => {
  const folder = path.join(checkout, 'src', 'policy');
  const sources = fs.readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const text = sources.map((name) => fs.readFileSync(path.join(folder, name), 'utf8')).join('\n');

  for (const outcome of outcomes) {
    const written = new Set([...text.matchAll(new RegExp(`\\b${outcome}\\(\\s*'([a-z-]+)'`, 'g'))].map(([, r]) => r));
    const listed = new Set<string>(Object.values(rules).flatMap((of) => of[outcome] as readonly string[]));

    it(`has each rule that may ${outcome}`, () => {
      assert.ok(written.size > 2);
      assert.deepEqual(
        [...written].filter((rule) => rule && !listed.has(rule)),
        [],
      );
    });

    it(`has no other rule that may ${outcome}`, () => {
      // These have the rule from a variable: the flag that decided.
      const byVariable = ['needvrfyhelo', 'needexpnhelo'];
      assert.deepEqual(
        [...listed].filter((rule) => !written.has(rule) && !byVariable.includes(rule)),
        [],
      );
    });
  }
});
