import assert from 'node:assert/strict';
import net from 'node:net';
import { keyPair, listen } from '../../../testkit/fakes/listener';
import { obeyed } from '../../../testkit/obeyed';
import { fc, runs } from '../../../testkit/properties';
import { auditOf, shownResults } from './audit-of';

type Bytes = string | Uint8Array;

/** What a server does: first of all, and then at each piece of what it hears. */
interface Hostility {
  readonly first: (socket: net.Socket) => void;
  readonly reply?: (socket: net.Socket, piece: number) => void;
}

async function withServer<T>(hostility: Hostility, test: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let piece = 0;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', () => {
      hostility.reply?.(socket, piece);
      piece += 1;
    });
    hostility.first(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await test((server.address() as net.AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Again and again until the other side has had enough. */
function endlessly(socket: net.Socket, text: Bytes): void {
  const more = (): void => {
    if (socket.destroyed) return;
    if (socket.write(text)) setImmediate(more);
    else socket.once('drain', more);
  };
  more();
}

function drip(socket: net.Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[at] ?? '');
    at += 1;
  }, 20);
}

interface HostileCase {
  readonly name: string;
  readonly hostility: Hostility;
}

const silence = (): void => {};
const say =
  (text: Bytes) =>
  (socket: net.Socket): void => {
    socket.write(text);
  };
const smtpBanner = say('220 mx.example.org ESMTP\r\n');
const popBanner = say('+OK ready\r\n');

const cases: readonly HostileCase[] = [
  { name: 'says nothing', hostility: { first: silence } },
  { name: 'closes at once', hostility: { first: (socket) => socket.end() } },
  { name: 'resets at once', hostility: { first: (socket) => socket.resetAndDestroy() } },
  { name: 'never ends its banner', hostility: { first: (socket) => endlessly(socket, '220-more\r\n') } },
  { name: 'never ends its first line', hostility: { first: (socket) => endlessly(socket, 'x'.repeat(1000)) } },
  { name: 'drips its banner', hostility: { first: (socket) => drip(socket, '220 mx.example.org ESMTP '.repeat(40)) } },
  { name: 'sends NUL bytes', hostility: { first: say('\0'.repeat(100)) } },
  { name: 'sends binary lines', hostility: { first: say(Uint8Array.from({ length: 256 }, (_, at) => at)) } },
  { name: 'refuses in its banner', hostility: { first: say('554 5.7.1 Go away\r\n') } },
  { name: 'says nothing after a banner', hostility: { first: smtpBanner } },
  { name: 'hangs up at the first command', hostility: { first: smtpBanner, reply: (socket) => socket.destroy() } },
  { name: 'replies to all with 421', hostility: { first: smtpBanner, reply: say('421 4.3.2 Later\r\n') } },
  { name: 'replies to all with 450', hostility: { first: smtpBanner, reply: say('450 4.3.2 Later\r\n') } },
  { name: 'replies without end', hostility: { first: smtpBanner, reply: (socket) => endlessly(socket, '250-x\r\n') } },
  { name: 'replies with a huge line', hostility: { first: smtpBanner, reply: say(`250 ${'y'.repeat(20_000)}\r\n`) } },
  { name: 'says nothing after a POP3 greeting', hostility: { first: popBanner } },
  {
    name: 'never ends a POP3 listing',
    hostility: { first: popBanner, reply: (socket) => endlessly(socket, '+OK\r\n') },
  },
];

const smtpOnly = ['relay-plain', 'relay-routes', 'order-trick', 'local-accepted', 'mail-before-hello', 'certificate'];
const popOnly = ['pop3-plain-login', 'pop3-sasl-clear', 'pop3-rpop', 'pop3-users', 'pop3-certificate'];
const only = [...smtpOnly, ...popOnly];

