/** Who may read the status, and what a client that does not behave can do to it and to mail. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { ask, socketOf, statusOf } from '../../../testkit/live/status-client';
import { askFor, eventually } from '../../../testkit/live/talk';

const url = '/smtpcheck/status.json';
const token = 'a-token-of-the-test';
const basic = (password: string) => `Basic ${btoa(`anybody:${password}`)}`;
const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });

describe('access to the status', () => {
  let haraka: RunningHaraka;
  let port: number;
  const held: net.Socket[] = [];

  before(async () => {
    port = await freePort();
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: {
        host_list: 'local.example',
        'smtpcheck.ini': `[status]\nlisten=127.0.0.1:${port}\n`,
        token: `${token}\n`,
      },
    });
    await eventually(
      (status) => status === 200,
      async () => (await ask({ port }, url).catch(() => undefined))?.status,
    );
  });
  afterEach(() => {
    for (const socket of held.splice(0)) socket.destroy();
  });
  after(() => haraka?.stop());

  async function mailIsServed(): Promise<void> {
    assert.match(await askFor(haraka, 'a@local.example'), /^250 /);
    assert.match(await askFor(haraka, 'a@victim.example'), /^550 /);
  }

  /** A connection that the test keeps, and a promise of its end. */
  function hold(text = ''): { socket: net.Socket; closed: Promise<string> } {
    const socket = net.connect(port, '127.0.0.1');
    held.push(socket);
    let said = '';
    socket.on('data', (data) => {
      said += String(data);
    });
    socket.on('error', () => {});
    const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(said)));
    socket.write(text);
    return { socket, closed };
  }

  for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '192.0.2.1']) {
    it(`is denied on loopback to a browser that was led there by the name ${JSON.stringify(host)}`, async () => {
      const reply = await ask({ port, headers: { host } }, url);
      assert.deepEqual([reply.status, reply.body], [403, '']);
    });
  }

  for (const host of ['localhost', 'localhost:9904', '127.0.0.1', '127.1.2.3:9904', '[::1]', '[::1]:9904']) {
    it(`is given on loopback by the name ${host}`, async () => {
      assert.equal((await ask({ port, headers: { host } }, url)).status, 200);
    });
  }

  it('ends for a client that is slow, that says too much, or that brings a body', async () => {
    const slow = hold('GET /smtpcheck/status.json HTTP/1.1\r\nHost: local');
    const silent = hold();
    const long = hold(`GET /smtpcheck/status.json?a=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const binary = hold('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n');
    assert.equal(await long.closed, '');
    assert.equal(await binary.closed, '');
    const body = hold('GET /smtpcheck/status.json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\nabc');
    assert.match(await body.closed, /^HTTP\/1\.1 413 /);
    await Promise.all([slow.closed, silent.closed]);
    await mailIsServed();
  });

  it('ends for a client that goes on sending its request byte by byte', async () => {
    const { socket, closed } = hold('GET /smtpcheck/status.json HTTP/1.1\r\nX: ');
    const timer = setInterval(() => socket.write('x'), 200);
    const start = performance.now();
    try {
      assert.doesNotMatch(await closed, /200 OK/);
    } finally {
      clearInterval(timer);
    }
    assert.ok(performance.now() - start < 15_000);
    await mailIsServed();
  });

  it('costs mail nothing while 200 connections are idle, and comes back when they have timed out', async () => {
    for (let i = 0; i < 200; i++) hold();
    await mailIsServed();
    assert.equal((await statusOf(haraka)).version, 1);
    await eventually(
      (status) => status === 200,
      async () => (await ask({ port }, url).catch(() => undefined))?.status,
    );
  });

  it('needs the token where there is one, on loopback too, and another once the file has changed', async () => {
    haraka.write('smtpcheck.ini', `[status]\nlisten=0.0.0.0:${port}\ntoken_file=token\n`);
    const with_ = (shown: string) => ask({ port, ...bearer(shown) }, url).catch(() => undefined);
    await eventually(
      (reply) => reply?.status === 401,
      () => ask({ port }, url).catch(() => undefined),
    );
    for (const wrong of ['', 'another', `${token}x`, token.toUpperCase()]) {
      const reply = await with_(wrong);
      assert.deepEqual([reply?.status, reply?.body], [401, ''], wrong);
    }
    for (const authorization of [
      `Basic ${token}`,
      token,
      basic('another'),
      basic(''),
      `Basic ${btoa(token)}`,
      'Basic !',
    ]) {
      assert.equal((await ask({ port, headers: { authorization } }, url)).status, 401, authorization);
    }
    // A browser asks its user, who may call himself anything.
    const page = await ask({ port }, '/smtpcheck/');
    assert.deepEqual([page.status, page.body], [401, '']);
    assert.match(String(page.headers['www-authenticate']), /^Bearer, Basic realm="smtpcheck"/);
    const answers = ['/smtpcheck/', '/smtpcheck/page.js', url].map((path) =>
      ask({ port, headers: { authorization: basic(token) } }, path),
    );
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal((await ask({ port, headers: { ...bearer(token).headers, host: 'mx.example' } }, url)).status, 200);
    haraka.write('token', 'the-next-token\n');
    assert.deepEqual([(await with_(token))?.status, (await with_('the-next-token'))?.status], [401, 200]);
    haraka.remove('token');
    assert.equal((await with_('the-next-token'))?.status, 401);
    // The socket is protected by its mode.
    assert.equal((await ask(socketOf(haraka), url)).status, 200);
  });

  it('beyond loopback is no setting without a token', async () => {
    haraka.clearLog();
    haraka.write('smtpcheck.ini', `[status]\nlisten=0.0.0.0:${port}\n`);
    await haraka.waitForLog('smtpcheck.ini:2: status-token-missing: 0.0.0.0:');
    assert.equal((await ask({ port }, url)).status, 401);
  });
});

describe('a status server that cannot listen', () => {
  it('says so once, and all else goes on: a port in use, a socket in no folder', async () => {
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as net.AddressInfo;
    const haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: {
        host_list: 'local.example',
        'smtpcheck.ini': `[status]\nlisten=127.0.0.1:${port}\nsocket=/nowhere/at/all.sock\n`,
      },
    });
    try {
      const inUse = `the status server cannot listen on 127.0.0.1:${port}: listen EADDRINUSE`;
      const noSocket = /\[WARN\].*\/nowhere\/at\/all\.sock cannot be made: .*; set \[status\] socket to a path/;
      await haraka.waitForLog(inUse);
      await haraka.waitForLog(noSocket);
      assert.match(await askFor(haraka, 'a@local.example'), /^250 /);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      assert.equal(haraka.log().split(inUse).length, 2);
      assert.equal(haraka.log().split('all.sock cannot be made').length, 2);
      await new Promise((resolve) => other.close(resolve));
      await haraka.waitForLog(`the status server listens on 127.0.0.1:${port}`);
      assert.equal((await ask({ port }, url)).status, 200);
    } finally {
      await haraka.stop();
      other.close();
    }
  });

  it('does not start without a token beyond loopback', async () => {
    const files = { 'smtpcheck.ini': '[status]\nlisten=0.0.0.0:9904\n' };
    const { code, output } = await startHaraka({ plugins: ['smtpcheck'], files, expectExit: true });
    assert.notEqual(code, 0);
    assert.match(output, /smtpcheck\.ini:2: status-token-missing: 0\.0\.0\.0:9904 can be reached/);
  });

  it('takes over the socket of a server that was killed, and no file and no socket in use', async () => {
    const options = { plugins: ['smtpcheck'], files: {} };
    const first = await startHaraka(options);
    const socket = path.join(first.directory, 'smtpcheck.sock');
    await eventually(
      (there) => there,
      async () => fs.existsSync(socket),
    );
    const file = path.join(first.directory, 'a-file');
    fs.writeFileSync(file, 'kept');
    const abandoned = path.join(first.directory, 'abandoned.sock');
    await abandon(abandoned);
    try {
      for (const [place, says] of [
        [socket, 'cannot be made'],
        [file, 'cannot be made'],
      ] as const) {
        const second = await startHaraka({ ...options, files: { 'smtpcheck.ini': `[status]\nsocket=${place}\n` } });
        await second.waitForLog(says).finally(() => second.stop());
      }
      assert.equal(fs.readFileSync(file, 'utf8'), 'kept');
      assert.equal((await statusOf(first)).version, 1);
      first.write('smtpcheck.ini', `[status]\nsocket=${abandoned}\n`);
      await eventually(
        (status) => status === 200,
        async () => (await ask({ socketPath: abandoned }, url).catch(() => undefined))?.status,
      );
    } finally {
      await first.stop();
    }
  });
});

/** A socket that nobody listens on any more. */
async function abandon(place: string): Promise<void> {
  const kept = `${place}.kept`;
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(place, resolve));
  fs.linkSync(place, kept);
  await new Promise((resolve) => server.close(resolve));
  fs.renameSync(kept, place);
}
