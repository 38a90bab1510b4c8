import assert from 'node:assert/strict';
import { withPlugin } from '../../../src/cli/init/plugins-file';

const cases: readonly {
  readonly name: string;
  readonly text: string;
  readonly after: string;
  readonly line: number;
}[] = [
  {
    name: 'before the first plugin, below the comments over it',
    text: '# all\n\n# tls\n# MAIL\nmail_from.is_resolvable\nqueue/lmtp\n',
    after: '# all\n\n# tls\n# MAIL\nsmtpcheck\nmail_from.is_resolvable\nqueue/lmtp\n',
    line: 5,
  },
  { name: 'first where the first line is a plugin', text: 'tls\n', after: 'smtpcheck\ntls\n', line: 1 },
  { name: 'with CRLF where the file has it', text: '; x\r\ntls\r\n', after: '; x\r\nsmtpcheck\r\ntls\r\n', line: 2 },
  { name: 'before a plugin without a last newline', text: '# x\ntls', after: '# x\nsmtpcheck\ntls', line: 2 },
  { name: 'on a line of its own behind a comment without newline', text: '# x', after: '# x\nsmtpcheck\n', line: 2 },
  { name: 'likewise with CRLF', text: '# w\r\n# x', after: '# w\r\n# x\r\nsmtpcheck\r\n', line: 3 },
  { name: 'into an empty file', text: '', after: 'smtpcheck\n', line: 1 },
  { name: 'behind comments alone', text: '# x\n\n', after: '# x\n\nsmtpcheck\n', line: 3 },
  { name: 'behind a byte order mark', text: '\ufefftls\n', after: '\ufeffsmtpcheck\ntls\n', line: 1 },
  {
    name: 'behind the octets of one',
    text: '\xef\xbb\xbf# x\ntls\n',
    after: '\xef\xbb\xbf# x\nsmtpcheck\ntls\n',
    line: 2,
  },
  { name: 'before an indented plugin', text: '  # x\n  tls\n', after: '  # x\nsmtpcheck\n  tls\n', line: 2 },
];

describe('withPlugin puts the line', () => {
  for (const { name, text, after, line } of cases) {
    it(name, () => assert.deepEqual(withPlugin(text, 'smtpcheck'), { text: after, line }));
  }
});
