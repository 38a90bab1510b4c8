import assert from 'node:assert/strict';
import fs, { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { BoundedFileReader, diskReader } from '../../../src/lists/files/bounded-reader';
import { type FileRead, hashOf } from '../../../src/lists/files/file-reader';
import { type Parsed, parseBytes } from '../../../src/lists/parsing/parse-bytes';
import { parseContent, workerThreshold } from '../../../src/lists/parsing/parse-worker-client';
import { PolicyList } from '../../../src/policy/entries/list';
import { memoryFor } from '../../../src/policy/tables/large-memory';
import { buffersIn } from '../../../testkit/buffers';
import { address, now } from '../../../testkit/core';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { Said } from '../../../testkit/said';
import { Started } from '../../../testkit/started';
import { until } from '../../../testkit/until';

const text = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}\n`).join('');

const task = { name: 'local_ip', file: 'localip' } as const;

function parsed(bytes: Buffer): Promise<Parsed> {
  return parseContent(bytes, task);
}

describe('a list that is parsed in a worker', () => {
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

  it('brings the attributes of its entries along', async () => {
    const { data } = await parsed(
      Buffer.from(`${text}192.0.2.0/24\n192.0.2.7 from=dept.example until=2026-01-15T00:00Z\n`),
    );
    assert.ok(data && 'extras' in data);
    const list = new PolicyList(data);
    assert.equal(list.findAddress(address('192.0.2.7'), now - 1)?.scope?.text, 'dept.example');
    assert.equal(list.findAddress(address('192.0.2.7'), now)?.source.line, 20_001);
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

  const reader = new BoundedFileReader(new Said().log, diskReader);

  async function sourceIn(folder: Folder): Promise<FileRead> {
    return { path: folder.file('list'), ...(await reader.stat('list', folder.file('list'))) };
  }

  async function read(content: string, reading: Partial<Parameters<typeof reader.readList>[2]> = {}) {
    const source = await sourceIn(makeFolder({ list: content }));
    const state = await reader.readList('list', source, { ...task, ...reading });
    assert.equal(state?.state, 'parsed');
    return state;
  }

  it('is read by the worker that parses it, and takes no memory of the main thread', async () => {
    const comment = `# ${'-'.repeat(8 << 20)}\n`;
    const before = process.memoryUsage().arrayBuffers;
    const { data, hash } = await read(comment + text);
    assert.ok(process.memoryUsage().arrayBuffers - before < comment.length / 2);
    assert.equal(sizeOf(data), 20_000);
    assert.equal(hash, hashOf(Buffer.from(comment + text)));
    assert.equal(started.threads, 1);
    await until('the worker has ended', () => started.ended === 1);
  });

  for (const [what, line] of Object.entries({
    'IPv4 networks': (i: number) => `${10 + (i & 1)}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    'IPv6 networks': (i: number) => `2001:db8:${i >> 16}:${(i & 0xffff).toString(16)}::${i % 7}`,
    domains: (i: number) => `mail-${i % 7}.customer-${i}.example`,
  })) {
    it(`comes back as one piece of memory, and says the same as if it were parsed here: ${what}`, async () => {
      const lines = Array.from({ length: 150_000 }, (_, i) => line(i));
      const long = lines.concat(lines.slice(0, 1000)).join('\n');
      const { data } = await read(long, { name: 'relay_to' });
      assert.deepEqual(data, parseBytes(Buffer.from(long), { ...task, name: 'relay_to' }).data);
      const large = buffersIn(data).filter((buffer) => buffer.byteLength >= 1 << 20);
      assert.equal(new Set(large).size, 1);
    });
  }

  it('comes back without data where it is known', async () => {
    const known = hashOf(Buffer.from(text));
    const { data, hash } = await read(text, { known });
    assert.deepEqual([data, hash], [undefined, known]);
  });

  it('is not read where it is no longer the expected one', async () => {
    const folder = makeFolder({ list: text, other: `${text}# another\n` });
    const source = await sourceIn(folder);
    fs.renameSync(folder.file('other'), folder.file('list'));
    assert.equal(await reader.readList('list', source, task), undefined);
  });

  it('is read as it was when the wait for it began, whatever takes its place', async () => {
    const folder = makeFolder({ list: text, other: '192.0.2.7\n' });
    const reading = reader.readList('list', { ...(await sourceIn(folder)), unchangedFor: 1000 }, task);
    await until('the worker has the file open', () => openFiles().includes(fs.realpathSync(folder.file('list'))));
    fs.renameSync(folder.file('other'), folder.file('list'));
    const state = await reading;
    assert.equal(state?.state === 'parsed' && sizeOf(state.data), 20_000);
  });

  it('is not read where it is written to during the wait for it', async () => {
    const folder = makeFolder({ list: text });
    const reading = reader.readList('list', { ...(await sourceIn(folder)), unchangedFor: 1000 }, task);
    await until('the worker has the file open', () => openFiles().includes(fs.realpathSync(folder.file('list'))));
    fs.appendFileSync(folder.file('list'), '192.0.2.7\n');
    assert.equal(await reading, undefined);
  });

  it('is unreadable where the worker cannot read it', async () => {
    const folder = makeFolder({ 'list/x': '' });
    const source = { ...(await sourceIn(folder)), size: workerThreshold };
    assert.equal((await reader.readList('list', source, task))?.state, 'unreadable');
  });

  it('is no list where its worker dies, whoever killed it', async () => {
    const reading = read(text);
    await until('a worker has started', () => started.threads === 1);
    await started.last?.terminate();
    await assert.rejects(reading, /thread that parses ended/);
  });

  it('stays in the main thread where it is small', async () => {
    assert.equal(sizeOf((await read('10.0.0.1\n')).data), 1);
    assert.equal(started.threads, 0);
  });
});

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [fs.readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // It has been closed meanwhile.
      return [];
    }
  });
}

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
