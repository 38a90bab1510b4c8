import assert from 'node:assert/strict';
import { forEachLine, Line } from '../../../src/policy/entries/lines';

describe('forEachLine', () => {
  it('tells where each entry stands, and how its comment follows', () => {
    const lines: unknown[] = [];
    forEachLine(
      '\ufeffa.example # one\n\n \t b.example\t#two#2\r\nc.example#3\n#4\nd.example\r\n  \ne.example',
      ({ number, text, column, comment, glued }) => lines.push({ number, text, column, comment, glued }),
    );
    assert.deepEqual(lines, [
      { number: 1, text: 'a.example', column: 1, comment: '# one', glued: false },
      { number: 3, text: 'b.example', column: 4, comment: '#two#2', glued: false },
      { number: 4, text: 'c.example', column: 1, comment: '#3', glued: true },
      { number: 6, text: 'd.example', column: 1, comment: '', glued: false },
      { number: 8, text: 'e.example', column: 1, comment: '', glued: false },
    ]);
  });

  it('takes all of a line for its entry where a character may hide a part of it', () => {
    const lines: unknown[] = [];
    forEachLine(
      'a.example # one\n# two\rb.example\nc.example # three\r\r\n# four\nd.example # five\r',
      ({ number, text, column, comment, glued }) => lines.push({ number, text, column, comment, glued }),
    );
    assert.deepEqual(lines, [
      { number: 1, text: 'a.example', column: 1, comment: '# one', glued: false },
      { number: 2, text: '# two\rb.example', column: 1, comment: '', glued: false },
      { number: 3, text: 'c.example # three\r', column: 1, comment: '', glued: false },
      { number: 5, text: 'd.example # five\r', column: 1, comment: '', glued: false },
    ]);
  });

  it('has lines that are a text of their own', () => {
    const { number, text, column, comment, glued } = Line.of('a.example');
    assert.deepEqual({ number, text, column, comment, glued }, lineAlone);
  });
});

const lineAlone = { number: 1, text: 'a.example', column: 1, comment: '', glued: false };
