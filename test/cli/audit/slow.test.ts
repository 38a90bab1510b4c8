/** Servers that keep an audit waiting: `--timeout` is for a whole reply, however slowly its lines or bytes arrive. */
import assert from 'node:assert/strict';
import { type FakeServer, type Line, listen, type Script } from '../../../testkit/fakes/listener';
import { popScript } from '../../../testkit/fakes/pop3';
import { smtpScript } from '../../../testkit/fakes/smtp';
import { auditOf, shownResults } from './audit-of';

const timeout = 300;
const intervalMs = 50;

/** Sends the same text until the connection ends. */
function repeatedly(line: Line, text: string): void {
  let open = true;
  line.closed(() => {
    open = false;
  });
  const next = (): void => {
    if (!open) return;
    line.write(text);
    setTimeout(next, intervalMs);
  };
  next();
}

/** A sound server, except that it never completes the reply to one command; `''` is its greeting. */
function slowAt(sound: () => Script, command: string, text: string) {
  return (): Script => {
    const script = sound();
    return {
      open: (line) => (command === '' ? repeatedly(line, text) : script.open(line)),
      heard: (heard, line, ending) =>
        command !== '' && heard.startsWith(command) ? repeatedly(line, text) : script.heard(heard, line, ending),
    };
  };
}

const smtp = smtpScript({});
const pop = popScript({});

interface SlowCase {
  readonly name: string;
  readonly script: () => Script;
  readonly protocol: 'smtp' | 'pop3';
  readonly unknown: readonly string[];
  /** Asked as well, and answered. */
  readonly safe: readonly string[];
  readonly canary?: string;
}

const cases: readonly SlowCase[] = [
  {
    name: 'a line of its greeting at a time',
    script: slowAt(smtp, '', '220-x\r\n'),
    protocol: 'smtp',
    unknown: ['relay-plain', 'mail-before-hello'],
    safe: [],
  },
  {
    name: 'a byte of its greeting at a time',
    script: slowAt(smtp, '', '2'),
    protocol: 'smtp',
    unknown: ['relay-plain', 'mail-before-hello'],
    safe: [],
  },
  {
    name: 'a line of the reply to EHLO at a time',
    script: slowAt(smtp, 'EHLO', '250-x\r\n'),
    protocol: 'smtp',
    unknown: ['relay-plain'],
    safe: ['mail-before-hello'],
  },
  {
    name: 'a line of the reply to VRFY at a time',
    script: slowAt(smtp, 'VRFY', '252-x\r\n'),
    protocol: 'smtp',
    unknown: ['vrfy-users'],
    safe: ['relay-plain', 'mail-before-hello'],
  },
  {
    name: 'a byte of the reply to VRFY at a time',
    script: slowAt(smtp, 'VRFY', 'x'),
    protocol: 'smtp',
    unknown: ['vrfy-users'],
    safe: ['relay-plain', 'mail-before-hello'],
  },
  {
    name: 'a line of the reply after DATA at a time',
    script: slowAt(smtp, '.', '250-x\r\n'),
    protocol: 'smtp',
    unknown: ['canary'],
    safe: ['relay-plain', 'mail-before-hello'],
    canary: 'user@local.example.org',
  },
  {
    name: 'a line of the reply to CAPA at a time',
    script: slowAt(pop, 'CAPA', '+OK\r\n'),
    protocol: 'pop3',
    unknown: ['pop3-plain-login'],
    safe: ['pop3-rpop'],
  },
  {
    name: 'a byte of its POP3 greeting at a time',
    script: slowAt(pop, '', '+'),
    protocol: 'pop3',
    unknown: ['pop3-plain-login', 'pop3-rpop'],
    safe: [],
  },
];

describe('audit of a server that sends for ever', () => {
  const servers: FakeServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  for (const { name, script, protocol, unknown, safe, canary } of cases) {
    it(`ends with 2, the other checks answered, where it sends ${name}`, async () => {
      const server = await listen(script);
      servers.push(server);
      const at = `127.0.0.1:${server.port}`;
      const began = Date.now();
      const { code, ids, results } = await auditOf({
        ...(protocol === 'smtp' ? { host: at } : { pop3: [at] }),
        tls: false,
        timeout,
        only: [...unknown, ...safe],
        deliverCanary: canary,
      });
      const shown = shownResults(results, ['safe', 'unsafe', 'report', 'unknown']);
      assert.deepEqual([...ids.unknown].sort(), [...unknown].sort(), shown);
      assert.deepEqual([...ids.safe].sort(), [...safe].sort(), shown);
      assert.match(shownResults(results, ['unknown']), new RegExp(`no complete reply within ${timeout} ms`));
      assert.equal(code, 2);
      assert.ok(Date.now() - began < 8_000);
    });
  }
});
