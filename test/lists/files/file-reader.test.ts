import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import {
  decodeText,
  type FileState,
  hashOf,
  readFileState,
  readFileStateSync,
  readStableSync,
  statFile,
} from '../../../src/lists/files/file-reader';
import { type Folder, makeFolder } from '../../../testkit/folder';

interface ReadCase {
  readonly name: string;
  /** Prepares `list` in the folder. */
  make(folder: Folder): void;
  readonly state: 'read' | 'missing' | 'unreadable';
  readonly says?: RegExp;
}

const cases: readonly ReadCase[] = [
  { name: 'reads a file', make: (folder) => folder.write('list', 'x\n'), state: 'read' },
  { name: 'reads an empty file', make: (folder) => folder.write('list', ''), state: 'read' },
  {
    name: 'reads what a symbolic link leads to',
    make: (folder) => {
      folder.write('target', 'x\n');
      fs.symlinkSync('target', folder.file('list'));
    },
    state: 'read',
  },
  { name: 'tells of a missing file', make: () => {}, state: 'missing' },
  {
    name: 'takes a link to nowhere for missing',
    make: (folder) => fs.symlinkSync('nowhere', folder.file('list')),
    state: 'missing',
  },
  {
    name: 'reads no directory',
    make: (folder) => fs.mkdirSync(folder.file('list')),
    state: 'unreadable',
    says: /a directory/,
  },
  {
    name: 'does not wait for a FIFO',
    make: (folder) => execFileSync('mkfifo', [folder.file('list')]),
    state: 'unreadable',
    says: /no regular file/,
  },
  {
    name: 'reads no device',
    make: (folder) => fs.symlinkSync('/dev/zero', folder.file('list')),
    state: 'unreadable',
    says: /no regular file/,
  },
  {
    name: 'tells of links in a circle',
    make: (folder) => fs.symlinkSync('list', folder.file('list')),
    state: 'unreadable',
    says: /ELOOP/,
  },
  // A regular file by its type, and no byte of it can be read.
  {
    name: 'tells of a file that fails to be read',
    make: (folder) => fs.symlinkSync('/proc/self/mem', folder.file('list')),
    state: 'unreadable',
    says: /EIO/,
  },
];

describe('readFileState', () => {
  for (const { name, make, state, says } of cases) {
    it(name, async () => {
      const folder = makeFolder();
      make(folder);
      const path = folder.file('list');
      const found = await readFileState(path);
      const atStart = readFileStateSync(path);
      assert.equal(found.state, state);
      assert.equal(atStart.state, state);
      if (found.state === 'unreadable' && says) assert.match(found.reason, says);
      assert.equal(found.fingerprint, (await statFile(path)).fingerprint, 'the fingerprint by which a change is seen');
      assert.equal(atStart.fingerprint, found.fingerprint);
    });
  }
});

describe('what readFileState reads', () => {
  for (const bytes of [0, 1, 65_535, 65_536, 3_000_000]) {
    it(`is the whole file, of ${bytes} bytes`, async () => {
      const text = 'a line\n'.repeat(Math.ceil(bytes / 7)).slice(0, bytes);
      const folder = makeFolder({ list: text });
      for (const found of [await readFileState(folder.file('list')), readFileStateSync(folder.file('list'))]) {
        assert.equal(found.state === 'read' && Buffer.from(found.bytes).toString(), text);
      }
    });
  }

  it('lies in memory that the system gets back, where the file is large', () => {
    const found = readFileStateSync(makeFolder({ list: 'x'.repeat(3_000_000) }).file('list'));
    assert.equal(found.state === 'read' && found.bytes.buffer.byteLength, 32 << 20);
  });

  it('is unreadable where it is more than one reading may be', async () => {
    const folder = makeFolder({ list: '' });
    fs.truncateSync(folder.file('list'), 2 ** 31);
    assert.equal((await readFileState(folder.file('list'))).state, 'unreadable');
  });
});

describe('readStableSync', () => {
  const read = async (folder: Folder, unchangedFor?: number) =>
    readStableSync({ path: folder.file('list'), ...(await statFile(folder.file('list'))), unchangedFor });
  const textOf = (state: FileState | undefined) => state?.state === 'read' && Buffer.from(state.bytes).toString();

  it('reads the expected file, and no other', async () => {
    const folder = makeFolder({ list: 'one' });
    const { fingerprint, size } = await statFile(folder.file('list'));
    const source = { path: folder.file('list'), fingerprint, size };
    assert.equal(textOf(readStableSync(source)), 'one');
    folder.write('list', 'two!');
    assert.equal(readStableSync(source), undefined);
  });

  for (const [name, state] of [
    ['missing', 'missing'],
    ['folder', 'unreadable'],
  ] as const) {
    it(`says of what it expected that it is ${state}`, async () => {
      const path = makeFolder({ 'folder/x': '' }).file(name);
      assert.equal(readStableSync({ path, ...(await statFile(path)) })?.state, state);
    });
  }

  it('reads a file that nobody writes to for a while', async () => {
    assert.equal(textOf(await read(makeFolder({ list: 'one' }), 10)), 'one');
  });

  it('reads nothing for which there is no such while', async () => {
    assert.equal(await read(makeFolder({ 'list/x': '' }), 10), undefined);
    assert.equal(await read(makeFolder(), 10), undefined);
  });
});

describe('statFile', () => {
  it('differs once the content, the file or what a link leads to is another', async () => {
    const folder = makeFolder({ a: 'one', b: 'one' });
    fs.symlinkSync('a', folder.file('link'));
    const fingerprints = [(await statFile(folder.file('link'))).fingerprint];
    folder.write('a', 'two!');
    fingerprints.push((await statFile(folder.file('link'))).fingerprint);
    folder.remove('link');
    fs.symlinkSync('b', folder.file('link'));
    fingerprints.push((await statFile(folder.file('link'))).fingerprint);
    folder.remove('b');
    fingerprints.push((await statFile(folder.file('link'))).fingerprint);
    assert.equal(new Set(fingerprints).size, 4);
  });

  it('has the size of the file', async () => {
    const folder = makeFolder({ list: 'ten octets' });
    for (const [name, size] of [
      ['list', 10],
      ['missing', 0],
      ['x'.repeat(1000), 0],
    ] as const) {
      assert.equal((await statFile(folder.file(name))).size, size);
    }
  });
});

describe('decodeText', () => {
  it('keeps the BOM for the parser to see, and marks what is not UTF-8', () => {
    assert.equal(decodeText(Buffer.from('\ufeffü')), '\ufeffü');
    assert.equal(decodeText(Uint8Array.of(0x61, 0xfc, 0x62)), 'a\ufffdb');
  });
});

describe('hashOf', () => {
  it('is SHA-256', () => {
    assert.equal(hashOf(Buffer.from('')), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