describe('audit of a hostile server', () => {
  for (const { name, hostility } of cases) {
    it(`ends, and calls nothing safe, when it ${name}`, async () => {
      const began = Date.now();
      const { code, results } = await withServer(hostility, async (port) => {
        const at = `127.0.0.1:${port}`;
        return await auditOf({ host: at, pop3: [at], only, local: ['local.example.org'], timeout: 25 });
      });
      const told = results.filter(({ verdict }) => verdict !== 'unknown');
      // A POP3 client that is told +OK to everything, or an SMTP one 450, has been told something by some checks.
      assert.deepEqual(shownResults(told, ['safe', 'report']), '');
      assert.notEqual(code, 0);
      assert.ok(Date.now() - began < 15_000);
    });
  }

  it('takes silence after STARTTLS for no answer to any question about it', async () => {
    const hostility: Hostility = {
      first: smtpBanner,
      reply: (socket, piece) => {
        if (piece === 0) socket.write('250-mx\r\n250 STARTTLS\r\n');
        else if (piece === 1) socket.write('220 Go on\r\n');
      },
    };
    const asked = ['starttls-downgrade', 'starttls-injection', 'tls-versions'];
    const { ids } = await withServer(hostility, async (port) =>
      auditOf({ host: `127.0.0.1:${port}`, only: asked, timeout: 300 }),
    );
    assert.deepEqual(ids.safe, []);
    assert.deepEqual([...new Set(ids.unknown)].sort(), asked);
  });

  it('survives a handshake that fails in every way', async () => {
    const bytes: readonly Bytes[] = ['', 'not TLS\r\n', Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40), '\0'.repeat(50)];
    for (const answer of bytes) {
      let secured = false;
      const hostility: Hostility = {
        first: smtpBanner,
        reply: (socket, piece) => {
          if (piece === 0) socket.write('250-mx\r\n250 STARTTLS\r\n');
          else if (piece === 1) socket.write('220 Go on\r\n');
          else {
            secured = true;
            socket.end(answer);
          }
        },
      };
      const { ids, results } = await withServer(hostility, async (port) =>
        auditOf({
          host: `127.0.0.1:${port}`,
          only: ['certificate', 'starttls-injection', 'tls-versions'],
          timeout: 300,
        }),
      );
      assert.ok(secured);
      assert.deepEqual(ids.unsafe, []);
      assert.ok(ids.unknown.includes('certificate'), shownResults(results, ['safe', 'report']));
      assert.ok(ids.unknown.includes('starttls-injection'), shownResults(results, ['safe', 'report']));
    }
  });

  /** ESC, BEL, TAB and CSI, which is one byte of C1, around the text. */
  const noisy = (text: string) => Buffer.from(`\x1b]0;owned\x07\t\x9b31m${text}\x9b\x1b[2J`, 'latin1');
  const reply = (code: string, text: string) => Buffer.concat([Buffer.from(code), noisy(text), Buffer.from('\r\n')]);
  const hostileSmtp = () => ({
    open: (line: { write(text: Buffer): void }) => line.write(reply('220 ', 'mx ESMTP')),
    heard: (text: string, line: { write(text: Buffer): void; secure(): void }) => {
      if (text.startsWith('EHLO')) line.write(Buffer.concat([reply('250-', 'mx'), Buffer.from('250 STARTTLS\r\n')]));
      else line.write(reply(text.startsWith('QUIT') ? '221 ' : '220 ', text));
      if (text === 'STARTTLS') line.secure();
    },
  });
  const hostilePop = () => ({
    open: (line: { write(text: Buffer): void }) => line.write(reply('+OK ', 'ready')),
    heard: (text: string, line: { write(text: Buffer): void }) => line.write(reply('-ERR ', text)),
  });

  for (const format of ['table', 'json', 'tap', 'junit'] as const) {
    it(`shows as ${format} what it says in its banner, its replies and its certificate, and lets none of it act`, async () => {
      const servers = [
        await listen(hostileSmtp, { keys: keyPair('test-hostile') }),
        await listen(hostilePop, { keys: keyPair('test-hostile') }),
      ];
      try {
        const [smtp, pop] = servers.map(({ port }) => `127.0.0.1:${port}`);
        const audit = { host: smtp, pop3: [pop ?? ''], transcript: true, json: false, format, timeout: 1000 };
        const asked = [
          'certificate',
          'banner-version',
          'mail-before-hello',
          'tls-versions',
          'hello-junk',
          'pop3-plain-login',
        ];
        const { out } = await auditOf({ ...audit, only: asked, name: 'mx.example.org' });
        assert.doesNotMatch(out, obeyed);
        // In a table the text is wrapped.
        assert.match(out.replaceAll(/[\s│]+/g, ''), /CN=\\+u001b\]0;owned\\+u0007\\+t\\+u009b31m\\+u202e\.example/);
        assert.match(out, /220 \\+u001b\]0;owned\\+u0007\\+t\\+u009b31mmx ESMTP\\+u009b\\+u001b\[2J/);
        if (format === 'json') {
          const { results } = JSON.parse(out) as { results: readonly { observed: string }[] };
          assert.ok(results.some(({ observed }) => observed.includes('CN=\x1b]0;owned\x07\t\x9b31m\u202e.example')));
        }
      } finally {
        for (const server of servers) await server.stop();
      }
    });
  }

  it('survives whatever it says, and prints nothing that a terminal or a parser would obey', async () => {
    const reply = fc
      .tuple(fc.constantFrom(200, 220, 221, 250, 252, 334, 354, 421, 450, 500, 530, 550, 999), fc.string())
      .map(([code, text]) => `${code} ${text}\r\n`);
    const many = fc.array(fc.constantFrom('250-a', '250-STARTTLS', '250 b', '+OK', '-ERR x', '.', '+ '), {
      maxLength: 6,
    });
    const piece: fc.Arbitrary<Bytes> = fc.oneof(
      { weight: 5, arbitrary: reply },
      { weight: 2, arbitrary: many.map((lines) => lines.map((line) => `${line}\r\n`).join('')) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
      { weight: 1, arbitrary: fc.constantFrom('\x1b]0;owned\x07', ']]>', '\0\0', '220\r', '250 \n', 'x'.repeat(9000)) },
    );
    const script = fc.record({
      banner: fc.oneof(piece, fc.constantFrom('220 mx.example.org ESMTP\r\n', '+OK <1.2@x>\r\n')),
      replies: fc.array(piece, { minLength: 1, maxLength: 12 }),
      closesAfter: fc.integer({ min: 0, max: 40 }),
      format: fc.constantFrom('table' as const, 'json' as const, 'tap' as const, 'junit' as const),
    });
    await fc.assert(
      fc.asyncProperty(script, async ({ banner, replies, closesAfter, format }) => {
        const hostility: Hostility = {
          first: say(banner),
          reply: (socket, at) => {
            if (at >= closesAfter) socket.end();
            else socket.write(replies[at % replies.length] ?? '');
          },
        };
        const { code, out } = await withServer(hostility, async (port) => {
          const at = `127.0.0.1:${port}`;
          return await auditOf({ host: at, pop3: [at], only, timeout: 10, json: false, format, transcript: true });
        });
        assert.ok([0, 1, 2].includes(code));
        assert.doesNotMatch(out, obeyed);
        if (format === 'json') assert.equal(typeof JSON.parse(out).verdict, 'string');
        if (format === 'junit') assert.doesNotMatch(out.replaceAll(/<\/?[a-z?-][^<>]*>/g, ''), /[<>]/);
      }),
      { seed: 20261124, numRuns: runs(60) },
    );
  }).timeout(120_000);
});
