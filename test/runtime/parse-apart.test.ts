import assert from 'node:assert/strict';
import { once } from 'node:events';
import { promises as fs, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { memoryFor, PolicyList } from '../../core';
import { hashOf, holdFile } from '../../runtime/file-reader';
import { apartFrom, parseContent, type Request, readToParse, startAhead } from '../../runtime/parse-apart';
import { type Parsed, parseBytes } from '../../runtime/parse-bytes';
import { buffersIn } from '../helpers/buffers';
import { makeFolder } from '../helpers/folder';
import { Started } from '../helpers/started';
import { until } from '../helpers/until';

const text = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}\n`).join('');

const task = { name: 'local_ip', file: 'localip' } as const;

function parsed(bytes: Buffer): Promise<Parsed> | Parsed {
  return parseContent({ state: 'read', bytes }, task);
}

describe('a list that is parsed apart', () => {
  it('takes its bytes along without a copy, though their memory is longer than they are', async () => {
    const bytes = Buffer.from(memoryFor(1 << 20), 0, text.length);
    bytes.write(text);
    const result = parsed(bytes);
    assert.equal(bytes.length, 0, 'they are the worker’s now');
    assert.ok((await result).data);
  });

  it('leaves others their part of the memory that its bytes lie in', async () => {
    const shared = Buffer.from(`# not of the list\n${text}`);
    const { data } = await parsed(shared.subarray(shared.length - text.length));
    assert.ok(data);
    assert.match(shared.toString(), /^# not of the list\n10\.0\.0\.0\n/);
  });

  it('is left to a thread that rests', async () => {
    const script = require.resolve('../../runtime/parse-thread');
    const counting = `
      let waits = 0;
      Atomics.wait = () => { waits++; };
      require(${JSON.stringify(script)});
      const { parentPort } = require('node:worker_threads');
      parentPort.on('message', () => parentPort.postMessage(waits));`;
    const thread = new Worker(counting, { eval: true });
    thread.postMessage({ parse: task, bytes: Buffer.from(text) } satisfies Request);
    const [parsed] = await once(thread, 'message');
    assert.ok(parsed.data);
    const [waits] = await once(thread, 'message');
    assert.ok(waits > 0);
    await once(thread, 'exit');
  });

  if (process.platform === 'linux') {
    it('is left to a thread that mail goes before', async () => {
      const result = parsed(Buffer.from(text));
      let isParsed = false;
      const ended = Promise.resolve(result).finally(() => {
        isParsed = true;
      });
      const seen = new Set<number>();
      while (!isParsed) {
        for (const nice of nicenessOfThreads()) seen.add(nice);
        await setImmediate();
      }
      assert.ok((await ended).data);
      const ours = getPriority();
      assert.ok([...seen].some((nice) => nice > ours));
      assert.equal(getPriority(), ours);
    });
  }
});

