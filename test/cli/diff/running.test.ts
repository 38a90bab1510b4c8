/** `running` where what answers at the socket is no server of this version. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';

const bodies: readonly (readonly [what: string, status: number, body: string, message: RegExp])[] = [
  [
    'another version',
    200,
    '{"suite":"0.0.1","written":[]}\n',
    /the server runs smtpcheck 0\.0\.1, and this is .*: restart/,
  ],
  ['something else', 200, 'hello', /the server runs smtpcheck in another version/],
  ['a version without the path', 404, '{"error":"not found"}\n', /answers 404/],
];

describe('smtpcheck diff running', () => {
  for (const [what, status, body, message] of bodies) {
    it(`compares nothing where ${what} answers`, async () => {
      const folder = makeFolder({ 'config/plugins': 'smtpcheck\n' });
      const server = createServer((_, response) => response.writeHead(status).end(body));
      await new Promise<void>((resolve) => server.listen(folder.file('smtpcheck.sock'), resolve));
      try {
        const { code, stdout, stderr } = await smtpcheck(['diff', 'running', '-c', folder.path]);
        assert.deepEqual([code, stdout], [2, '']);
        assert.match(stderr, message);
      } finally {
        server.close();
      }
    });
  }
});
