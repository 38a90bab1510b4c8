// Mutation testing of src/policy/: see docs/dev/mutation.md.
import { createRequire } from 'node:module';

// The mocha runner of this Stryker asks for modules of mocha by names without their ending; in mocha 12 it is .cjs.
const mochaModules = './test/mutation/mocha-modules.cjs';
createRequire(`${process.cwd()}/`)(mochaModules);

// See testkit/properties.ts.
process.env.PROPERTY_SHARE = '0.02';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['src/policy/**/*.ts', '!src/policy/sets/**'],
  // Only what the tests of src/policy need is copied and compiled.
  ignorePatterns: [
    '**',
    '!src/policy/**',
    '!test/policy/**',
    '!testkit/{core,folder,line-ends}.ts',
    '!testkit/{extent,policy-content,properties,random-policy}.ts',
    '!test/mutation/tsconfig.json',
    '!config/smtpcheck.ini',
    '!docs/reference/{rules,settings}.md',
    '!tsconfig.json',
    '!package.json',
  ],
  // Mutants are no sound TypeScript, and need be none.
  buildCommand: 'tsc -p test/mutation/tsconfig.json --noCheck',
  disableTypeChecks: false,
  // Stryker would rewrite the file that is named here, by an API that TypeScript 7 does not have; there is none to rewrite.
  tsconfigFile: 'none',
  plugins: ['@stryker-mutator/mocha-runner'],
  testRunner: 'mocha',
  testRunnerNodeArgs: ['--require', mochaModules],
  checkerNodeArgs: ['--require', mochaModules],
  // Most changes at the top level are texts, and need a process of their own: the tests that hold texts go first.
  mochaOptions: {
    'no-config': true,
    'no-package': true,
    spec: [
      'finding-text',
      'settings',
      '!(finding-text|settings|properties|compare-policies|mail-question)',
      'properties',
      // The tests of src/policy/sets, which use what only that reads of the tables.
      '{compare-policies,mail-question}',
    ].map((name) => `.build/test/policy/**/${name}.test.js`),
  },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 2000,
  reporters: ['clear-text', 'progress-append-only', 'json', 'html'],
  clearTextReporter: {
    allowColor: false,
    logTests: false,
    reportTests: false,
    reportMutants: false,
    reportScoreTable: false,
  },
  jsonReporter: { fileName: '.stryker/report.json' },
  htmlReporter: { fileName: '.stryker/report.html' },
  tempDirName: '.stryker/tmp',
  cleanTempDir: 'always',
  thresholds: { high: 95, low: 90, break: 90 },
  allowConsoleColors: false,
};
