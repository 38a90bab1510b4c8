import assert from 'node:assert/strict';
import { defer, formatReply, pass, permit, refuse, reply } from '../../src/policy/decision';

const at = { file: 'localip', line: 7 };
const no = reply(550, '5.7.1', 'No');

describe('a decision', () => {
  it('names the line that made it, where there is one, and has no place for it elsewhere', () => {
    assert.deepEqual(
      [permit('rule', at), refuse('rule', no, at), defer('rule', no, at), pass('rule', at)],
      [
        { outcome: 'permit', rule: 'rule', at },
        { outcome: 'refuse', rule: 'rule', reply: no, at },
        { outcome: 'defer', rule: 'rule', reply: no, at },
        { outcome: 'pass', rule: 'rule', at },
      ],
    );
    assert.deepEqual(
      [permit('rule'), refuse('rule', no), defer('rule', no), pass('rule')],
      [
        { outcome: 'permit', rule: 'rule' },
        { outcome: 'refuse', rule: 'rule', reply: no },
        { outcome: 'defer', rule: 'rule', reply: no },
        { outcome: 'pass', rule: 'rule' },
      ],
    );
  });
});

describe('reply', () => {
  it('takes the enhanced code apart, and is printed as the client reads it', () => {
    const later = reply(451, '4.10.213', 'Come again');
    assert.deepEqual(later, { code: 451, enhanced: [4, 10, 213], text: 'Come again' });
    assert.equal(formatReply(later), '451 4.10.213 Come again');
  });
});
