/** Compiled maps, by content first and by name where the content is no text: which they are, and what prints their source. */

export type MapFormat = 'hash' | 'btree' | 'dbm' | 'lmdb' | 'cdb';

const berkeleyHash = 0x00061561;
const berkeleyBtree = 0x00053162;
const lmdbMagic = 0xbeefc0de;
const gdbmMagic = 0x13579ace;

/** What kind of compiled map the bytes are, or `undefined` for anything else. */
export function mapFormat(name: string, bytes: Buffer): MapFormat | undefined {
  // Berkeley DB has its magic behind an LSN and a page number; 1.85 began with it. Either byte order.
  for (const offset of [12, 0]) {
    for (const value of wordsAt(bytes, offset)) {
      if (value === berkeleyHash) return 'hash';
      if (value === berkeleyBtree) return 'btree';
      if (value === gdbmMagic) return 'dbm';
    }
  }
  if (wordsAt(bytes, 16).includes(lmdbMagic)) return 'lmdb';
  if (looksLikeCdb(bytes)) return 'cdb';
  if (!bytes.includes(0) && bytes.length > 0) return undefined;
  const extension = /\.(db|lmdb|cdb|dir|pag)$/.exec(name)?.[1];
  if (extension === 'db') return 'hash';
  if (extension === 'lmdb' || extension === 'cdb') return extension;
  return extension ? 'dbm' : undefined;
}

function wordsAt(bytes: Buffer, offset: number): number[] {
  return bytes.length < offset + 4 ? [] : [bytes.readUInt32LE(offset), bytes.readUInt32BE(offset)];
}

/** cdb has no magic: 256 pairs of table position and length, which must lie behind them and within the file. */
function looksLikeCdb(bytes: Buffer): boolean {
  if (bytes.length < 2048) return false;
  for (let i = 0; i < 256; i++) {
    const position = bytes.readUInt32LE(i * 8);
    const slots = bytes.readUInt32LE(i * 8 + 4);
    if (position < 2048 || position + slots * 8 > bytes.length) return false;
  }
  return true;
}

/** The commands that print a map's source; two where the server that made it is unknown. */
export function commandsToPrint(path: string, format: MapFormat, server?: 'sendmail' | 'postfix'): string[] {
  const quoted = (text: string) => (/^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
  const bare = path.replace(/\.(?:db|lmdb|cdb|dir|pag)$/, '');
  const postmap = `postmap -s ${quoted(`${format}:${bare}`)}`;
  if (format === 'lmdb') return [postmap];
  if (format === 'cdb') return [server === 'postfix' ? postmap : `cdb -d -m ${quoted(path)}`];
  const makemap = `makemap -u ${format} ${quoted(path)}`;
  if (server === 'postfix' || (!server && /(?:^|\/)postfix(?:\/|$)/.test(path))) return [postmap];
  if (server === 'sendmail' || /(?:^|\/)(?:mail|sendmail[^/]*)\//.test(path)) return [makemap];
  return [makemap, postmap];
}
