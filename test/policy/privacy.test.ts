import assert from 'node:assert/strict';
import {
  decideCommand,
  expandFlags,
  flagsThatDoNotApply,
  flagWords,
  type PrivacyFlag,
  privacyFlags,
} from '../../src/policy/privacy';
import { told } from '../../testkit/core';

const notAllowed = '502 5.7.0 Sorry, we do not allow this operation';
const cannotVrfy = '252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery';
const introduceFirst = '503 5.0.0 I demand that you introduce yourself first';
const allowed = 'pass command-allowed';

interface CommandCase {
  readonly name: string;
  readonly flags: readonly string[];
  readonly command: string;
  readonly introduced?: boolean;
  readonly vrfyReply?: 252 | 502;
  readonly says: string;
}

const cases: readonly CommandCase[] = [
  { name: 'allows VRFY without a flag', flags: [], command: 'VRFY', says: allowed },
  { name: 'answers VRFY with 252', flags: ['novrfy'], command: 'VRFY', says: `refuse novrfy ${cannotVrfy}` },
  {
    name: 'answers VRFY with 502 if told to',
    flags: ['novrfy'],
    command: 'VRFY',
    vrfyReply: 502,
    says: `refuse novrfy ${notAllowed}`,
  },
  {
    name: 'asks for a greeting before VRFY',
    flags: ['needvrfyhelo'],
    command: 'VRFY',
    introduced: false,
    says: `refuse needvrfyhelo ${introduceFirst}`,
  },
  { name: 'allows VRFY after a greeting', flags: ['needvrfyhelo'], command: 'VRFY', says: allowed },
  {
    name: 'looks at novrfy before needvrfyhelo',
    flags: ['needvrfyhelo', 'novrfy'],
    command: 'VRFY',
    introduced: false,
    says: `refuse novrfy ${cannotVrfy}`,
  },
  { name: 'allows EXPN without a flag', flags: [], command: 'EXPN', says: allowed },
  { name: 'refuses EXPN', flags: ['noexpn'], command: 'EXPN', says: `refuse noexpn ${notAllowed}` },
  {
    name: 'asks for a greeting before EXPN',
    flags: ['needexpnhelo'],
    command: 'EXPN',
    introduced: false,
    says: `refuse needexpnhelo ${introduceFirst}`,
  },
  { name: 'allows EXPN after a greeting', flags: ['needexpnhelo'], command: 'EXPN', says: allowed },
  {
    name: 'looks at noexpn before needexpnhelo',
    flags: ['needexpnhelo', 'noexpn'],
    command: 'EXPN',
    introduced: false,
    says: `refuse noexpn ${notAllowed}`,
  },
  { name: 'does not take novrfy for noexpn', flags: ['novrfy'], command: 'EXPN', says: allowed },
  { name: 'allows ETRN without a flag', flags: ['goaway'], command: 'ETRN', says: allowed },
  { name: 'refuses ETRN', flags: ['noetrn'], command: 'ETRN', says: `refuse noetrn ${notAllowed}` },
  { name: 'allows VERB without a flag', flags: ['novrfy'], command: 'VERB', says: allowed },
  { name: 'refuses VERB', flags: ['noverb'], command: 'VERB', says: `refuse noverb ${notAllowed}` },
  { name: 'refuses VERB with noexpn', flags: ['noexpn'], command: 'VERB', says: `refuse noverb ${notAllowed}` },
  { name: 'has no opinion on other commands', flags: ['goaway', 'noetrn'], command: 'HELP', says: allowed },
];

describe('decideCommand', () => {
  for (const { name, flags, command, introduced = true, vrfyReply = 252, says } of cases) {
    it(name, () =>
      assert.equal(told(decideCommand({ flags: expandFlags(flags), vrfyReply }, { command, introduced })), says),
    );
  }
});

const expansions: readonly { readonly words: readonly string[]; readonly flags: readonly PrivacyFlag[] }[] = [
  { words: [], flags: [] },
  { words: ['public'], flags: [] },
  { words: ['noexpn'], flags: ['noexpn', 'noverb'] },
  { words: ['novrfy', 'authwarnings'], flags: ['authwarnings', 'novrfy'] },
  {
    words: ['goaway'],
    flags: ['authwarnings', 'needexpnhelo', 'needmailhelo', 'needvrfyhelo', 'noexpn', 'noverb', 'novrfy'],
  },
  { words: ['restrictmailq', 'noreceipts', 'nonsense'], flags: [] },
];

describe('expandFlags', () => {
  for (const { words, flags } of expansions) {
    it(`sets ${flags.length} flags for "${words}"`, () =>
      assert.deepEqual(privacyFlags.filter((flag) => expandFlags(words)[flag]).sort(), flags));
  }

  it('knows every word of sendmail, and why some do not apply', () => {
    const inSendmail =
      'public needmailhelo needexpnhelo needvrfyhelo noexpn novrfy noetrn noverb authwarnings restrictmailq restrictqrun restrictexpand noreceipts nobodyreturn noactualrecipient goaway';
    assert.deepEqual([...flagWords].sort(), inSendmail.split(' ').sort());
    for (const reason of flagsThatDoNotApply.values()) assert.match(reason, /\S/);
  });
});
