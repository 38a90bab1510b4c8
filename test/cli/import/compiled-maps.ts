/** Compiled maps as bytes: what identifies each format, and nothing more of it. */
import type { MapFormat } from '../../../src/cli/import/sources/sendmail/compiled-map';

interface CompiledMap {
  readonly name: string;
  readonly file: string;
  readonly bytes: Buffer;
  readonly format: MapFormat;
}

function withWord(offset: number, value: number, bigEndian = false): Buffer {
  const bytes = Buffer.alloc(4096);
  if (bigEndian) bytes.writeUInt32BE(value, offset);
  else bytes.writeUInt32LE(value, offset);
  return bytes;
}

/** An empty cdb: 256 tables of no slots behind the header. */
function emptyCdb(): Buffer {
  const bytes = Buffer.alloc(2048);
  for (let i = 0; i < 256; i++) bytes.writeUInt32LE(2048, i * 8);
  return bytes;
}

export const compiledMaps: readonly CompiledMap[] = [
  { name: 'a Berkeley DB hash', file: 'access.db', bytes: withWord(12, 0x061561), format: 'hash' },
  {
    name: 'a Berkeley DB hash of the other byte order',
    file: 'access',
    bytes: withWord(12, 0x061561, true),
    format: 'hash',
  },
  { name: 'a Berkeley DB hash of version 1.85', file: 'access', bytes: withWord(0, 0x061561, true), format: 'hash' },
  { name: 'a Berkeley DB btree', file: 'access.db', bytes: withWord(12, 0x053162), format: 'btree' },
  { name: 'an LMDB file', file: 'access', bytes: withWord(16, 0xbeefc0de), format: 'lmdb' },
  { name: 'a cdb file', file: 'access', bytes: emptyCdb(), format: 'cdb' },
  { name: 'a gdbm file', file: 'access.pag', bytes: withWord(0, 0x13579ace), format: 'dbm' },
];
