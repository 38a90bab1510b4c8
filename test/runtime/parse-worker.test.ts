import assert from 'node:assert/strict';
import { memoryFor } from '../../core';
import { type Parsed, parseList } from '../../runtime/parse-worker';

const text = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}\n`).join('');

function parsed(bytes: Buffer): Promise<Parsed> | Parsed {
  return parseList({ name: 'local_ip', file: 'localip', bytes });
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
});
