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

  it('takes a ; for the start of a comment at the start of a line and after a blank, and nowhere else', () => {
    const lines: unknown[] = [];
    forEachLine(
      '\ufeff; one\n192.0.2.0/24 ; SBL1\r\na.example\t;two # three\nb;c ;d;e\nf.example;\n \t; g\nh.example # i ; j\nk;\r\n;\n;l\rm.example\nn.example ; o\rp.example',
      ({ number, text, column, comment, glued }) => lines.push({ number, text, column, comment, glued }),
    );
    assert.deepEqual(lines, [
      { number: 2, text: '192.0.2.0/24', column: 1, comment: '; SBL1', glued: false },
      { number: 3, text: 'a.example', column: 1, comment: ';two # three', glued: false },
      { number: 4, text: 'b;c', column: 1, comment: ';d;e', glued: false },
      { number: 5, text: 'f.example;', column: 1, comment: '', glued: false },
      { number: 7, text: 'h.example', column: 1, comment: '# i ; j', glued: false },
      { number: 8, text: 'k;', column: 1, comment: '', glued: false },
      { number: 10, text: ';l\rm.example', column: 1, comment: '', glued: false },
      { number: 11, text: 'n.example ; o\rp.example', column: 1, comment: '', glued: false },
    ]);
  });

  it('gives back what a ; has cut off, up to a #', () => {
    const lines: unknown[] = [];
    forEachLine('a b ; c  # d\ne ; f ', (line) => {
      assert.ok(line.hasSemicolonComment);
      line.takeSemicolon();
      assert.ok(!line.hasSemicolonComment);
      lines.push([line.text, line.comment]);
    });
    assert.deepEqual(lines, [
      ['a b ; c', '# d'],
      ['e ; f', ''],
    ]);
  });

  it('has lines that are a text of their own', () => {
    const { number, text, column, comment, glued } = Line.of('a.example');
    assert.deepEqual({ number, text, column, comment, glued }, lineAlone);
  });
});

const lineAlone = { number: 1, text: 'a.example', column: 1, comment: '', glued: false };
