/** The status of a single process, asked while it serves mail. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { session } from '../../../testkit/live/smtp-client';
import {
  ask,
  countIn,
  type Decisions,
  type History,
  refusedInHistory,
  socketOf,
  statusJson,
  statusOf,
  unmatchedIn,
} from '../../../testkit/live/status-client';
import { askFor, eventually, load, stranger } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const trusted = '127.9.0.1';
const outside = 'user@victim.example';

for (const version of versions) {
  describe(`the status of a single Haraka ${version}`, () => {
    let haraka: RunningHaraka;

    before(async () => {
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
        files: { host_list: 'local.example', localip: '127.9  # the lab\n127.8\n' },
      });
    });
    after(() => haraka?.stop());

    it('counts each decision once, by rule, as the client was answered', async () => {
      const before = await statusOf(haraka);
      for (let i = 0; i < 3; i++) assert.match(await askFor(haraka, outside), /^550 5\.7\.1 /);
      assert.match(await askFor(haraka, outside, { from: trusted }), /^250 /);
      const after = await statusOf(haraka);
      assert.equal(countIn(after, 'refuse', 'relay-denied') - countIn(before, 'refuse', 'relay-denied'), 3);
      assert.equal(countIn(after, 'refuse') - countIn(before, 'refuse'), 3);
      assert.ok(countIn(after, 'permit', 'client-network') > countIn(before, 'permit', 'client-network'));
      assert.deepEqual(after.faults, {});
    });

    it('shows the entries that have matched, by text, across an edit of the list', async () => {
      await askFor(haraka, outside, { from: trusted });
      const entryOf = async () =>
        (await statusOf(haraka)).entries.matched.find(({ list, text }) => list === 'local_ip' && text?.includes('lab'));
      const before = await entryOf();
      assert.deepEqual([before?.line, before?.text], [1, '127.9  # the lab']);
      await load(haraka, 'localip', '# first\n127.8\n127.9  # the lab\n');
      await askFor(haraka, outside, { from: trusted });
      const after = await entryOf();
      assert.equal(after?.line, 3);
      assert.ok((after?.matches ?? 0) > (before?.matches ?? 0));
    });

    it('shows a list that is rejected with its finding, and no longer once it is repaired', async () => {
      const list = async () => (await statusOf(haraka)).lists.find((one) => one.list === 'hosts');
      haraka.write('host.deny', '192.0.2.1\n192.0.2.0/99\n');
      const rejected = await eventually((one) => Boolean(one?.rejected), list);
      assert.deepEqual([rejected?.rejected?.findings.map(({ code }) => code)], [['prefix-length']]);
      await load(haraka, 'host.deny', '192.0.2.1\n');
      const repaired = await eventually((one) => one?.rejected === null, list);
      assert.deepEqual([repaired?.state, repaired?.entries, repaired?.source], ['loaded', 1, 'host.deny']);
      assert.ok(((await statusOf(haraka)).reloads.rejected ?? 0) >= 1);
    });

    it('keeps refusals to be looked at by client, recipient, sender, rule and outcome, and permits on request', async () => {
      await askFor(haraka, 'someone@else.example', { from: '127.66.0.9', mail: 'boss@sender.example' });
      const decisions = async (query: string) =>
        (await statusJson<Decisions>(haraka, `decisions.json?${query}`)).decisions;
      for (const query of [
        'ip=127.66.0.9',
        'rcpt=someone@else.example',
        'rcpt=ELSE.example',
        'from=boss@sender.example',
        'rule=relay-denied&ip=127.66.0.9',
        'outcome=refuse&ip=::ffff:127.66.0.9',
      ]) {
        const [found, ...more] = await decisions(query);
        assert.equal(more.length, 0, query);
        assert.deepEqual(
          [found?.ip, found?.rcpt, found?.reply],
          ['127.66.0.9', '<someone@else.example>', '550 5.7.1 Relaying denied'],
          query,
        );
      }
      for (const query of ['ip=127.66.0.10', 'rcpt=other@else.example', 'rule=novrfy', 'list=hosts', 'outcome=defer']) {
        assert.deepEqual(await decisions(query), [], query);
      }
      const [permitted] = await decisions('outcome=permit&list=local_ip');
      assert.equal(permitted?.rule, 'client-network');
      assert.match(permitted?.entry?.text ?? '', /the lab/);
      assert.ok((await decisions('')).every(({ outcome }) => outcome !== 'permit'));
      const { last } = await statusJson<Decisions>(haraka, 'decisions.json');
      await askFor(haraka, outside);
      assert.deepEqual(
        (await decisions(`after=${last}`)).map(({ rcpt }) => rcpt),
        [`<${outside}>`],
      );
    });

    it('explains an address and a recipient under the policy in force', async () => {
      const replies = async (query: string) => {
        const played = await statusJson<{ steps: { command: string; reply: { code: number } }[] }>(
          haraka,
          `explain.json?${query}`,
        );
        return played.steps.filter(({ command }) => command.startsWith('RCPT')).map(({ reply }) => reply.code);
      };
      const to = `to=${outside}&to=a@local.example`;
      assert.deepEqual(await replies(`ip=${stranger}&ptr=client.example&${to}`), [550, 250]);
      assert.deepEqual(await replies(`ip=${trusted}&ptr=client.example&${to}`), [250, 250]);
      // What is on the disk is not in force while it is faulty.
      haraka.write('localip', '127.9/99\n');
      await eventually(
        (status) => status.lists.some(({ list, rejected }) => list === 'local_ip' && rejected !== null),
        () => statusOf(haraka),
      );
      assert.deepEqual(await replies(`ip=${trusted}&ptr=client.example&${to}`), [250, 250]);
    });

    it('has its figures for Prometheus too, in the format that is asked for', async () => {
      const plain = await ask(socketOf(haraka), '/smtpcheck/metrics');
      assert.match(String(plain.headers['content-type']), /^text\/plain; version=0\.0\.4/);
      const refused = countIn(await statusOf(haraka), 'refuse', 'relay-denied');
      const labels = 'plugin="relay",outcome="refuse",rule="relay-denied",observed="false"';
      assert.ok(plain.body.includes(`haraka_smtpcheck_decisions_total{${labels}} ${refused}\n`));
      const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
      const open = await ask({ ...socketOf(haraka), headers }, '/smtpcheck/metrics');
      assert.match(open.body, /# EOF\n?$/);
      assert.equal((await ask(socketOf(haraka), '/smtpcheck/metrics?name=a')).status, 400);
    });

    it('answers 400 with what would be right to an unknown parameter or value, and 404 and 405 to what it has not', async () => {
      const cases: readonly (readonly [string, number, RegExp])[] = [
        ['status.json?verbose=1', 400, /unknown parameter verbose/],
        ['decisions.json?user=a', 400, /"ip",\s+"rcpt",\s+"from",\s+"rule",\s+"outcome",\s+"list"/],
        ['decisions.json?outcome=refused', 400, /"permit",\s+"refuse",\s+"defer"/],
        ['decisions.json?rule=nothing', 400, /"relay-denied"/],
        ['decisions.json?list=localip', 400, /"local_ip"/],
        ['decisions.json?ip=mx.example', 400, /an IP address/],
        ['decisions.json?after=1&after=2', 400, /too many values/],
        ['explain.json?ip=192.0.2.1', 400, /to is missing/],
        ['explain.json?to=a@b.example', 400, /ip is missing/],
        ['explain.json?ip=192.0.2.1&to=a%0d%0ab', 400, /to has no value/],
        ['nothing.json', 404, /\/smtpcheck\/status\.json/],
        ['toString', 404, /not found/],
      ];
      for (const [url, status, says] of cases) {
        const reply = await ask(socketOf(haraka), `/smtpcheck/${url}`);
        assert.equal(reply.status, status, url);
        assert.match(reply.body, says, url);
      }
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        assert.equal((await ask({ ...socketOf(haraka), method }, '/smtpcheck/status.json')).status, 405, method);
      }
      const head = await ask({ ...socketOf(haraka), method: 'HEAD' }, '/smtpcheck/status.json');
      assert.deepEqual([head.status, head.body], [200, '']);
      assert.equal(head.headers['access-control-allow-origin'], undefined);
      assert.match(String(head.headers['content-security-policy']), /default-src 'none'/);
    });

    it('has in its history what was refused in the last hour, and apart from it what was only observed', async () => {
      const before = await refusedInHistory(haraka);
      for (let i = 0; i < 2; i++) assert.match(await askFor(haraka, outside), /^550 /);
      assert.equal((await refusedInHistory(haraka)) - before, 2);
      await load(haraka, 'smtpcheck.ini', '[main]\nsettle=50ms\npoll=200ms\n[relay]\nmode=observe\n');
      await askFor(haraka, outside);
      await load(haraka, 'smtpcheck.ini', '');
      assert.equal((await refusedInHistory(haraka)) - before, 2);
      const { observed } = await statusJson<History>(haraka, 'history.json');
      assert.equal(
        observed.reduce((sum, count) => sum + count, 0),
        1,
      );
    });

    it('shows the entries that have not matched until they decide, an exclusion of host.deny by letting its client in', async () => {
      await load(haraka, 'host.deny', '127.67\n!127.67.0.1  # ours\n127.68\n');
      const left = () => unmatchedIn(haraka, 'hosts');
      assert.deepEqual(await left(), ['127.67', '!127.67.0.1  # ours', '127.68']);
      assert.match(await askFor(haraka, 'a@local.example', { from: '127.67.0.1' }), /^250 /);
      assert.deepEqual(await left(), ['127.67', '127.68']);
      assert.match(await askFor(haraka, 'a@local.example', { from: '127.67.0.2' }), /^(?:554|closed)/);
      assert.deepEqual(await left(), ['127.68']);
      await load(haraka, 'host.deny', '# nobody\n');
    });

    it('has the page, which loads nothing from elsewhere and runs nothing written into it', async () => {
      const get = (url: string, method = 'GET') => ask({ ...socketOf(haraka), method }, url);
      const page = await get('/smtpcheck/');
      assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8']);
      const policy = String(page.headers['content-security-policy']);
      for (const rule of ["default-src 'none'", "script-src 'self'", "form-action 'none'", "frame-ancestors 'none'"]) {
        assert.ok(policy.split('; ').includes(rule), policy);
      }
      assert.doesNotMatch(page.body, /<script(?![^>]* src=")|<style|\son\w+=|\sstyle=|https?:/);
      const files = [...page.body.matchAll(/(?:src|href)="([\w.]+)"/g)].map(([, name = '']) => name);
      assert.ok(files.length >= 6);
      for (const name of files) {
        const { status, headers } = await get(`/smtpcheck/${name}`);
        assert.equal(status, 200, name);
        const type = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml', json: 'application/json' };
        assert.ok(String(headers['content-type']).startsWith(type[name.split('.')[1] as keyof typeof type]), name);
      }
      const head = await get('/smtpcheck/', 'HEAD');
      assert.deepEqual([head.status, head.body], [200, '']);
      const moved = await get('/smtpcheck');
      assert.deepEqual([moved.status, moved.headers.location], [308, '/smtpcheck/']);
      assert.equal((await get('/smtpcheck/?a=b')).status, 400);
      for (const name of ['page/index.html', '../package.json', '%2e%2e/package.json', 'constructor', 'page.ts']) {
        assert.equal((await get(`/smtpcheck/${name}`)).status, 404, name);
      }
    });

    it('lets nobody but its own user connect to the socket', () => {
      const { mode } = fs.statSync(path.join(haraka.directory, 'smtpcheck.sock'));
      assert.equal(mode & 0o777, 0o600);
    });

    it('keeps hostile names as text', async () => {
      const helo = `<img_src=x_onerror=alert(1)>\u009b\u202e${'x'.repeat(300)}`;
      await session({ port: haraka.port, helo, mail: 'a@sender.example', rcpts: [] });
      const { body } = await ask(socketOf(haraka), '/smtpcheck/decisions.json?rule=hello-malformed');
      assert.match(body, /<img_src=x/);
      assert.doesNotMatch(body, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    });

    it('listens where the settings say after a reload', async () => {
      const port = await freePort();
      haraka.write('smtpcheck.ini', `[status]\nlisten=127.0.0.1:${port}\nsocket=\n`);
      const reply = await eventually(
        ({ status }) => status === 200,
        () => ask({ port }, '/smtpcheck/status.json').catch(() => ({ status: 0, body: '', headers: {} })),
      );
      assert.equal(reply.status, 200);
      assert.ok(!fs.existsSync(path.join(haraka.directory, 'smtpcheck.sock')));
      assert.doesNotMatch(haraka.log(), /smtpcheck fault|status server failed|cannot be collected/);
    });
  });
}