describe('a large file', () => {
  let started: Started;
  beforeEach(() => {
    started = new Started();
  });
  afterEach(() => started.leave());

  it('is read by the thread that parses it, and takes no memory of this one', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const content = await open(text, readToParse);
    assert.equal(content.state, 'read apart');
    assert.ok(process.memoryUsage().arrayBuffers - before < text.length);
    const { data, hash } = await parseContent(content, task);
    assert.equal(sizeOf(data), 20_000);
    assert.equal(hash, hashOf(Buffer.from(text)));
    assert.equal(started.threads, 1);
  });

  for (const [what, line] of Object.entries({
    'IPv4 networks': (i: number) => `${10 + (i & 1)}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    'IPv6 networks': (i: number) => `2001:db8:${i >> 16}:${(i & 0xffff).toString(16)}::${i % 7}`,
    domains: (i: number) => `mail-${i % 7}.customer-${i}.example`,
  })) {
    it(`comes back as one piece of memory, and says the same as if it were parsed here: ${what}`, async () => {
      const lines = Array.from({ length: 150_000 }, (_, i) => line(i));
      const long = lines.concat(lines.slice(0, 1000)).join('\n');
      const slot = { ...task, name: 'relay_to' } as const;
      const { data } = await parseContent(await open(long, readToParse), slot);
      assert.deepEqual(data, parseBytes(Buffer.from(long), slot).data);
      const large = buffersIn(data).filter((buffer) => buffer.byteLength >= 1 << 20);
      assert.equal(new Set(large).size, 1);
    });
  }

  it('comes back without data where it is known', async () => {
    const known = hashOf(Buffer.from(text));
    const { data, hash } = await parseContent(await open(text, readToParse), { ...task, known });
    assert.deepEqual([data, hash], [undefined, known]);
  });

  it('is read as far as it goes where it has become shorter', async () => {
    const content = await open(text, (file, size) => readToParse(file, 2 * size));
    assert.equal(sizeOf((await parseContent(content, task)).data), 20_000);
  });

  it('is read as it was held, whatever has taken its place', async () => {
    const folder = makeFolder({ list: text, other: '192.0.2.7\n' });
    const held = await holdFile(folder.file('list'), readToParse);
    await fs.rename(folder.file('other'), folder.file('list'));
    const content = await held?.readUnchanged();
    await held?.close();
    assert.ok(content?.state === 'read apart');
    assert.equal(sizeOf((await parseContent(content, task)).data), 20_000);
  });

  it('is unreadable where the thread cannot read it', async () => {
    const folder = await fs.open(makeFolder({}).path);
    await assert.rejects(readToParse(folder, apartFrom), /^Error: EISDIR/);
    await folder.close();
  });

  it('is read where mail is served when its thread dies of something else', async () => {
    const reading = open(text, readToParse);
    await until('a thread has started', () => started.threads === 1);
    await started.last?.terminate();
    const content = await reading;
    assert.equal(content.state, 'read');
    assert.equal(sizeOf((await parseContent(content, task)).data), 20_000);
  });

  it('is forgotten with its thread where nobody wants it parsed', async () => {
    const content = await open(text, (file, size) => readToParse(file, size, 50));
    await until('it has ended', () => started.ended === 1);
    await assert.rejects(async () => parseContent(content, task));
  });

  it('stays where mail is served where it is small', async () => {
    const content = await open('10.0.0.1\n', readToParse);
    assert.equal(content.state, 'read');
    assert.equal(sizeOf((await parseContent(content, task)).data), 1);
    assert.equal(started.threads, 0);
  });

  async function open<C>(content: string, read: (file: fs.FileHandle, size: number) => Promise<C>): Promise<C> {
    const file = await fs.open(makeFolder({ list: content }).file('list'));
    try {
      return await read(file, content.length);
    } finally {
      await file.close();
    }
  }
});

describe('a thread that is started ahead', () => {
  let started: Started;
  beforeEach(() => {
    started = new Started();
  });
  afterEach(() => started.leave());

  it('parses the list that comes, and one list alone', async () => {
    startAhead(apartFrom);
    startAhead(apartFrom);
    await setImmediate();
    assert.equal(started.threads, 1);
    assert.equal(await linesFound(), 20_000);
    assert.equal(started.threads, 1);
    assert.equal(await linesFound(), 20_000);
    assert.equal(started.threads, 2);
    await until('both have ended', () => started.ended === 2);
  });

  it('is none for a list that is parsed where mail is served', async () => {
    startAhead(apartFrom - 1);
    await setImmediate();
    assert.equal(started.threads, 0);
  });

  it('ends where no list comes, and the next list has another', async () => {
    startAhead(apartFrom, 50);
    await until('it has ended', () => started.ended === 1);
    assert.equal(await linesFound(), 20_000);
    assert.equal(started.threads, 2);
  });

  it('is forgotten when it dies, and the next list has another', async () => {
    startAhead(apartFrom);
    await setImmediate();
    await started.last?.terminate();
    assert.equal(await linesFound(), 20_000);
    assert.equal(started.threads, 2);
  });

  async function linesFound(): Promise<number> {
    return sizeOf((await parsed(Buffer.from(text))).data);
  }
});

function sizeOf(data: Parsed['data']): number {
  return data && 'networks4' in data ? new PolicyList(data).size : 0;
}

function nicenessOfThreads(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      // Behind the name, which stands in parentheses, the 17th field (proc(5)).
      const fields = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1').replace(/.*\) /s, '').split(' ');
      return [Number(fields[16])];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
