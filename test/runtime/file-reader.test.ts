import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import {
  decodeText,
  hashOf,
  readBytes,
  readFileState,
  readFileStateSync,
  sizeIn,
  stampOf,
} from '../../runtime/file-reader';
import { type Folder, makeFolder } from '../helpers/folder';

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
      const found = await readFileState(path, readBytes);
      const atStart = readFileStateSync(path);
      assert.equal(found.state, state);
      assert.equal(atStart.state, state);
      if (found.state === 'unreadable' && says) assert.match(found.reason, says);
      assert.equal(found.stamp, await stampOf(path), 'the stamp by which a change is seen');
      assert.equal(atStart.stamp, found.stamp);
    });
  }
});

describe('what readFileState reads', () => {
  for (const bytes of [0, 1, 65_535, 65_536, 3_000_000]) {
    it(`is the whole file, of ${bytes} bytes`, async () => {
      const text = 'a line\n'.repeat(Math.ceil(bytes / 7)).slice(0, bytes);
      const folder = makeFolder({ list: text });
      for (const found of [
        await readFileState(folder.file('list'), readBytes),
        readFileStateSync(folder.file('list')),
      ]) {
        assert.equal(found.state === 'read' && found.bytes.toString(), text);
      }
    });
  }

  it('lies in memory that the system gets back, where the file is large', async () => {
    const found = await readFileState(makeFolder({ list: 'x'.repeat(3_000_000) }).file('list'), readBytes);
    assert.equal(found.state === 'read' && found.bytes.buffer.byteLength, 32 << 20);
  });

  it('is unreadable where it is more than one reading may be', async () => {
    const folder = makeFolder({ list: '' });
    fs.truncateSync(folder.file('list'), 2 ** 31);
    assert.equal((await readFileState(folder.file('list'), readBytes)).state, 'unreadable');
  });
});

describe('stampOf', () => {
  it('differs once the content, the file or what a link leads to is another', async () => {
    const folder = makeFolder({ a: 'one', b: 'one' });
    fs.symlinkSync('a', folder.file('link'));
    const stamps = [await stampOf(folder.file('link'))];
    folder.write('a', 'two!');
    stamps.push(await stampOf(folder.file('link')));
    folder.remove('link');
    fs.symlinkSync('b', folder.file('link'));
    stamps.push(await stampOf(folder.file('link')));
    folder.remove('b');
    stamps.push(await stampOf(folder.file('link')));
    assert.equal(new Set(stamps).size, 4);
  });

  it('tells how large the file is', async () => {
    const folder = makeFolder({ list: 'ten octets' });
    assert.equal(sizeIn(await stampOf(folder.file('list'))), 10);
    assert.equal(sizeIn(await stampOf(folder.file('missing'))), 0);
    assert.equal(sizeIn(await stampOf(folder.file('x'.repeat(1000)))), 0);
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
