import assert from 'node:assert/strict';
import { forEachLine, type Line } from '../../core/lines';

describe('forEachLine', () => {
  it('tells where each entry stands, and how its comment follows', () => {
    const lines: Line[] = [];
    forEachLine(
      '\ufeffa.example # one\n\n \t b.example\t#two#2\r\nc.example#3\n#4\nd.example\r\n  \ne.example',
      (line) => lines.push(line),
    );
    assert.deepEqual(lines, [
      { number: 1, text: 'a.example', column: 1, comment: '# one', glued: false },
      { number: 3, text: 'b.example', column: 4, comment: '#two#2\r', glued: false },
      { number: 4, text: 'c.example', column: 1, comment: '#3', glued: true },
      { number: 6, text: 'd.example', column: 1, comment: '', glued: false },
      { number: 8, text: 'e.example', column: 1, comment: '', glued: false },
    ]);
  });

  it('lets its caller rest after every 4096 lines, comments included', () => {
    const restedAfter: number[] = [];
    let entries = 0;
    forEachLine(
      '# comment\na.example\n'.repeat(5000),
      () => entries++,
      () => restedAfter.push(entries),
    );
    assert.deepEqual(restedAfter, [2048, 4096]);
  });
});
