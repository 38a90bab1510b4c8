/**
 * Reads the list that a key of Redis holds: a set of entries, a hash of keys and values for the map, or the text of a
 * list file as a string. What is read is what the key held at one moment.
 */

/** Sends one command and resolves with its answer. What is not UTF-8 in it comes as U+FFFD. */
export type Ask = (command: readonly string[]) => Promise<unknown>;

export type KeyContent =
  | { readonly state: 'missing' }
  | { readonly state: 'wrong-type'; readonly type: string }
  /** `unordered`: one entry a line, as they came; `sortLines` gives them the order that counts. */
  | { readonly state: 'read'; readonly bytes: Buffer; readonly unordered: boolean };

/** Members asked for at a time: few enough for the server and for us to serve others meanwhile. */
const slice = 1000;
/** More than any set has: all of it in one answer. */
const everything = 100_000_000;

/** Rejects where the server does not answer, or not as it should. */
export async function readKey(ask: Ask, key: string, mayBeHash: boolean): Promise<KeyContent> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readTyped(ask, key, mayBeHash);
    } catch (error) {
      // The key became another type between two commands.
      if (attempt === 3 || !(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw error;
    }
  }
}

async function readTyped(ask: Ask, key: string, mayBeHash: boolean): Promise<KeyContent> {
  const type = String(await ask(['TYPE', key]));
  if (type === 'none') return { state: 'missing' };
  if (type === 'string') {
    const text = await ask(['GET', key]);
    return text === null ? { state: 'missing' } : { state: 'read', bytes: Buffer.from(String(text)), unordered: false };
  }
  if (type !== 'set' && !(type === 'hash' && mayBeHash)) return { state: 'wrong-type', type };
  const chunks = await scan(ask, type === 'set' ? 'SSCAN' : 'HSCAN', key);
  const bytes = Buffer.concat(chunks);
  // Redis keeps no empty set: it went away between the two commands.
  return bytes.length === 0 ? { state: 'missing' } : { state: 'read', bytes, unordered: true };
}

type Scan = 'SSCAN' | 'HSCAN';

/**
 * A scan in slices mixes what was there before with what is there now where the key changes meanwhile, and may take a
 * network from one and miss its exclusion in the other. So a key that changed while it was scanned is read in one go,
 * which holds up the server for longer.
 */
async function scan(ask: Ask, command: Scan, key: string): Promise<Buffer[]> {
  const first = await scanFrom(ask, command, key, '0', slice);
  if (first.next === '0') return [first.lines];
  await ask(['WATCH', key]);
  const chunks: Buffer[] = [];
  let next = '0';
  do {
    const part = await scanFrom(ask, command, key, next, slice);
    chunks.push(part.lines);
    next = part.next;
  } while (next !== '0');
  // Both at once: whatever else is asked on this connection must not come between them.
  const [, unchanged] = await Promise.all([ask(['MULTI']), ask(['EXEC'])]);
  if (unchanged !== null) return chunks;
  const whole = await scanFrom(ask, command, key, '0', everything);
  if (whole.next !== '0') throw new Error(`${command} ${key} gave less than all of it`);
  return [whole.lines];
}

async function scanFrom(ask: Ask, command: Scan, key: string, from: string, count: number) {
  const [next, items] = (await ask([command, key, from, 'COUNT', String(count)])) as [unknown, unknown[]];
  const chunks: Buffer[] = [];
  for (let i = 0; i < items.length; i += slice) {
    if (i > 0) await new Promise(setImmediate);
    chunks.push(linesOf(items.slice(i, i + slice), command === 'SSCAN' ? 1 : 2));
  }
  return { next: String(next), lines: Buffer.concat(chunks) };
}

/** Each entry as a line of its own; `each` items make an entry, with a tab between them. */
function linesOf(items: readonly unknown[], each: 1 | 2): Buffer {
  // An entry with a line break inside must not pass for two: the line separator stands in for it, which no line may hold.
  const lines = items.map(
    (item, i) => `${String(item).replaceAll('\n', '\u2028')}${(i + 1) % each === 0 ? '\n' : '\t'}`,
  );
  return Buffer.from(lines.join(''));
}
