/**
 * Every FEATURE, m4 variable and macro that sendmail describes has an outcome, and a sendmail.mc that uses it comes to this
 * outcome: nothing is dropped without a word.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readers } from '../../../../../src/cli/import/readers';
import type { Reading } from '../../../../../src/cli/import/site-policy';
import { defines, features, macros, type Outcome } from '../../../../../src/cli/import/sources/sendmail/sendmail-names';
import { readerContext } from '../../support';

const names = readFileSync(resolve('test/fixtures/sendmail/names-8.17.1.9.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

// Sender checks are on unless both are taken away.
const base = "FEATURE(`accept_unqualified_senders')\nFEATURE(`accept_unresolvable_domains')\n";

/** Arguments that make something of what is carried over. */
const featureArguments: Readonly<Record<string, string>> = { delay_checks: ", `friend'" };
const values: Readonly<Record<string, string>> = { confDELIVERY_MODE: 'deferred', confDOMAIN_NAME: 'mail.example.org' };
const calls: Readonly<Record<string, string>> = {
  FEATURE: "FEATURE(`relay_hosts_only')",
  define: "define(`confPRIVACY_FLAGS', `noexpn')",
  DAEMON_OPTIONS: "DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1')",
  LOCAL_CONFIG: 'LOCAL_CONFIG\nCRexample.org\n',
  MAILER_DEFINITIONS: 'MAILER_DEFINITIONS\nMcard, P=/usr/bin/card\n',
};

function read(text: string): Reading {
  return readers['sendmail-mc'](`${base}${text}\n`, readerContext());
}

const parts = [
  'rules',
  'barriers',
  'map',
  'localNames',
  'routes',
  'transports',
  'settings',
  'features',
  'references',
] as const;
const before = read('');

/** What the line adds. */
function outcomeOf(text: string): { readonly carried: boolean; readonly remarks: readonly string[] } {
  const reading = read(text);
  const carried = parts.some((part) => JSON.stringify(strip(reading[part])) !== JSON.stringify(strip(before[part])));
  return { carried, remarks: reading.remarks.map(({ code }) => code) };
}

/** Without the lines, which differ by what stands before. */
function strip(items: readonly unknown[]): unknown {
  // Whether all of it was read is no policy.
  const policy = items.filter((item) => item !== 'sendmail-configuration');
  return policy.map((item) => (typeof item === 'object' ? { ...item, origin: undefined } : item));
}

function assertOutcome(name: string, outcome: Outcome | undefined, text: string): void {
  const { carried, remarks } = outcomeOf(text);
  assert.ok(outcome !== undefined, `${name} has no outcome`);
  if (outcome === 'irrelevant') assert.deepEqual({ carried, remarks }, { carried: false, remarks: [] }, name);
  else if (outcome === 'carried') assert.ok(carried || remarks.length > 0, `${name} is dropped without a word`);
  else assert.ok(remarks.includes(outcome.remark), `${name}: no ${outcome.remark}`);
}

/** The names of one kind that the tables hold, or that sendmail describes. */
function all(kind: string, table: ReadonlyMap<string, Outcome>): readonly string[] {
  const described = names.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  return [...new Set([...described, ...table.keys()])];
}

describe('sendmail.mc', () => {
  it('has an outcome for every FEATURE', () => {
    for (const name of all('FEATURE', features)) {
      assertOutcome(name, features.get(name), `FEATURE(\`${name}'${featureArguments[name] ?? ''})`);
    }
  });

  it('has an outcome for every variable that define sets', () => {
    for (const name of all('define', defines)) {
      // The file of class w is read where a FEATURE asks for it.
      const use = name === 'confCW_FILE' ? "\nFEATURE(`use_cw_file')" : '';
      const value = values[name] ?? '/etc/mail/example';
      assertOutcome(name, defines.get(name), `define(\`${name}', \`${value}')${use}`);
    }
  });

  it('has an outcome for every macro', () => {
    for (const name of all('macro', macros)) {
      const text = calls[name] ?? (/_FILE$/.test(name) ? `${name}(\`/etc/mail/list')` : `${name}(\`a.example.org')`);
      assertOutcome(name, macros.get(name), /^LOCAL_(?!DOMAIN|USER|CONFIG)/.test(name) ? `${name}\nR$*\t$#OK` : text);
    }
  });

  it('remarks on what sendmail does not describe', () => {
    for (const [text, code] of [
      ["FEATURE(`made_up')", 'feature-unknown'],
      ["FEATURE(`constructor')", 'feature-unknown'],
      ["define(`confMADE_UP', `1')", 'mc-setting-unknown'],
      ["define(`_RELAY_DB_FROM_', `1')", 'mc-setting-unknown'],
      ["MADE_UP(`x')", 'mc-setting-unknown'],
      ["HACK(`spamtrap')", 'own-rulesets'],
      ["esyscmd(`cat relays')", 'mc-code'],
      ["ifdef(`_MADE_ELSEWHERE_', `FEATURE(`promiscuous_relay')')", 'mc-condition'],
    ] as const) {
      assert.deepEqual(outcomeOf(text), { carried: false, remarks: [code] }, text);
    }
  });

  it('passes over a variable of the site, whose value is seen where it is used', () => {
    assert.deepEqual(outcomeOf("define(`OUR_NETWORK', `192.0.2')"), { carried: false, remarks: [] });
  });
});
