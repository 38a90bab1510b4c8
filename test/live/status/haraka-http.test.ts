/** The status in Haraka's own HTTP server, by express: the same paths, with the figures of all workers. */
import assert from 'node:assert/strict';
import { freePort } from '../../../examples/haraka-directory';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { ask, countIn, type Status, statusOf } from '../../../testkit/live/status-client';
import { askFor, eventually } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const token = 'a-token-of-the-test';

for (const version of versions) {
  for (const nodes of [0, 2]) {
    describe(`the HTTP server of Haraka ${version}, nodes=${nodes}`, () => {
      let haraka: RunningHaraka;
      let port: number;

      before(async () => {
        port = await freePort();
        haraka = await startHaraka({
          version,
          nodes,
          plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
          files: { host_list: 'local.example', 'http.ini': `listen=127.0.0.1:${port}\n`, token },
        });
        const served = async () => (await ask({ port }, '/smtpcheck/status.json').catch(() => undefined))?.status;
        await eventually((status) => status === 200, served);
      });
      after(() => haraka?.stop());

      it('shows the figures of the whole server', async () => {
        for (let i = 0; i < 6; i++) await askFor(haraka, 'user@victim.example');
        const refused = async () => countIn(await statusOf(haraka), 'refuse', 'relay-denied');
        assert.equal(await eventually((count) => count >= 6, refused), 6);
        // Whichever worker is asked.
        for (let i = 0; i < 4; i++) {
          const { status, body } = await ask({ port }, '/smtpcheck/status.json');
          assert.equal(status, 200);
          assert.equal(countIn(JSON.parse(body) as Status, 'refuse', 'relay-denied'), 6);
        }
        assert.equal(
          (await ask({ port }, '/smtpcheck/explain.json?ip=192.0.2.9&ptr=a.example&to=b@c.example')).status,
          200,
        );
        assert.match((await ask({ port }, '/smtpcheck/metrics')).body, /^haraka_smtpcheck_decisions_total\{/m);
      });

      it('has the page', async () => {
        for (const name of ['', 'page.js', 'page.css', 'uplot.js', 'history.json', 'unmatched.json']) {
          assert.equal((await ask({ port }, `/smtpcheck/${name}`)).status, 200, name);
        }
        const moved = await ask({ port }, '/smtpcheck');
        assert.deepEqual([moved.status, moved.headers.location], [308, '/smtpcheck/']);
        const { headers } = await ask({ port }, '/smtpcheck/');
        assert.match(String(headers['content-security-policy']), /^default-src 'none'; script-src 'self';/);
      });

      it('has the same rules of access', async () => {
        const url = '/smtpcheck/status.json';
        assert.equal((await ask({ port, headers: { host: 'evil.example' } }, url)).status, 403);
        assert.equal((await ask({ port, method: 'POST' }, url)).status, 405);
        assert.equal((await ask({ port }, '/smtpcheck/nothing')).status, 404);
        assert.equal((await ask({ port }, '/smtpcheck/policy')).status, 404);
        assert.equal((await ask({ port }, '/smtpcheck/decisions.json?a=b')).status, 400);
        haraka.write('smtpcheck.ini', '[status]\ntoken_file=token\n');
        await eventually(
          (statuses) => statuses.every((status) => status === 401),
          () => Promise.all([1, 2, 3, 4].map(async () => (await ask({ port }, url)).status)),
        );
        const headers = { authorization: `Bearer ${token}` };
        assert.equal((await ask({ port, headers }, url)).status, 200);
        assert.doesNotMatch(haraka.log(), /smtpcheck fault|status server failed/);
      });
    });
  }
}
